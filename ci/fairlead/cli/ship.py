"""``fairlead ship``: all of it, from the commit to the release that serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead import report
from fairlead.cli.options.rollout import rollout_options
from fairlead.cli.options.shared import access_options, environment_option, examples, work_dir_option

if TYPE_CHECKING:
    from fairlead.remote.access import AccessOptions
    from fairlead.rollout.options import RolloutOptions


@click.command(
    epilog=examples(
        ("fairlead ship -e production", "validate, build, scan, publish, deploy"),
        ("fairlead ship --offline", "with the vulnerability database as it is"),
    )
)
@environment_option
@work_dir_option
@access_options
@rollout_options
@click.option(
    "--offline",
    is_flag=True,
    envvar="FAIRLEAD_OFFLINE",
    show_envvar=True,
    help="Do not fetch a newer vulnerability database.",
)
def command(environment: str | None, access: AccessOptions, options: RolloutOptions, offline: bool) -> None:
    """Take this commit to production: validate, build, scan, publish, deploy, with one timeline at the end.

    The first step that fails ends it, with that step's exit code; what serves goes on serving.
    """
    from fairlead.rollout.pipeline import run_ship
    from fairlead.rollout.place import find_place

    place = find_place(environment, access, options.registry)
    run_ship(place, options, report.current(), offline=offline)
