"""``fairlead logs``: the output of the containers that serve."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from fairlead import report
from fairlead.cli.options.shared import access_options, environment_option, examples, host_option
from fairlead.rollout.place import find_place

if TYPE_CHECKING:
    from fairlead.host.wire.calls import Logs
    from fairlead.host.wire.result import Event
    from fairlead.remote.access import AccessOptions
    from fairlead.rollout.place import Place


@click.command(
    epilog=examples(
        ("fairlead logs -e production", "the last 100 lines of each container that serves"),
        ("fairlead logs web -f", "one service, and go on"),
        ("fairlead logs api --tail 1000", "more of the past"),
    )
)
@environment_option
@access_options
@host_option
@click.argument("service", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on as new lines come; Ctrl-C ends it.")
@click.option(
    "--tail",
    metavar="N",
    type=click.IntRange(0, 100_000),
    default=100,
    show_default=True,
    help="Lines from the past of each container.",
)
def command(
    environment: str | None,
    access: AccessOptions,
    host: str | None,
    service: str | None,
    follow: bool,
    tail: int,
) -> None:
    """Show the output of the containers of the release that serves.

    Values of the app's secrets are shown as `***`. Colours are left out, and control characters written out, on a
    terminal and in a pipe; `--json` has the lines with both.
    """
    from fairlead.host.wire.answer import render_answer
    from fairlead.host.wire.calls import Logs
    from fairlead.host.wire.events import LogEvent
    from fairlead.host.wire.text import render_log

    reporter = report.current()
    place = find_place(environment, access).only(host)
    lines: list[Mapping[str, Any]] = []

    def take(name: str, event: Event) -> None:
        if isinstance(event, LogEvent):
            reporter.line(f"{name}: {render_log(event)}" if place.has_several else render_log(event))
            if not follow:
                lines.append({"host": name, **render_answer(event)})

    _ask_logs(place, Logs(service, tail, follow), take)
    reporter.result({"schema": "fairlead.logs/v1", "app": place.app, "host": place.host, "lines": lines}, "")


def _ask_logs(
    place: Place,
    call: Logs,
    take: Callable[[str, Event], None],
) -> None:
    """Ask all servers; what is followed comes from all of them at once."""
    from fairlead.parallel import each
    from fairlead.rollout.lines import open_lines

    with open_lines(place) as lines:

        def ask_one(host: str) -> None:
            with lines[host].server() as server:
                server.logs(call, partial(take, host))

        each(ask_one, place.hosts, at_once=None if call.follow else 1)
