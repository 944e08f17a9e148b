"""``fairlead host drain``, ``undrain`` and ``remove``: take a server out of service, let it in again, leave it clean."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

from fairlead import report
from fairlead.cli.options.durations import DURATION
from fairlead.cli.options.shared import access_options, environment_option, examples
from fairlead.errors import CommandFailedError
from fairlead.rollout.place import find_place

if TYPE_CHECKING:
    from fairlead.host.wire.replies import DrainAnswer
    from fairlead.remote.access import AccessOptions
    from fairlead.rollout.ahead import Question
    from fairlead.rollout.place import Place

_Answer = TypeVar("_Answer")

_timeout = click.option(
    "--timeout",
    metavar="DURATION",
    type=DURATION,
    default="60s",
    show_default=True,
    help="How long to wait until nobody sends requests any more.",
)
_paths = click.option(
    "--path",
    "paths",
    metavar="PATH",
    multiple=True,
    help="What the load balancer asks. Repeatable. [default: the health paths and probes of the release, but for /]",
)


@click.command(
    epilog=examples(
        (
            "fairlead host drain app2.example.com",
            "its health path answers 503; wait until the load balancer has noticed",
        ),
        (
            "fairlead host drain app2.example.com --path /healthz",
            "where the load balancer asks something else",
        ),
    )
)
@environment_option
@access_options
@click.argument("host")
@_paths
@_timeout
def drain(
    environment: str | None,
    access: AccessOptions,
    host: str,
    paths: tuple[str, ...],
    timeout: float,
) -> None:
    """Take a host out of the load balancer: its health path answers 503, and everything else as before.

    Ends when no request came for three seconds. The host stays a part of the environment: deploys go on reaching it,
    so that it is up to date when it is let in again. Behind DNS alone, take its address out there first.
    """
    place = find_place(environment, access).only(host)
    answer = _drain(place, paths, timeout)
    reporter = report.current()
    if not answer.quiet:
        reporter.warn(_still(answer, timeout))
    if answer.streams:
        reporter.warn(f"{answer.streams} streams are still open: they end when one of their ends wants it")
    document = {"schema": "fairlead.host-drain/v1", "host": place.host, "drained": True, **answer.document}
    reporter.result(document, f"{place.host} is drained: {', '.join(answer.paths)} answers 503")


@click.command(epilog=examples(("fairlead host undrain app2.example.com", "its health path answers again")))
@environment_option
@access_options
@click.argument("host")
def undrain(environment: str | None, access: AccessOptions, host: str) -> None:
    """Let a drained host take requests again."""
    place = find_place(environment, access).only(host)
    answer = _ask(place, lambda server: server.undrain())
    document = {"schema": "fairlead.host-drain/v1", "host": place.host, "drained": False}
    outcome = "takes requests again" if answer.drained else "was not drained"
    report.current().result(document, f"{place.host} {outcome}")


@click.command(
    epilog=examples(
        ("fairlead host remove app2.example.com", "drain it, then take away what the app has there"),
        ("fairlead host remove app2.example.com --volumes --yes", "its data too, without being asked"),
    )
)
@environment_option
@access_options
@click.argument("host")
@_paths
@_timeout
@click.option("--volumes", is_flag=True, help="Delete the app's volumes on that host too: its data.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Also while requests still come.")
def remove(
    environment: str | None,
    access: AccessOptions,
    host: str,
    paths: tuple[str, ...],
    timeout: float,
    volumes: bool,
    yes: bool,
    force: bool,
) -> None:
    """Take a host out of the environment: drain it, then remove the app from it as `fairlead remove` does.

    The other hosts go on. Take the host out of `hosts` in fairlead.yaml afterwards.
    """
    from fairlead.cli.remove import confirm_removal
    from fairlead.rollout.removal import remove_app

    place = find_place(environment, access).only(host)
    if not yes:
        confirm_removal(place, volumes=volumes)
    if _serves(place):
        answer = _drain(place, paths, timeout)
        if not answer.quiet and not force:
            raise CommandFailedError(
                f"{place.host} is still in use: {_still(answer, timeout)}",
                why="what users send there would be lost; it stays drained",
                fix="take it out of the load balancer or DNS, or say --force; `fairlead host undrain` lets it in again",
            )
    remove_app(place, report.current(), volumes=volumes)


def _serves(place: Place) -> bool:
    return _ask(place, lambda server: server.state()).serving is not None


def _drain(place: Place, paths: tuple[str, ...], timeout: float) -> DrainAnswer:
    with report.current().step(f"drain {place.host}"):
        return _ask(place, lambda server: server.drain(paths, timeout))


def _still(answer: DrainAnswer, timeout: float) -> str:
    flying = f", {answer.in_flight} in flight" if answer.in_flight else ""
    return f"after {timeout:g} s requests still came{flying}"


def _ask(place: Place, question: Question[_Answer]) -> _Answer:
    from fairlead.rollout.lines import open_lines

    with open_lines(place) as lines, lines[place.host].server() as server:
        return question(server)
