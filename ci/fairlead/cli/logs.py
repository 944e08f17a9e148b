"""``fairlead logs``: the output of the containers that serve."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from fairlead import report
from fairlead.cli.connection import access_of, access_options, find_place, open_line
from fairlead.cli.options import environment_option, examples


@click.command(
    epilog=examples(
        ("fairlead logs -e production", "the last 100 lines of each container that serves"),
        ("fairlead logs web -f", "one service, and go on"),
        ("fairlead logs api --tail 1000", "more of the past"),
    )
)
@environment_option
@access_options
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
    known_hosts: Path | None,
    identity: Path | None,
    service: str | None,
    follow: bool,
    tail: int,
) -> None:
    """Show the output of the containers of the release that serves."""
    from fairlead.host.console import render_log
    from fairlead.remote.outcome import answer_of

    reporter = report.current()
    place = find_place(environment)
    lines: list[Mapping[str, Any]] = []

    def take(event: Mapping[str, Any]) -> None:
        if event.get("event") == "log":
            reporter.line(render_log(event))
            if not follow:
                lines.append({key: value for key, value in event.items() if key != "event"})

    request = {"request": "logs", "app": place.app, "service": service, "follow": follow, "tail": tail}
    with open_line(place, access_of(known_hosts, identity)) as line, line.connect() as session:
        answer_of(session.ask(request, on_event=take))
    reporter.result({"schema": "fairlead.logs/v1", "app": place.app, "host": place.host, "lines": lines}, "")
