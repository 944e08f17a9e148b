"""``fairlead diff``: what runs against what the repository says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fairlead import report
from fairlead.cli.options.rollout import registry_option
from fairlead.cli.options.shared import (
    access_options,
    environment_option,
    examples,
    secrets_dir_option,
    work_dir_option,
)
from fairlead.errors import ExitCode
from fairlead.rollout.place import find_place

if TYPE_CHECKING:
    from fairlead.remote.access import AccessOptions


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
    access: AccessOptions,
    secrets_dir: Path | None,
    registry: str | None,
) -> None:
    """Show how what runs differs from what this commit and its configuration say; exit code 4 if it does.

    Commit, images, definitions, files, values of secrets and the containers themselves are compared, by the plan that
    a deploy would have: what it would touch has drifted. It needs what a deploy needs, published images and secrets
    included, and changes nothing.
    """
    from fairlead.release.drift import SCHEMA
    from fairlead.rollout.options import RolloutOptions
    from fairlead.rollout.run import find_drifts

    reporter = report.current()
    options = RolloutOptions(Path(work_dir), secrets_dir=secrets_dir, registry=registry)
    place = find_place(environment, access, registry)
    drifts = find_drifts(place, options, reporter)
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
