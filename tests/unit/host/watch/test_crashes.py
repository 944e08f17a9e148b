"""What crashes while a release starts, and is started again: it comes up late, or is refused with its first words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import pytest

from fairlead.host.engine.containers import Container
from fairlead.host.watch import crashes as module
from fairlead.host.watch.crashes import STARTS, STEADY, Crashes, Standing
from fairlead.host.watch.health import FAILED, READY, WAITING, Readiness, judge_replicas
from tests.unit.host.pretend import PretendEngine
from tests.unit.host.samples import container


class _Clock:
    """The time, which goes on only when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


class _Start:
    """Services that start side by side, looked at again and again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, before: Mapping[str, int] | None = None) -> None:
        self.clock = _Clock()
        self.proved: set[str] = set()
        self.crashes = Crashes(PretendEngine(), before or {}, self.proved)
        self.said = "the first words"
        monkeypatch.setattr(module, "time", self.clock)
        monkeypatch.setattr(module, "read_evidence", lambda *_: (self.said,))

    def look(
        self, *found: Container, answers: Callable[[Standing], bool] = lambda _: True, gate: str = "running"
    ) -> dict[str, Readiness]:
        judge = partial(judge_replicas, wanted=1, gate=gate)
        seen = [Standing(one.service, [one], self.crashes.judge([one], judge)) for one in found]
        self.crashes.compare(seen, answers)
        return {one.service: one.verdict for one in seen}


def _crashed(service: str, times: int, **more: object) -> Container:
    fields = {"policy": "unless-stopped", "restarting": True, "exit_code": 3, **more}
    return container(service, "000001", restarts=times, health="none", **fields)


def _up(service: str, times: int = 0, **more: object) -> Container:
    fields = {"policy": "unless-stopped", "health": "none", "started_at": f"start {times}", **more}
    return container(service, "000001", restarts=times, **fields)


def test_one_that_waits_for_a_neighbour_so_comes_up_and_has_to_stay_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = _Start(monkeypatch)
    slow = _up("issuer", health="starting")
    for times in range(1, 3 * STARTS):
        found = start.look(_crashed("login", times), slow)["login"]
        assert found.state == WAITING
        assert found.reason.endswith(
            f"restarted {times} times (exit code 3)" if times > 1 else "restarted (exit code 3)"
        )
        start.said = "other words"
    times = 3 * STARTS
    assert start.look(_up("login", times), _up("issuer"))["login"].state == WAITING
    start.clock.now += STEADY
    assert start.look(_up("login", times), _up("issuer"))["login"].state == READY
    assert start.crashes.borne == {_up("login").id: times}
    assert start.crashes.evidence(_up("login")) == ("the first words",)
    assert list(start.crashes.told()) == [("login", f"crashed and was restarted {times} times (exit code 3)")]


@pytest.mark.parametrize("was_seen", [True, False])
def test_one_that_crashed_after_a_while_has_to_stay_up_for_longer(
    monkeypatch: pytest.MonkeyPatch, was_seen: bool
) -> None:
    """Or it would be taken for well in between, whether or not somebody looked while it was down."""
    start = _Start(monkeypatch)
    began, ended = "2030-01-01T00:00:00Z", "2030-01-01T00:00:10Z"
    start.look(_up("api", started_at=began))
    if was_seen:
        start.look(_crashed("api", 1, started_at=began, finished_at=ended))
    again = _up("api", 1, started_at="2030-01-01T00:00:11Z", finished_at=ended)
    start.look(again)
    start.clock.now += 10
    assert start.look(again)["api"].state == WAITING
    start.clock.now += STEADY
    assert start.look(again)["api"].state == READY


@pytest.mark.parametrize("others", [(), (_up("issuer"),)])
def test_one_that_crashes_for_its_own_reason_fails_after_some_starts(
    monkeypatch: pytest.MonkeyPatch, others: Sequence[Container]
) -> None:
    """Starts that began when all others had answered; no time-out is waited for."""
    start = _Start(monkeypatch)
    states = [start.look(_crashed("api", times), *others)["api"].state for times in range(1, STARTS + 2)]
    assert states == [WAITING] * STARTS + [FAILED]


def test_whoever_does_not_answer_yet_gives_the_others_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Running is not answering; and each who comes to answer gives them all of their starts again."""
    start = _Start(monkeypatch)
    issuer, web = _up("issuer"), _up("web")
    for times in range(1, 10):
        assert start.look(_crashed("login", times), issuer, answers=lambda _: False)["login"].state == WAITING
    for times in range(10, 10 + STARTS):
        assert start.look(_crashed("login", times), issuer)["login"].state == WAITING
    assert start.look(_crashed("login", 10 + STARTS - 1), issuer, web)["login"].state == WAITING
    states = [start.look(_crashed("login", 13 + more), issuer, web)["login"].state for more in range(STARTS)]
    assert states[-1] == FAILED


def test_two_that_crash_do_not_wait_for_each_other_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    start = _Start(monkeypatch)
    found = [start.look(_crashed("api", times), _crashed("worker", times)) for times in range(1, STARTS + 2)]
    assert [one["api"].state for one in found] == [WAITING] * STARTS + [FAILED]


@pytest.mark.parametrize(
    ("times", "changes", "told"),
    [
        (0, {"policy": "no", "restarting": False, "running": False}, "exited with code 3"),
        (0, {"policy": "", "restarting": False, "running": False}, "exited with code 3"),
        # Its attempts are used up.
        (3, {"policy": "on-failure", "restarting": False, "running": False}, "crashed and was restarted"),
        (1, {"oom_killed": True}, "memory"),
    ],
)
def test_one_that_is_not_started_again_has_failed_at_once(
    monkeypatch: pytest.MonkeyPatch, times: int, changes: dict[str, object], told: str
) -> None:
    (verdict,) = _Start(monkeypatch).look(_crashed("api", times, **changes)).values()
    assert verdict.state == FAILED
    assert told in verdict.reason


def test_one_that_ends_with_0_did_not_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one does that cron would start: it is told so, as long as no run of it ended otherwise."""
    start = _Start(monkeypatch)
    ended = _crashed("api", 1, exit_code=0)
    assert start.look(ended)["api"].reason == "ended by itself (exit code 0) and was started again"
    assert start.crashes.ended_well(ended)
    again = _crashed("api", 2, exit_code=0)
    assert start.look(again)["api"].reason == "ended by itself (exit code 0) and was started again 2 times"
    worse = start.look(_crashed("api", 3, exit_code=3), _crashed("worker", 1, exit_code=0))
    assert worse["api"].reason == "crashed and was restarted 3 times (exit code 3)"
    assert not start.crashes.ended_well(ended)
    start.look(_crashed("api", 4, exit_code=0))
    assert list(start.crashes.told()) == [
        ("api", "crashed and was restarted 4 times (exit code 3)"),
        ("worker", "ended by itself (exit code 0) and was started again"),
    ]


def test_the_0_of_one_that_is_up_again_says_nothing_of_how_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    start = _Start(monkeypatch)
    again = _up("api", 1, exit_code=0)
    assert start.look(again)["api"].reason == "crashed and was restarted"
    assert not start.crashes.ended_well(again)


def test_what_is_wrong_beside_a_crash_is_not_borne(monkeypatch: pytest.MonkeyPatch) -> None:
    start = _Start(monkeypatch)
    start.look(_crashed("api", 1))
    start.clock.now += STEADY
    assert start.look(_up("api", 1, health="unhealthy"))["api"].state == FAILED


def test_a_crash_takes_back_that_its_check_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    start = _Start(monkeypatch)
    start.proved.add(_up("api").id)
    start.look(_crashed("api", 1))
    assert not start.proved
    start.clock.now += 2 * STEADY
    found = start.look(_up("api", 1, health="starting"), gate="healthcheck")
    assert found["api"].state == WAITING


def test_restarts_of_the_past_are_none_of_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    start = _Start(monkeypatch, {_up("api").id: 7})
    assert start.look(_up("api", 7))["api"].state == READY
    assert start.crashes.total == 0
    start.look(_crashed("api", 8))
    assert start.crashes.total == 1
    assert start.crashes.borne == {_up("api").id: 8}
