"""``fairlead rollback``: go back to an earlier release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead import report
from fairlead.cli.options.shared import (
    access_options,
    environment_option,
    examples,
    no_wait_option,
    reason_option,
    work_dir_option,
)
from fairlead.rollout.place import find_place

if TYPE_CHECKING:
    from fairlead.remote.access import AccessOptions


@click.command(
    epilog=examples(
        ("fairlead rollback -e production", "to the release before the one that serves"),
        ("fairlead rollback --to 000041", "to this one; `fairlead history` lists them"),
        ("fairlead rollback --reason 'pages are slow'", "for who reads `fairlead history`"),
        ("fairlead rollback --dry-run", "what it would do"),
    )
)
@environment_option
@work_dir_option
@access_options
@click.option(
    "--to",
    metavar="ID",
    envvar="FAIRLEAD_TO",
    show_envvar=True,
    help="The release to go back to. [default: the one before]",
)
@click.option(
    "--accept-schema",
    metavar="ID",
    default="",
    envvar="FAIRLEAD_ACCEPT_SCHEMA",
    show_envvar=True,
    help="Go back over an irreversible migration: the release whose schema the older one is to live with.",
)
@no_wait_option
@reason_option
@click.option("--dry-run", is_flag=True, help="Show the plan and change nothing.")
def command(
    environment: str | None,
    work_dir: str,
    access: AccessOptions,
    to: str | None,
    accept_schema: str,
    no_wait: bool,
    reason: str,
    dry_run: bool,
) -> None:
    """Go back to an earlier release: its images and its configuration, as they were.

    The databases stay as they are. The server has the same command for when this machine or the network is
    gone: /srv/fairlead/<app>/fairlead rollback.
    """
    place = find_place(environment, access)
    from fairlead.host.wire.changes import RollbackCall
    from fairlead.host.wire.request import Options

    lock_timeout = place.settings.deploy.lock_timeout
    options = Options(accept_schema=accept_schema, no_wait=no_wait, lock_timeout=lock_timeout, reason=reason)
    change, reporter = RollbackCall(to, options), report.current()
    if dry_run:
        from fairlead.rollout.back import plan_rollback
        from fairlead.rollout.show import show_plans

        show_plans(plan_rollback(place, change), reporter)
    else:
        from fairlead.image.workdir import claim_work_dir
        from fairlead.rollout.back import run_rollback

        run_rollback(place, change, claim_work_dir(place.settings.root, work_dir), reporter)
