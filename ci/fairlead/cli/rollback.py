"""``fairlead rollback``: go back to an earlier release."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fairlead import report
from fairlead.cli.connection import (
    Place,
    access_of,
    access_options,
    ask_each,
    find_place,
    first_question,
    open_lines,
)
from fairlead.cli.options import environment_option, examples, no_wait_option, work_dir_option

if TYPE_CHECKING:
    from fairlead.host.wire.changes import RollbackCall
    from fairlead.remote.access import AccessOptions


@click.command(
    epilog=examples(
        ("fairlead rollback -e production", "to the release before the one that serves"),
        ("fairlead rollback --to 000041", "to this one; `fairlead history` lists them"),
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
@click.option("--dry-run", is_flag=True, help="Show the plan and change nothing.")
def command(
    environment: str | None,
    work_dir: str,
    known_hosts: Path | None,
    identity: Path | None,
    to: str | None,
    accept_schema: str,
    no_wait: bool,
    dry_run: bool,
) -> None:
    """Go back to an earlier release: its images and its configuration, as they were.

    The databases stay as they are. The server has the same command for when this machine or the network is
    gone: /srv/fairlead/<app>/fairlead rollback.
    """
    place, access = find_place(environment), access_of(known_hosts, identity)
    from fairlead.host.wire.changes import RollbackCall
    from fairlead.host.wire.request import Options

    lock_timeout = place.settings.deploy.lock_timeout
    options = Options(accept_schema=accept_schema, no_wait=no_wait, lock_timeout=lock_timeout)
    if dry_run:
        _show_plan(place, access, RollbackCall(to, options))
    else:
        from fairlead.image.workdir import claim_work_dir

        folder = claim_work_dir(place.settings.root, work_dir)
        _roll_back(place, access, folder, RollbackCall(to, options))


def _roll_back(place: Place, access: AccessOptions, work_dir: Path, change: RollbackCall) -> None:
    reporter = report.current()
    with open_lines(place, access) as lines, lines.ask_ahead(first_question(place)) as aheads:
        # Loaded and found out while ssh connects: who goes back is in a hurry.
        import getpass
        import os
        import socket

        from fairlead.cli.rollout import finish_rollout, login_blobs
        from fairlead.cli.rollout_options import RolloutOptions
        from fairlead.cli.together import connect_all, run_alike
        from fairlead.release.bundle import plan_created_by
        from fairlead.release.together import plan_target

        by = plan_created_by(os.environ, getpass.getuser(), socket.gethostname())
        # A pruned image is pulled again: the login for our own registry goes along.
        own = [f"{place.settings.registry}/image"] if place.settings.registry else []
        blobs = login_blobs(place, own)
        servers, states = connect_all(place, aheads, reporter)
        change = replace(change, to=plan_target(states, change.to), by=by)
        result = run_alike(place, servers, states, change, blobs, reporter)
    finish_rollout(place, result, reporter, RolloutOptions(work_dir), lines)


def _show_plan(place: Place, access: AccessOptions, change: RollbackCall) -> None:
    from fairlead.cli.together import show_plans
    from fairlead.release.together import plan_target

    if len(place.hosts) > 1:
        states = ask_each(place, access, lambda server: server.state())
        change = replace(change, to=plan_target(states, change.to))
    show_plans(ask_each(place, access, lambda server: server.plan(change)), report.current())
