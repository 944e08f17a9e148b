"""``fairlead remove``: take an app off its server."""

from __future__ import annotations

import contextlib
import getpass
import os
import socket
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fairlead import report
from fairlead.cli.connection import (
    access_of,
    access_options,
    find_place,
    host_option,
    open_lines,
    show_event,
)
from fairlead.cli.options import environment_option, examples
from fairlead.errors import InputError

if TYPE_CHECKING:
    from fairlead.cli.connection import Place
    from fairlead.host.wire.replies import RemoveAnswer
    from fairlead.remote.access import AccessOptions

REMOVE_SCHEMA = "fairlead.remove/v1"


@click.command(
    epilog=examples(
        ("fairlead remove -e preview", "everything but the volumes"),
        ("fairlead remove -e preview --volumes --yes", "the data too, without being asked"),
    )
)
@environment_option
@access_options
@host_option
@click.option("--volumes", is_flag=True, help="Delete the app's volumes too: its data.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(
    environment: str | None,
    known_hosts: Path | None,
    identity: Path | None,
    host: str | None,
    volumes: bool,
    yes: bool,
) -> None:
    """Take an app off its server: containers, networks, releases, images, secrets and history.

    Its volumes stay unless --volumes says otherwise. Behind the edge, its hostnames are unknown at once, and the
    other apps of the host notice nothing; with the last app goes the edge. Should the server die meanwhile, the
    next command finishes the removal.
    """
    place, access = find_place(environment).only(host), access_of(known_hosts, identity)
    if not yes:
        confirm_removal(place, volumes=volumes)
    remove_app(place, access, volumes=volumes)


def remove_app(place: Place, access: AccessOptions, *, volumes: bool) -> None:
    """Remove the app from the servers of the place, one after the other, and tell the result.

    Raises:
        FairleadError: from one of them it could not be removed; the others after it were not asked.
    """
    from fairlead.release.bundle import plan_created_by

    reporter = report.current()
    by = plan_created_by(os.environ, getpass.getuser(), socket.gethostname())
    answers: dict[str, RemoveAnswer] = {}
    several = len(place.hosts) > 1
    with open_lines(place, access) as lines:
        for host in place.hosts:
            show = partial(show_event, reporter, host=host if several else "")
            with contextlib.ExitStack() as stack:
                with reporter.step(f"connect to {host}"):
                    server = stack.enter_context(lines[host].server())
                answers[host] = server.remove_app(show, volumes=volumes, by=by)
    hosts = [{"host": host, **one.document} for host, one in answers.items()]
    document = {"schema": REMOVE_SCHEMA, "app": place.app, **hosts[0], "host": place.host, "hosts": hosts}
    kept = sorted({volume for one in answers.values() for volume in one.volumes_kept})
    rest = f"; its volumes stay: {', '.join(kept)}" if kept else ""
    folders = sorted({folder for one in answers.values() for folder in one.data_kept})
    rest += f"; its folders stay: {', '.join(folders)}" if folders else ""
    reporter.result(document, f"{place.app} is removed from {place.host}{rest}")


def confirm_removal(place: Place, *, volumes: bool) -> None:
    """Ask before anything is lost.

    Raises:
        InputError: there is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise InputError(
            f"{place.app} is not removed from {place.host} without being asked for",
            why="there is nobody at a terminal to ask",
            fix="say --yes",
        )
    lost = (
        "its releases, secrets, history and all its data" if volumes else "its releases, secrets and history"
    )
    click.confirm(f"Remove {place.app} from {place.host}, with {lost}?", abort=True, err=True)
