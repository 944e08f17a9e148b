"""A connection that breaks is opened again, and no event is told twice."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, cast

import pytest

from fairlead.errors import InterruptedByUserError
from fairlead.remote.attach import PAUSES, run_remote_task
from fairlead.remote.session import Blob, Event, LostError, OnEvent, Session

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
TASK = "20300101T000000-aaaaaa"
REQUEST = {"request": "deploy", "release": {"app": "board"}}


class Scripted:
    """A session that tells some events and then does one last thing: a result, or an exception."""

    def __init__(self, *events: Event, last: Event | BaseException) -> None:
        self.events = events
        self.last = last
        self.asked: list[Event] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def ask(self, request: Event, blobs: Sequence[Blob] = (), on_event: OnEvent | None = None) -> Event:
        self.asked.append(request)
        for event in self.events:
            assert on_event is not None
            on_event(event)
        if isinstance(self.last, BaseException):
            raise self.last
        return self.last


def _attached(**more: Any) -> Event:
    return {"event": "attached", "task": TASK, **more}


def _phase(name: str) -> Event:
    return {"event": "phase", "phase": name, "state": "done"}


def _run(*sessions: Scripted) -> tuple[Event, list[Event], list[float]]:
    told: list[Event] = []
    slept: list[float] = []
    rest = list(sessions)
    connect = cast("Callable[[], Session]", lambda: rest.pop(0))
    result = run_remote_task(connect(), connect, REQUEST, (), told.append, sleep=slept.append)
    return result, told, slept


def test_without_trouble_there_is_one_connection() -> None:
    result, told, slept = _run(Scripted(_attached(), _phase("pull"), last={"exit": 0}))
    assert (result, slept) == ({"exit": 0}, [])
    assert [event["event"] for event in told] == ["attached", "phase"]


def test_a_lost_connection_goes_on_after_the_events_that_were_seen() -> None:
    first = Scripted(_attached(), _phase("prepare"), _phase("pull"), last=LostError("gone"))
    second = Scripted(_attached(resumed=True), _phase("start"), last={"exit": 0})
    result, told, slept = _run(first, second)
    assert result == {"exit": 0}
    assert second.asked == [{"request": "attach", "app": "board", "task": TASK, "from": 2}]
    assert [event.get("phase") for event in told if event["event"] == "phase"] == ["prepare", "pull", "start"]
    assert slept == [PAUSES[0]]


def test_before_the_task_has_a_name_the_request_is_sent_again() -> None:
    second = Scripted(_attached(), last={"exit": 0})
    _run(Scripted(last=LostError("gone")), second)
    assert second.asked == [REQUEST]


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
    assert result == {"exit": 0}
    assert slept == [PAUSES[0]] * 20


def test_leaving_at_once_says_how_to_go_on() -> None:
    with pytest.raises(InterruptedByUserError) as caught:
        _run(Scripted(_attached(), _phase("migrate"), last=KeyboardInterrupt()))
    assert "phase migrate" in caught.value.what
    assert TASK in caught.value.why
    assert "fairlead status" in caught.value.fix
    with pytest.raises(InterruptedByUserError, match="before the server said"):
        _run(Scripted(last=KeyboardInterrupt()))


class Signalled(Scripted):
    """A session during which this process gets a signal after so many events."""

    def __init__(self, *events: Event, last: Event | BaseException, after: tuple[int, ...]) -> None:
        super().__init__(*events, last=last)
        self.after = after
        self.told: list[Event] = []

    def ask(self, request: Event, blobs: Sequence[Blob] = (), on_event: OnEvent | None = None) -> Event:
        assert on_event is not None
        self.asked.append(request)
        for number in range(len(self.events) + 1):
            for _ in range(self.after.count(number)):
                signal.raise_signal(signal.SIGINT)
            if number < len(self.events):
                on_event(self.events[number])
        if isinstance(self.last, BaseException):
            raise self.last
        return self.last

    def tell(self, frame: Event) -> None:
        self.told.append(frame)


STOPPED = {
    "exit": 6,
    "status": "refused",
    "release": "000002",
    "serving": "000001",
    "error": {"what": "stopped"},
}


@pytest.mark.parametrize("after", [0, 1, 2])
def test_the_first_signal_asks_the_server_to_stop(after: int) -> None:
    """Also one that comes before the server has begun; the end of it is told, with 130."""
    session = Signalled(_attached(), _phase("pull"), last=STOPPED, after=(after,))
    before = [signal.getsignal(one) for one in SIGNALS]
    result, told, _ = _run(session)
    assert [frame["order"] for frame in session.told] == ["stop"]
    assert (result["exit"], result["serving"]) == (130, "000001")
    assert "taken back" in result["error"]["what"]
    assert "leaves at once" in next(event["text"] for event in told if event["event"] == "note")
    assert [signal.getsignal(one) for one in SIGNALS] == before


def test_a_server_that_was_lost_is_told_to_stop_when_it_is_back() -> None:
    first = Signalled(_attached(), last=LostError("gone"), after=(1,))
    second = Signalled(_attached(resumed=True), last=STOPPED, after=())
    assert _run(first, second)[0]["exit"] == 130
    assert [frame["order"] for frame in second.told] == ["stop"]


def test_the_second_signal_leaves() -> None:
    session = Signalled(_attached(), _phase("pull"), last={"exit": 0}, after=(1, 2))
    with pytest.raises(InterruptedByUserError, match="next safe point"):
        _run(session)


def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server in the middle of a long migration does not keep the user."""
    monkeypatch.setattr("fairlead.remote.interrupt.PATIENCE", 0.05)

    class Slow(Signalled):
        def ask(self, request: Event, blobs: Sequence[Blob] = (), on_event: OnEvent | None = None) -> Event:
            super().ask(request, blobs, on_event)
            time.sleep(5)
            return {"exit": 0}

    with pytest.raises(InterruptedByUserError, match="phase migrate"):
        _run(Slow(_attached(), _phase("migrate"), last={}, after=(1,)))
