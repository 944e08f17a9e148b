"""Several hosts are kept in step, a user who stops is heard, and one host alone is told nothing."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Self, cast

import pytest

from fairlead.errors import FairleadError, InterruptedByUserError
from fairlead.host.wire.events import AttachedEvent, HoldEvent, PhaseEvent, TaskEvent, render_event
from fairlead.host.wire.frames import Frame
from fairlead.host.wire.result import ErrorReport, Event, Result
from fairlead.remote.agreement import Member
from fairlead.remote.attach import PAUSES
from fairlead.remote.coordinator import Part, follow, run_together
from fairlead.remote.ends import Ends
from fairlead.remote.session import Blob, LostError, OnFrame, Session

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
WELL = Result("live")
FAILED = Result("refused", 6, error=ErrorReport("unhealthy"))
STOPPED = Result("refused", 6, error=ErrorReport("stopped"))
LIMIT = 10.0


class Host:
    """A session to a host that does what a list says.

    A text is a word that it waits for; ``stop`` ends it as ``STOPPED`` wherever it waits. A whole number of signals is
    sent to this process; a float is a pause in seconds.
    """

    def __init__(self, *script: Event | str | float | BaseException) -> None:
        self.script = script
        self.words: list[str] = []
        self.asked_at = 0.0
        self.follows = False
        self._told = threading.Condition()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def tell(self, frame: Frame) -> None:
        assert self.follows, "no task is followed that could hear it"
        with self._told:
            self.words.append(str(frame["order"]))
            self._told.notify_all()

    def ask(self, request: Frame, blobs: Sequence[Blob] = (), on_frame: OnFrame | None = None) -> Frame:
        assert on_frame is not None
        self.asked_at = time.monotonic()
        for one in self.script:
            if isinstance(one, BaseException):
                raise one
            if isinstance(one, str):
                if self._wait(one) == "stop":
                    return render_event(STOPPED)
            elif isinstance(one, int):
                for _ in range(one):
                    os.kill(os.getpid(), signal.SIGINT)
                    time.sleep(0.05)
            elif isinstance(one, float):
                time.sleep(one)
            elif isinstance(one, Result):
                return render_event(one)
            else:
                self.follows = True
                on_frame(render_event(one))
        raise AssertionError("the script has no end")

    def _wait(self, word: str) -> str:
        with self._told:
            assert self._told.wait_for(lambda: {word, "stop"} & set(self.words), LIMIT), (
                f"{word} was not said"
            )
            return "stop" if "stop" in self.words else word


def begun(host: str = "a", **more: Any) -> tuple[Event, Event]:
    return AttachedEvent(f"task-{host}", **more), TaskEvent(release="000042")


def hold(point: str) -> Event:
    return HoldEvent(point)


def run(again: Callable[[], Session] | None = None, /, **hosts: Host) -> tuple[Ends, list[tuple[str, Event]]]:
    told: list[tuple[str, Event]] = []

    def lost() -> Session:
        raise LostError("gone")

    parts = [
        Part(name, cast("Session", host), again or lost, {"request": "deploy", "app": "board"})
        for name, host in hosts.items()
    ]
    ends = run_together(parts, lambda host, event: told.append((host, event)), hold_timeout=0.4)
    return ends, told


def test_one_host_is_told_nothing() -> None:
    host = Host(*begun(), hold("switch"), WELL)
    ends, told = run(a=host)
    assert ends.by_host == {"a": WELL}
    assert (ends.culprit, ends.words, host.words) == (None, frozenset(), [])
    assert [event.kind for _, event in told] == ["attached", "task", "hold"]


def test_all_switch_and_commit_together() -> None:
    """The migration of one is awaited by the other; a host that waits hears that somebody is there."""
    migrated = PhaseEvent("migrate", "done")
    first = Host(*begun(), migrated, hold("switch"), "switch", hold("commit"), "attend", "commit", WELL)
    other = Host(
        *begun(), hold("migrate"), "migrate", hold("switch"), "switch", hold("commit"), "commit", WELL
    )
    ends, _ = run(a=first, b=other)
    assert ends.by_host == {"a": WELL, "b": WELL}
    assert ends.words == {"migrate", "switch", "commit"}
    assert [word for word in other.words if word != "attend"] == ["migrate", "switch", "commit"]


@pytest.mark.parametrize("last", ["a", "b"])
def test_a_rollback_goes_on_whoever_is_ready_last(last: str) -> None:
    """It runs no jobs: where the first host is the last one, one event says that its jobs are done and that it holds."""
    script = (hold("switch"), "switch", hold("commit"), "commit", WELL)
    hosts = {name: Host(*begun(), *([0.2] if name == last else []), *script) for name in ("a", "b")}
    ends, _ = run(None, **hosts)
    assert ends.by_host == {"a": WELL, "b": WELL}


def test_a_host_that_has_the_release_is_waited_for_by_nobody() -> None:
    unchanged = Result("unchanged")
    ends, _ = run(
        a=Host(*begun()[:1], unchanged),
        b=Host(*begun(), hold("switch"), "switch", hold("commit"), "commit", WELL),
    )
    assert ends.by_host == {"a": unchanged, "b": WELL}


def test_one_that_fails_stops_the_others() -> None:
    ends, _ = run(
        a=Host(*begun(), hold("switch"), "switch", WELL),
        b=Host(*begun(), FAILED),
        c=Host(*begun(), hold("switch"), "switch", WELL),
    )
    assert ends.culprit == "b"
    assert ends.by_host == {"a": STOPPED, "b": FAILED, "c": STOPPED}
    assert "switch" not in ends.words


def test_the_others_begin_when_the_first_has_its_lock() -> None:
    """And never, where it does not get that far: two commands at once must not hold a half of the hosts each."""
    first, other = Host(*begun()[:1], FAILED), Host(WELL)
    ends, _ = run(b=other, a=first)
    time.sleep(0.1)
    assert (ends.culprit, ends.by_host["b"], other.asked_at) == ("a", None, 0.0)


def test_a_host_that_is_lost_stops_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairlead.remote.attach.PAUSES", (0.01,))
    ends, _ = run(a=Host(*begun(), hold("switch"), "switch", WELL), b=Host(*begun(), LostError("gone")))
    assert ends.culprit == "b"
    assert isinstance(ends.by_host["b"], FairleadError)
    assert ends.by_host["a"] == STOPPED


def test_words_are_said_again_over_a_new_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairlead.remote.attach.PAUSES", (0.01, *PAUSES))
    back = Host(0.3, *begun(resumed=True)[:1], "switch", hold("commit"), "commit", WELL)
    first = Host(*begun(), hold("switch"), "switch", LostError("gone"))
    other = Host(*begun(), hold("switch"), "switch", hold("commit"), "commit", WELL)
    ends, _ = run(lambda: cast("Session", back), a=first, b=other)
    assert ends.by_host == {"a": WELL, "b": WELL}
    assert back.words[:1] == ["migrate"] or "switch" in back.words


def test_a_second_client_takes_over_where_hosts_are_not_equally_far() -> None:
    """One was told to switch by a client that died then."""
    far = Host(*begun(resumed=True), hold("switch"), hold("commit"), "commit", WELL)
    near = Host(*begun(), hold("switch"), "switch", hold("commit"), "commit", WELL)
    ends, _ = run(a=far, b=near)
    assert ends.by_host == {"a": WELL, "b": WELL}


@pytest.mark.parametrize("hosts", [1, 2])
def test_the_first_signal_asks_the_hosts_to_stop(hosts: int) -> None:
    before = [signal.getsignal(one) for one in SIGNALS]
    names = ("a", "b")[:hosts]
    made = {name: Host(*begun(), *([1] if name == "a" else []), "never") for name in names}
    ends, told = run(None, **made)
    assert ends.stopped
    assert ends.by_host == dict.fromkeys(names, STOPPED)
    assert any("leaves at once" in str(event) for _, event in told)
    assert [signal.getsignal(one) for one in SIGNALS] == before


def test_a_signal_before_the_host_has_begun_is_heard_later() -> None:
    host = Host(1, *begun(), "never")
    assert run(a=host)[0].by_host == {"a": STOPPED}


def test_after_the_commit_it_is_too_late_to_stop() -> None:
    ends, told = run(
        a=Host(*begun(), hold("switch"), "switch", hold("commit"), "commit", 1, WELL),
        b=Host(*begun(), hold("switch"), "switch", hold("commit"), "commit", WELL),
    )
    assert ends.by_host == {"a": WELL, "b": WELL}
    assert any("too late" in str(event) for _, event in told)


class Deaf(Host):
    """A host in the middle of what must not be stopped."""

    def _wait(self, word: str) -> str:
        time.sleep(LIMIT)
        raise AssertionError("nobody waits for this one")


def test_the_second_signal_leaves() -> None:
    phase = PhaseEvent("migrate", "begin")
    with pytest.raises(
        InterruptedByUserError, match="phase migrate: it stops at its next safe point"
    ) as caught:
        run(a=Deaf(*begun(), phase, 2, "never"))
    assert "task-a" in caught.value.why
    assert "nothing served when it began" in caught.value.why


def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairlead.remote.interrupt.PATIENCE", 0.05)
    with pytest.raises(InterruptedByUserError, match="next safe point"):
        run(a=Deaf(*begun(), 1, "never"))


def test_who_leaves_before_anything_began_is_told_so() -> None:
    with pytest.raises(InterruptedByUserError, match="before the server said"):
        run(a=Deaf(2, "never"))


LOCKED = Result("failed", 5, error=ErrorReport("the app is held"))


@pytest.mark.parametrize(
    ("hosts", "anothers"),
    [
        ({"a": Host(*begun(), STOPPED)}, True),
        ({"a": Host(*begun(resumed=True), STOPPED)}, True),
        ({"a": Host(*begun(resumed=True), 1, "never")}, False),
        ({"a": Host(*begun(resumed=True), LOCKED)}, True),
        ({"a": Host(*begun(), LOCKED)}, False),
        ({"a": Host(*begun(resumed=True), FAILED)}, False),
        ({"a": Host(*begun(), WELL)}, False),
        ({"a": Host(*begun(), STOPPED), "b": Host(*begun("b"), "never")}, True),
        ({"a": Host(*begun(), FAILED), "b": Host(*begun("b"), "never")}, False),
        ({"a": Host(*begun(resumed=True), LOCKED), "b": Host(WELL)}, True),
    ],
)
def test_whose_end_it_is(hosts: dict[str, Host], anothers: bool) -> None:
    """Another command at the same task was stopped, or had waited long enough; nobody's release has failed."""
    ends, _ = run(None, **hosts)
    assert ends.is_anothers is anothers


def test_a_task_that_is_found_over_a_new_connection_may_be_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairlead.remote.attach.PAUSES", (0.0,))
    again = Host(*begun(resumed=True), LOCKED)
    ends, _ = run(lambda: cast("Session", again), a=Host(LostError("cut")))
    assert (ends.by_host, ends.is_anothers) == ({"a": LOCKED}, False)


def test_how_far_a_host_is_follows_from_its_events() -> None:
    assert follow(Member(), hold("migrate")) == Member("migrate")
    assert follow(Member(), hold("switch")) == Member("switch", migrated=True)
    assert follow(Member(), PhaseEvent("migrate", "done")) == Member(migrated=True)
    assert follow(Member(), PhaseEvent("migrate", "begin")) == Member()
    assert follow(Member(), hold("nonsense")) == Member()
