"""Put in order what a death left on the servers, before a command does its own work: finished or taken back by what the others did."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from fairlead.parallel import each
from fairlead.rollout.show import show_note

if TYPE_CHECKING:
    from fairlead.host.wire.status import StateAnswer
    from fairlead.remote.server import Server
    from fairlead.report import Reporter
    from fairlead.rollout.place import Place


def heal(
    place: Place,
    servers: Mapping[str, Server],
    states: Mapping[str, StateAnswer],
    reporter: Reporter,
    revision: str = "",
) -> dict[str, StateAnswer]:
    """Repair every server that needs it, and return how all of them stand then.

    Args:
        place: the environment.
        servers: those that answer.
        states: the state of each of these.
        reporter: is told what was done.
        revision: the commit that is about to be deployed: a task that is at it is joined, not ended.
    """
    from fairlead.remote.agreement import plan_decisions, standing_of

    standings = {host: standing_of(states[host]) if host in states else None for host in place.hosts}
    decisions = {
        host: decision
        for host, decision in plan_decisions(standings).items()
        if not (states[host].tasks and _revision(states[host]) == revision)
    }
    if not decisions:
        return dict(states)

    def repair(host: str) -> StateAnswer:
        standing = standings[host]
        task = standing.task if standing is not None else ""
        return _repair(place, host, servers[host], decisions[host], task, reporter)

    return {**states, **dict(zip(decisions, each(repair, decisions), strict=True))}


def _revision(state: StateAnswer) -> str:
    return (state.unfinished.revision if state.unfinished is not None else None) or ""


def _repair(
    place: Place, host: str, server: Server, decision: str, task: str, reporter: Reporter
) -> StateAnswer:
    from fairlead.host.wire.fleet import COMMIT, FINISH, STOP
    from fairlead.remote.outcome import answer_of

    said = host if place.has_several else ""

    show = partial(show_note, reporter, host=said)

    if task:
        # Its client is gone, and it waits for a word.
        word = COMMIT if decision == FINISH else STOP
        if server.order(task, word, "its command is gone"):
            reporter.line(f"{host}: its command is gone, it was told to {word}")
            server.follow(task, show)
    else:
        answer_of(server.repair(show, decision))
    return server.state(ask=True, marks=True)
