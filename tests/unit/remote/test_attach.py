"""A connection that breaks is opened again, and no event is told twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, cast

import pytest

from fairlead.host.wire.events import AttachedEvent, PhaseEvent
from fairlead.host.wire.frames import Frame
from fairlead.host.wire.result import Event, Result
from fairlead.remote.attach import PAUSES, run_remote_task
from fairlead.remote.session import Blob, LostError, OnFrame, Session

TASK = "20300101T000000-aaaaaa"
REQUEST = {"request": "deploy", "release": {"app": "board"}}


class Scripted:
    """A session that tells some events and then does one last thing: a result, or an exception."""

    def __init__(self, *events: Frame, last: Frame | BaseException) -> None:
        self.events = events
        self.last = last
        self.asked: list[Frame] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def ask(self, request: Frame, blobs: Sequence[Blob] = (), on_frame: OnFrame | None = None) -> Frame:
        self.asked.append(request)
        for event in self.events:
            assert on_frame is not None
            on_frame(event)
        if isinstance(self.last, BaseException):
            raise self.last
        return self.last


def _attached(**more: Any) -> Frame:
    return {"event": "attached", "task": TASK, **more}


def _phase(name: str) -> Frame:
    return {"event": "phase", "phase": name, "state": "done"}


def _run(*sessions: Scripted) -> tuple[Result, list[Event], list[float]]:
    told: list[Event] = []
    slept: list[float] = []
    rest = list(sessions)
    connect = cast("Callable[[], Session]", lambda: rest.pop(0))
    result = run_remote_task(connect(), connect, REQUEST, (), told.append, sleep=slept.append)
    return result, told, slept


def test_without_trouble_there_is_one_connection() -> None:
    result, told, slept = _run(Scripted(_attached(), _phase("pull"), last={"exit": 0}))
    assert (result, slept) == (Result(), [])
    assert told == [AttachedEvent(TASK), PhaseEvent("pull", "done")]


def test_a_lost_connection_goes_on_after_the_events_that_were_seen() -> None:
    first = Scripted(_attached(), _phase("prepare"), _phase("pull"), last=LostError("gone"))
    second = Scripted(_attached(resumed=True), _phase("start"), last={"exit": 0})
    result, told, slept = _run(first, second)
    assert result == Result()
    assert second.asked == [{"request": "attach", "task": TASK, "from": 2}]
    assert [event.phase for event in told if isinstance(event, PhaseEvent)] == ["prepare", "pull", "start"]
    assert slept == [PAUSES[0]]


def test_before_the_task_has_a_name_the_request_is_sent_again() -> None:
    """Under the same name: that is how the server knows what it has done already."""
    first, second = Scripted(last=LostError("gone")), Scripted(_attached(), last={"exit": 0})
    _run(first, second)
    assert first.asked == second.asked
    (sent,) = second.asked
    other = Scripted(_attached(), last={"exit": 0})
    _run(other)
    assert other.asked[0].pop("nonce") != sent.pop("nonce")
    assert sent == REQUEST


def test_it_gives_up_after_a_bounded_time_and_says_that_the_host_goes_on() -> None:
    sessions = [
        Scripted(_attached(), last=LostError("gone")),
        *(Scripted(last=LostError("gone")) for _ in PAUSES),
    ]
    with pytest.raises(LostError) as caught:
        _run(*sessions)
    assert "did not come back" in caught.value.what
    assert "run the same command again" in caught.value.fix


def test_progress_gives_new_patience() -> None:
    sessions = [Scripted(_attached(), _phase(str(number)), last=LostError("gone")) for number in range(20)]
    result, _, slept = _run(*sessions, Scripted(last={"exit": 0}))
    assert result == Result()
    assert slept == [PAUSES[0]] * 20
