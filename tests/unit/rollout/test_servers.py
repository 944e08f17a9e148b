"""All servers as one: how it ends where nobody hears of them any more, or where others stop what it shares with them."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from fairlead.errors import CommandFailedError, FairleadError, InterruptedByUserError
from fairlead.host.wire.result import ErrorReport, Result
from fairlead.host.wire.status import StateAnswer
from fairlead.remote import coordinator
from fairlead.remote.ends import Ends
from fairlead.rollout.servers import run_parts, run_rounds
from tests.recording import RecordingReporter

STOPPED = Result("reverted", 6, release="000042", serving="000041", error=ErrorReport("stopped"))


def _place(hosts: tuple[str, ...]) -> Any:
    settings = SimpleNamespace(deploy=SimpleNamespace(hold_timeout=20.0))
    return SimpleNamespace(hosts=hosts, has_several=len(hosts) > 1, settings=settings)


def _parts(hosts: tuple[str, ...]) -> Any:
    return [SimpleNamespace(host=host) for host in hosts]


@pytest.mark.parametrize("hosts", [("a",), ("a", "b")])
@pytest.mark.parametrize(
    "error", [CommandFailedError("the connection was lost"), InterruptedByUserError("left")]
)
def test_what_nobody_knows_is_no_standing(
    monkeypatch: pytest.MonkeyPatch, hosts: tuple[str, ...], error: FairleadError
) -> None:
    """A job goes on by it: neither a release that serves nor that nothing does was seen."""

    def run_together(*_: Any, **__: Any) -> Ends:
        if isinstance(error, InterruptedByUserError):
            raise error
        return Ends(dict.fromkeys(hosts, error), culprit=hosts[0])

    monkeypatch.setattr(coordinator, "run_together", run_together)
    end = run_parts(_place(hosts), _parts(hosts), RecordingReporter())
    if len(hosts) == 1 or isinstance(error, InterruptedByUserError):
        assert end.result.status == "unknown"
    failure = end.failure
    assert failure is not None
    assert int(failure.exit_code) == int(error.exit_code)
    assert error.what in failure.what
    assert "serves" not in failure.why
    assert "nothing does" not in failure.why
    assert [one.result.status for one in end.hosts] == ["lost"] * len(hosts)


@pytest.mark.parametrize("hosts", [("a",), ("a", "b")])
@pytest.mark.parametrize(("stops", "live"), [(0, True), (1, True), (3, True), (4, False)])
def test_beginning_afresh_is_bounded_and_goes_by_how_the_servers_stand_then(
    monkeypatch: pytest.MonkeyPatch, hosts: tuple[str, ...], stops: int, live: bool
) -> None:
    """Somebody who stops it again and again has his way; the error says that it was not who reads it."""
    ends = [Ends(dict.fromkeys(hosts, STOPPED), culprit=hosts[0])] * stops
    ends.append(Ends(dict.fromkeys(hosts, Result("live", release="000042"))))
    left = iter(ends)
    monkeypatch.setattr(coordinator, "run_together", lambda *_, **__: next(left))
    asked: list[set[str]] = []

    def plan_parts(states: Mapping[str, StateAnswer]) -> Any:
        asked.append({state.next_id for state in states.values()})
        return _parts(hosts)

    servers: Any = {host: SimpleNamespace(state=lambda: StateAnswer(next_id="fresh")) for host in hosts}
    before = {host: StateAnswer(next_id="before") for host in hosts}
    reporter = RecordingReporter()
    end = run_rounds(_place(hosts), servers, before, plan_parts, reporter)
    assert (end.failure is None) is live
    assert asked == [{"before"}, *[{"fresh"}] * min(stops, 3)]
    assert len(reporter.said("warn")) == min(stops, 3)
    if end.failure is not None:
        assert int(end.failure.exit_code) == 6
        assert "another command" in end.failure.what


def test_what_its_own_user_stops_is_not_begun_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        coordinator, "run_together", lambda *_, **__: Ends({"a": STOPPED}, culprit="a", stopped=True)
    )
    end = run_rounds(_place(("a",)), {}, {}, lambda _: _parts(("a",)), RecordingReporter())
    assert end.result.exit == 130
