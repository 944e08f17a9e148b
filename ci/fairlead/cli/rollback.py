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
    from fairlead.rollout.place import Place


@click.command(
    epilog=examples(
        ("fairlead rollback -e production", "to the release before the one that serves"),
        ("fairlead rollback --list", "what can be gone back to"),
        ("fairlead rollback --to 000041", "to this one; --to 41 is the same"),
        ("fairlead rollback --to=-2", "two releases before the one that serves"),
        ("fairlead rollback --to v1.4.2", "to the commit of this tag; or a commit, or an image's digest"),
        ("fairlead rollback --reason 'pages are slow'", "for who reads `fairlead history`"),
        ("fairlead rollback --dry-run", "what it would do"),
    )
)
@environment_option
@work_dir_option
@access_options
@click.option(
    "--to",
    metavar="RELEASE",
    envvar="FAIRLEAD_TO",
    show_envvar=True,
    help="The release to go back to: an id, previous, -2, a commit, a tag, a digest. [default: previous]",
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
@click.option(
    "--list",
    "only_list",
    is_flag=True,
    envvar="FAIRLEAD_LIST",
    show_envvar=True,
    help="List the releases that can be gone back to, and change nothing.",
)
@click.option("--dry-run", is_flag=True, help="Show the plan and change nothing.")
def command(
    environment: str | None,
    work_dir: str,
    access: AccessOptions,
    to: str | None,
    accept_schema: str,
    no_wait: bool,
    reason: str,
    only_list: bool,
    dry_run: bool,
) -> None:
    """Go back to an earlier release: its images and its configuration, as they were.

    The databases stay as they are. The server has the same command for when this machine or the network is
    gone: /srv/fairlead/<app>/fairlead rollback.
    """
    place = find_place(environment, access)
    if only_list:
        _show_releases(place)
        return
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


def _show_releases(place: Place) -> None:
    """What each server can go back to, the newest first."""
    from fairlead.release.target import release_rows
    from fairlead.rollout.back import read_releases

    reporter, fields = report.current(), ("id", "revision", "by", "mark")
    found = {host: release_rows(state) for host, state in read_releases(place).items()}
    if any(found.values()):
        host_column = ("HOST",) if place.has_several else ()
        rows = [(*((host,) if host_column else ()), *row) for host, own in found.items() for row in own]
        reporter.table((*host_column, "RELEASE", "COMMIT", "BY", ""), rows)
    hosts = [
        {"host": host, "releases": [dict(zip(fields, row, strict=True)) for row in own]}
        for host, own in found.items()
    ]
    document = {"schema": "fairlead.releases/v1", "app": place.app, "hosts": hosts}
    reporter.result(
        document, "" if any(found.values()) else f"no release of {place.app} is there to go back to"
    )
