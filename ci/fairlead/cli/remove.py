"""``fairlead remove``: take an app off its server."""

from __future__ import annotations

import getpass
import os
import socket
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fairlead import report
from fairlead.cli.connection import access_of, access_options, find_place, open_line, show_event
from fairlead.cli.options import environment_option, examples
from fairlead.errors import InputError

if TYPE_CHECKING:
    from fairlead.cli.connection import Place

REMOVE_SCHEMA = "fairlead.remove/v1"


@click.command(
    epilog=examples(
        ("fairlead remove -e preview", "everything but the volumes"),
        ("fairlead remove -e preview --volumes --yes", "the data too, without being asked"),
    )
)
@environment_option
@access_options
@click.option("--volumes", is_flag=True, help="Delete the app's volumes too: its data.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(
    environment: str | None, known_hosts: Path | None, identity: Path | None, volumes: bool, yes: bool
) -> None:
    """Take an app off its server: containers, networks, releases, images, secrets and history.

    Its volumes stay unless --volumes says otherwise. Behind the edge, its hostnames are unknown at once, and the
    other apps of the host notice nothing; with the last app goes the edge. Should the server die meanwhile, the
    next command finishes the removal.
    """
    from fairlead.release.bundle import plan_created_by
    from fairlead.remote.attach import run_remote_task
    from fairlead.remote.outcome import answer_of

    place = find_place(environment)
    if not yes:
        _confirm(place, volumes=volumes)
    reporter = report.current()
    by = plan_created_by(os.environ, getpass.getuser(), socket.gethostname())
    request = {"request": "remove", "app": place.app, "volumes": volumes, "by": by}
    with open_line(place, access_of(known_hosts, identity)) as line:
        with reporter.step(f"connect to {place.host}"):
            session = line.connect()
        with session:
            result = run_remote_task(session, line.connect, request, (), partial(show_event, reporter))
    told = answer_of(result)
    document = {"schema": REMOVE_SCHEMA, "app": place.app, "host": place.host, **told}
    kept = ", ".join(told["volumes_kept"])
    rest = f"; its volumes stay: {kept}" if kept else ""
    reporter.result(document, f"{place.app} is removed from {place.host}{rest}")


def _confirm(place: Place, *, volumes: bool) -> None:
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
