"""``fairlead diff``: what runs against what the repository says."""

from __future__ import annotations

from pathlib import Path

import click

from fairlead import report
from fairlead.cli.connection import access_of, access_options
from fairlead.cli.options import environment_option, examples, secrets_dir_option, work_dir_option
from fairlead.cli.rollout_options import registry_option
from fairlead.errors import ExitCode


@click.command(
    epilog=examples(
        ("fairlead diff -e production", "is what runs what this commit says?"),
        ("fairlead --json diff", "the same for a machine, such as a nightly job"),
    )
)
@environment_option
@work_dir_option
@access_options
@secrets_dir_option
@registry_option
@click.pass_context
def command(
    ctx: click.Context,
    environment: str | None,
    work_dir: str,
    known_hosts: Path | None,
    identity: Path | None,
    secrets_dir: Path | None,
    registry: str | None,
) -> None:
    """Show how what runs differs from what this commit and its configuration say; exit code 4 if it does.

    Commit, images, definitions, files, values of secrets and the containers themselves are compared, by the plan that
    a deploy would have: what it would touch has drifted. It needs what a deploy needs, published images and secrets
    included, and changes nothing.
    """
    from fairlead.cli.rollout import find_drifts
    from fairlead.cli.rollout_options import RolloutOptions
    from fairlead.release.drift import SCHEMA

    reporter = report.current()
    options = RolloutOptions(Path(work_dir), secrets_dir=secrets_dir, registry=registry)
    place, drifts = find_drifts(environment, access_of(known_hosts, identity), options, reporter)
    rows = [(one.host, reason) for one in drifts for reason in one.reasons]
    if rows:
        reporter.table(("HOST", "DIFFERS"), rows)
    document = {
        "schema": SCHEMA,
        "app": place.app,
        "environment": place.environment.name,
        "same": not rows,
        "hosts": [one.to_json() for one in drifts],
    }
    apart = ", ".join(one.host for one in drifts if one.reasons)
    text = (
        f"{place.app} on {apart} is not what this commit says"
        if rows
        else f"{place.app} is what this commit says"
    )
    reporter.result(document, text)
    if rows:
        ctx.exit(int(ExitCode.COMMAND_FAILED))
