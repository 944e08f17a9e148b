"""All servers of an environment as one: a single one is the same with nobody to wait for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fairlead.errors import FairleadError, InterruptedByUserError
from fairlead.host.wire.changes import RollbackCall
from fairlead.rollout.heal import heal
from fairlead.rollout.show import show_event

if TYPE_CHECKING:
    from fairlead.host.wire.changes import RotateCall
    from fairlead.host.wire.fleet import Fleet
    from fairlead.host.wire.marks import Marks
    from fairlead.host.wire.result import Event
    from fairlead.host.wire.status import StateAnswer
    from fairlead.remote.coordinator import Part
    from fairlead.remote.outcome import RolloutEnd
    from fairlead.remote.server import Server
    from fairlead.remote.session import Blob
    from fairlead.report import Reporter
    from fairlead.rollout.ahead import Ahead
    from fairlead.rollout.place import Place

_AFRESH = 3
"""How often at most a command begins afresh that shared its task with others, each of which ended it."""
_ANOTHER = "another command that shared this one's task was stopped, or would wait no longer"


def connect_all(
    place: Place, aheads: Mapping[str, Ahead[StateAnswer]], reporter: Reporter, revision: str = ""
) -> tuple[dict[str, Server], dict[str, StateAnswer]]:
    """All servers and how each stands, after what a death left there was put in order.

    Raises:
        FairleadError: one cannot be reached.
    """
    with reporter.step(f"connect to {place.host}"):
        asked = {host: ahead.wait() for host, ahead in aheads.items()}
    servers = {host: server for host, (server, _) in asked.items()}
    states = {host: state for host, (_, state) in asked.items()}
    return servers, heal(place, servers, states, reporter, revision)


def run_alike(
    place: Place,
    servers: Mapping[str, Server],
    states: Mapping[str, StateAnswer],
    change: RollbackCall | RotateCall,
    blobs: Sequence[Blob],
    reporter: Reporter,
) -> RolloutEnd:
    """Run a request that is the same for all servers, but for what each is told of the others."""

    def told(host: str, states: Mapping[str, StateAnswer]) -> RollbackCall | RotateCall:
        options = replace(change.options, fleet=fleet_of(place, host, states, None))
        if isinstance(change, RollbackCall) and change.serving is not None:
            # One of several may be behind the others.
            return replace(change, options=options, serving=states[host].serving)
        return replace(change, options=options)

    def plan_parts(states: Mapping[str, StateAnswer]) -> list[Part]:
        return [servers[host].part(host, told(host, states), blobs) for host in place.hosts]

    return run_rounds(place, servers, states, plan_parts, reporter)


def ask_marks(server: Server) -> StateAnswer:
    """How it stands, and how it names the values of secrets: for who brings values."""
    return server.state(marks=True)


def choose_marks(states: Mapping[str, StateAnswer]) -> Marks:
    """How values of secrets are named on these servers."""
    import secrets

    from fairlead.release.together import plan_marks

    return plan_marks(states, secrets.token_bytes(32))


def fleet_of(
    place: Place, host: str, states: Mapping[str, StateAnswer], release: Mapping[str, Any] | None
) -> Fleet | None:
    """What a server is told of the others; None where it has none."""
    from fairlead.release.together import plan_fleet

    if not place.has_several:
        return None
    return plan_fleet(place.hosts, host, states, release, hold_timeout=place.settings.deploy.hold_timeout)


def run_rounds(
    place: Place,
    servers: Mapping[str, Server],
    states: Mapping[str, StateAnswer],
    plan_parts: Callable[[Mapping[str, StateAnswer]], Sequence[Part]],
    reporter: Reporter,
    revision: str = "",
) -> RolloutEnd:
    """Run a deploy or rollback as ``run_parts``; afresh where another command shared its task, and ended it.

    Who cancels a command stops its task: what was begun is taken back, and he is told so. Whoever is at the same
    did not ask for that.

    Args:
        place: the environment.
        servers: its servers.
        states: how they stand.
        plan_parts: what each server is asked, by how they stand.
        reporter: where it is told.
        revision: as of ``heal``.

    Raises:
        FairleadError: one does not answer any more, or by how they stand then it is not to be done.
    """
    ended = run_parts(place, plan_parts(states), reporter)
    for _ in range(_AFRESH):
        if not ended.is_anothers:
            break
        reporter.warn(f"{_ANOTHER}: this one begins afresh")
        states = {host: servers[host].state() for host in place.hosts}
        ended = run_parts(place, plan_parts(heal(place, servers, states, reporter, revision)), reporter)
    return _named(ended) if ended.is_anothers else ended


def _named(ended: RolloutEnd) -> RolloutEnd:
    """With an error that says who it was: not the user who reads it."""
    from fairlead.host.wire.result import ErrorReport

    error = ErrorReport(_ANOTHER, "each time that this one began afresh", "run it again")
    return replace(ended, result=replace(ended.result, error=error))


def run_parts(place: Place, parts: Sequence[Part], reporter: Reporter) -> RolloutEnd:
    """Run a deploy or rollback on all servers; how it ended, which may be that nobody knows."""
    from fairlead.host.wire.fleet import COMMIT, SWITCH
    from fairlead.remote.coordinator import run_together
    from fairlead.remote.outcome import join_results, stopped_result, unknown_result

    several = len(parts) > 1

    def show(host: str, event: Event) -> None:
        show_event(reporter, event, host if several else "")

    hold_timeout = place.settings.deploy.hold_timeout
    try:
        ends = run_together(parts, show, runner=place.hosts[0], hold_timeout=hold_timeout)
    except InterruptedByUserError as left:
        return unknown_result(left, place.hosts)
    only = ends.by_host[parts[0].host]
    if not several and isinstance(only, FairleadError):
        return unknown_result(only, place.hosts)
    joined = join_results(
        ends.by_host, ends.culprit, switched=SWITCH in ends.words, committed=COMMIT in ends.words
    )
    return stopped_result(joined) if ends.stopped else replace(joined, is_anothers=ends.is_anothers)
