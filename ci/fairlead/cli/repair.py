"""``fairlead repair``: put in order what a death left, now and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from fairlead import report
from fairlead.cli.options.shared import access_options, environment_option, examples
from fairlead.rollout.place import find_place

if TYPE_CHECKING:
    from fairlead.remote.access import AccessOptions
    from fairlead.remote.server import Server
    from fairlead.remote.session import Event
    from fairlead.report import Reporter
    from fairlead.rollout.place import Place


@click.command(
    epilog=examples(
        ("fairlead repair -e production", "finish or take back what was cut off, start what should run")
    )
)
@environment_option
@access_options
def command(environment: str | None, access: AccessOptions) -> None:
    """Finish or take back what a dead command, agent or server left, and start what should serve and does not.

    Every other command does the first part by itself before its own work.
    """
    from fairlead.parallel import each
    from fairlead.release.together import find_differences
    from fairlead.rollout.lines import open_lines
    from fairlead.rollout.servers import connect_all

    reporter = report.current()
    place = find_place(environment, access)
    with (
        open_lines(place) as lines,
        lines.ask_ahead(lambda server: server.state()) as aheads,
    ):
        servers, _ = connect_all(place, aheads, reporter)

        def repair(host: str) -> Mapping[str, Any]:
            return _repair(place, host, servers[host], reporter)

        hosts = each(repair, place.hosts)
    said = find_differences({one["host"]: one["state"] for one in hosts})
    if said:
        reporter.warn(said)
    document = {
        "schema": "fairlead.repair/v1",
        "app": place.app,
        "hosts": [{key: one[key] for key in ("host", "serving", "repaired")} for one in hosts],
    }
    texts = (f"{one['host']}: {text}" for one in hosts for text in one["repaired"])
    reporter.result(document, "\n".join(texts))


def _repair(place: Place, host: str, server: Server, reporter: Reporter) -> Mapping[str, Any]:
    from fairlead.remote.outcome import answer_of
    from fairlead.rollout.show import show_event

    def show(event: Event) -> None:
        if event.get("event") == "note":
            show_event(reporter, event, host if place.has_several else "")

    done = server.repair(show)
    state = server.state()
    return {"host": host, "state": state, "serving": done.get("serving"), **answer_of(done)}
