"""``fairlead rollback``: go back to an earlier release."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fairlead import report
from fairlead.cli.connection import Place, access_of, access_options, ask, find_place, open_line, show_event
from fairlead.cli.options import environment_option, examples, work_dir_option

if TYPE_CHECKING:
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
@click.option(
    "--no-wait",
    is_flag=True,
    envvar="FAIRLEAD_NO_WAIT",
    show_envvar=True,
    help="Fail with 5 when another deploy is under way.",
)
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
    options = {
        "accept_schema": accept_schema,
        "no_wait": no_wait,
        "lock_timeout": place.settings.deploy.lock_timeout,
    }
    if dry_run:
        _show_plan(place, access, {"to": to, "options": options})
    else:
        _roll_back(place, access, Path(work_dir), {"to": to, "options": options})


def _roll_back(place: Place, access: AccessOptions, work_dir: Path, wishes: Mapping[str, Any]) -> None:
    import getpass
    import os
    import socket

    from fairlead.cli.rollout import RolloutOptions, finish_rollout, login_blobs
    from fairlead.release.bundle import plan_created_by
    from fairlead.remote.attach import run_remote_task

    reporter = report.current()
    request = {
        "request": "rollback",
        "app": place.app,
        **wishes,
        "by": plan_created_by(os.environ, getpass.getuser(), socket.gethostname()),
    }
    # A pruned image is pulled again: the login for our own registry goes along.
    own = [f"{place.settings.registry}/image"] if place.settings.registry else []
    with open_line(place, access) as line:
        with reporter.step(f"connect to {place.host}"):
            session = line.connect()
        with session:
            result = run_remote_task(
                session, line.connect, request, login_blobs(place, own), partial(show_event, reporter)
            )
    finish_rollout(place, result, reporter, RolloutOptions(work_dir), line)


def _show_plan(place: Place, access: AccessOptions, wishes: Mapping[str, Any]) -> None:
    from fairlead.release.plan_text import HEADERS, plan_lines, plan_rows, plan_sentence

    plan = ask(place, access, {"request": "plan", **wishes})
    reporter = report.current()
    reporter.table(HEADERS, plan_rows(plan))
    for text in plan_lines(plan):
        reporter.line(text)
    reporter.result({**plan, "host": place.host}, plan_sentence(plan, place.host))
