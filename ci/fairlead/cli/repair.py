"""``fairlead repair``: put in order what a death left, now and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import click

from fairlead import report
from fairlead.cli.options.shared import access_options, environment_option, examples
from fairlead.rollout.place import find_place

if TYPE_CHECKING:
    from fairlead.host.wire.status import StateAnswer
    from fairlead.remote.access import AccessOptions
    from fairlead.remote.server import Server
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

        def repair(host: str) -> _Repaired:
            return _repair(place, host, servers[host], reporter)

        hosts = each(repair, place.hosts)
    difference = find_differences({one.host: one.state for one in hosts})
    if difference:
        reporter.warn(difference)
    document = {
        "schema": "fairlead.repair/v1",
        "app": place.app,
        "hosts": [
            {"host": one.host, "serving": one.serving, "repaired": list(one.repaired)} for one in hosts
        ],
    }
    texts = (f"{one.host}: {text}" for one in hosts for text in one.repaired)
    reporter.result(document, "\n".join(texts))


@dataclass(frozen=True)
class _Repaired:
    """What was put in order on a host, and how it stands since."""

    host: str
    state: StateAnswer
    serving: str | None
    repaired: tuple[str, ...]


def _repair(place: Place, host: str, server: Server, reporter: Reporter) -> _Repaired:
    from fairlead.host.wire.replies import RepairAnswer
    from fairlead.remote.outcome import answer_of, read_answer
    from fairlead.rollout.show import show_note

    done = server.repair(partial(show_note, reporter, host=host if place.has_several else ""))
    state = server.state()
    answer = read_answer(RepairAnswer, answer_of(done))
    return _Repaired(host, state, done.serving, answer.repaired)
