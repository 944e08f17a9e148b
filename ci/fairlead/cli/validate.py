"""``fairlead validate``: fairlead.yaml and the compose files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fairlead.cli.options import environment_option, examples

if TYPE_CHECKING:
    from fairlead.compose.check import Checked


@click.command(
    epilog=examples(
        ("fairlead validate", "every environment of fairlead.yaml"),
        ("fairlead validate -e production", "one of them"),
        ("fairlead --json validate", "roles and ports of all services, for a machine"),
    )
)
@environment_option
def command(environment: str | None) -> None:
    """Check fairlead.yaml and the compose files, and show what each service is taken for.

    All faults are shown, each with file, line and column. Exit code 2: fairlead.yaml; 11: a compose file.
    """
    import os
    from pathlib import Path

    from fairlead import report
    from fairlead.compose.check import check_environments
    from fairlead.settings import Environment, load_settings

    reporter = report.current()
    settings = load_settings(Path.cwd(), os.environ)
    # Without any environment, the files are checked with no variables.
    every = tuple(settings.environments.values()) or (Environment(name="", hosts=()),)
    environments = every if environment is None else (settings.environment(environment),)
    checked = check_environments(settings, environments)
    for note in dict.fromkeys(note for one in checked for note in one.notes):
        reporter.warn(f"{note.what}{f' ({note.fix})' if note.fix else ''}", note.location)
    if checked:
        reporter.table(("service", "role", "port", "why"), _rows(checked[0]))
    document = {
        "schema": "fairlead.validate/v1",
        "app": settings.app,
        "environments": [_environment(one) for one in checked],
    }
    count = len(checked[0].app.services)
    reporter.result(document, f"{settings.document.path} and the compose files hold: {count} services")


def _rows(checked: Checked) -> list[tuple[str, str, str, str]]:
    return [
        (service.name, service.role, str(service.port or ""), service.why)
        for service in checked.app.services.values()
    ]


def _environment(checked: Checked) -> dict[str, Any]:
    return {
        "name": checked.app.environment.name,
        "services": {
            service.name: {
                "role": service.role,
                "why": service.why,
                "rollout": service.rollout,
                "port": service.port,
                "gate": service.gate,
                "image": service.image or None,
            }
            for service in checked.app.services.values()
        },
        "notes": [
            {
                "what": note.what,
                "at": str(note.location) if note.location else None,
                "fix": note.fix,
                "rule": note.rule,
            }
            for note in checked.notes
        ],
    }
