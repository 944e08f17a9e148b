"""``fairlead remove``: take an app off its server."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from fairlead import report
from fairlead.cli.options.shared import access_options, environment_option, examples, host_option
from fairlead.errors import InputError
from fairlead.rollout.place import find_place

if TYPE_CHECKING:
    from fairlead.remote.access import AccessOptions
    from fairlead.rollout.place import Place


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
    access: AccessOptions,
    host: str | None,
    volumes: bool,
    yes: bool,
) -> None:
    """Take an app off its server: containers, networks, releases, images, secrets and history.

    Its volumes stay unless --volumes says otherwise. Behind the edge, its hostnames are unknown at once, and the
    other apps of the host notice nothing; with the last app goes the edge. Should the server die meanwhile, the
    next command finishes the removal.
    """
    place = find_place(environment, access).only(host)
    if not yes:
        confirm_removal(place, volumes=volumes)
    from fairlead.rollout.removal import remove_app

    remove_app(place, report.current(), volumes=volumes)


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
