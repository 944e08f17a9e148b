"""``fairlead doctor``: what this machine and this repository lack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from fairlead import report
from fairlead.cli.options.shared import environment_option, examples

if TYPE_CHECKING:
    from pathlib import Path

    from fairlead.doctor.check import Check
    from fairlead.remote.access import AccessOptions


@click.command(
    epilog=examples(
        ("fairlead doctor", "this machine, this repository, every server of it"),
        ("fairlead doctor -e production", "of the servers only those of one environment"),
        ("fairlead doctor --offline", "nothing beyond this machine"),
    )
)
@environment_option
@click.option("--offline", is_flag=True, help="Ask neither the registry nor a server.")
@click.option(
    "--known-hosts",
    type=click.Path(dir_okay=False),
    envvar="FAIRLEAD_KNOWN_HOSTS",
    show_envvar=True,
    help="The servers' host keys.",
)
@click.option(
    "--identity",
    type=click.Path(dir_okay=False),
    envvar="FAIRLEAD_SSH_IDENTITY",
    show_envvar=True,
    help="The private key to log in with.",
)
def command(environment: str | None, offline: bool, known_hosts: str | None, identity: str | None) -> None:
    """Check this machine and this repository, and say what to do about each thing that is not ready.

    Nothing is changed. The exit code is 0 when a deploy can be tried; 3 when a tool is missing,
    2 when the repository or its fairlead.yaml does not hold, 4 when an engine, a registry or a server does not answer.
    """
    from pathlib import Path

    from fairlead.doctor.check import checks_document, plan_error, render_rows, render_verdict
    from fairlead.remote.access import AccessOptions

    reporter = report.current()
    options = AccessOptions(Path(known_hosts) if known_hosts else None, Path(identity) if identity else None)
    checks = []
    with reporter.step("look at machine and repository"):
        for check in _checks(Path.cwd(), environment, options, offline=offline):
            reporter.progress(f"{check.name}: {check.found}")
            checks.append(check)
    reporter.table(("", "check", "found"), render_rows(checks))
    reporter.result(checks_document(checks), render_verdict(checks))
    error = plan_error(checks)
    if error is not None:
        raise error


def _checks(folder: Path, name: str | None, options: AccessOptions, *, offline: bool) -> Iterator[Check]:
    """All checks, from the machine outwards; what has no ground to stand on is left out."""
    import os

    from fairlead.doctor.check import failed_check
    from fairlead.doctor.machine import check_engine, check_tools
    from fairlead.doctor.project import check_commit, check_host, check_registry, check_settings
    from fairlead.errors import FairleadError

    yield from check_tools(os.environ)
    found, settings = check_settings(folder, os.environ)
    yield from check_engine(settings.platforms if settings else ())
    yield check_commit(folder, os.environ)
    yield found
    if settings is None or offline:
        return
    yield from check_registry(settings, os.environ)
    try:
        environments = [settings.environment(name)] if name else list(settings.environments.values())
    except FairleadError as error:
        yield failed_check("environment", error)
        return
    for environment in environments:
        yield from check_host(environment, options, os.environ)
