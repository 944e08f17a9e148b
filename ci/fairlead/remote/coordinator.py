"""Run one task on every host side by side, and keep the hosts in step: the coordinator of the two-phase commit.

One host is told no word: it decides by itself, and goes on when this process is gone.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from fairlead.errors import FairleadError, InterruptedByUserError
from fairlead.host.wire.events import (
    DONE,
    SKIPPED,
    WARNING,
    AttachedEvent,
    HoldEvent,
    NoteEvent,
    PhaseEvent,
    TaskEvent,
)
from fairlead.host.wire.fleet import COMMIT, POINTS, STOP
from fairlead.host.wire.frames import Frame
from fairlead.host.wire.phases import MIGRATE, PREPARE
from fairlead.host.wire.result import Event, Result
from fairlead.remote.agreement import Member, plan_word
from fairlead.remote.attach import run_remote_task
from fairlead.remote.ends import Ends, is_well
from fairlead.remote.interrupt import catching_interrupts
from fairlead.remote.session import Blob, Session

ATTEND_SECONDS = 5.0
"""How often at least hosts that hold hear that this process is still there."""
_ATTENDS = 4
"""How often they hear so within `hold_timeout`."""

_INTERRUPTED = Event()


@dataclass(frozen=True)
class Part:
    """What one host is asked to do: the open connection, the way to open another one, the request and its blobs."""

    host: str
    session: Session
    connect: Callable[[], Session]
    request: Frame
    blobs: Sequence[Blob] = ()


def run_together(
    parts: Sequence[Part],
    on_event: Callable[[str, Event], None],
    *,
    runner: str = "",
    hold_timeout: float = ATTEND_SECONDS * _ATTENDS,
) -> Ends:
    """Ask every host, and say the words at the points where all of them have to be.

    The first host by name begins alone until it holds its app's lock, so that of two commands for the same hosts
    one waits for the other, instead of each for a part of the hosts. The first SIGINT or SIGTERM asks the hosts to
    stop, and the result tells what came of it; the second one leaves.

    Args:
        parts: one a host.
        on_event: called in this thread with the host and each event of its task.
        runner: the host that runs the jobs which are run once.
        hold_timeout: for how many seconds a host that holds waits when it hears nothing.

    Raises:
        InterruptedByUserError: the user left before there was a result.
    """
    attend_every = min(ATTEND_SECONDS, hold_timeout / _ATTENDS)
    return _Coordinator(parts, on_event, runner or parts[0].host, attend_every).run()


@dataclass
class _Participant:
    """One host: its thread talks, the coordinator says words in between."""

    part: Part
    inbox: queue.SimpleQueue[tuple[str, Event | BaseException]]
    may_start: threading.Event = field(default_factory=threading.Event)
    cancelled: bool = False
    task: str | None = None
    joined: bool | None = None
    """Whether the task is another command's; None until it is told. Over a new connection it may be its own."""
    _session: Session | None = None
    _words: list[Frame] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """In a thread: ask, and hand over every event and the end."""
        self.may_start.wait()
        if self.cancelled:
            return
        part, end = self.part, None
        session, self._session = part.session, part.session
        try:
            end = run_remote_task(session, self._connect, part.request, part.blobs, self._take)
            self.inbox.put((part.host, end))
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits for it
            self.inbox.put((part.host, error))

    def say(self, frame: Frame, *, keep: bool = True) -> None:
        """Tell the host's task; a word is said again after a connection was lost."""
        with self._lock:
            if keep:
                self._words.append(frame)
            if self.task is not None:
                self._tell(frame)

    def _tell(self, frame: Frame) -> None:
        # A connection that is lost is made again, and then it is told.
        with contextlib.suppress(OSError, ValueError):
            assert self._session is not None
            self._session.tell(frame)

    def _connect(self) -> Session:
        session = self.part.connect()
        with self._lock:
            # Words are for a task that this connection follows: not before it has attached.
            self._session, self.task = session, None
            self.joined = self.joined or False
        return session

    def _take(self, event: Event) -> None:
        if isinstance(event, AttachedEvent):
            with self._lock:
                self.task = event.task
                self.joined = event.resumed if self.joined is None else self.joined
                for frame in self._words:
                    self._tell(frame)
        self.inbox.put((self.part.host, event))


class _Coordinator:
    def __init__(
        self, parts: Sequence[Part], on_event: Callable[[str, Event], None], runner: str, attend_every: float
    ) -> None:
        self._inbox: queue.SimpleQueue[tuple[str, Event | BaseException]] = queue.SimpleQueue()
        self._participants = {part.host: _Participant(part, self._inbox) for part in parts}
        self._on_event = on_event
        self._runner = runner
        self._attend_every = attend_every
        self._members = {part.host: Member() for part in parts}
        self._ends = Ends(dict.fromkeys(self._participants))
        self._pending = set(self._participants)
        self._phases = dict.fromkeys(self._participants, PREPARE.name)
        self._served = dict.fromkeys(self._participants, "nothing")
        self._first = min(self._participants)
        self._attended = time.monotonic()

    def run(self) -> Ends:
        for one in self._participants.values():
            threading.Thread(target=one.run, daemon=True).start()
        self._participants[self._first].may_start.set()
        try:
            with catching_interrupts(self._wake):
                while self._pending:
                    self._step()
        except KeyboardInterrupt:
            raise self._left() from None
        self._ends.joined = frozenset(host for host, one in self._participants.items() if one.joined)
        return self._ends

    def _wake(self) -> None:
        """In the middle of anything: a signal came."""
        self._inbox.put(("", _INTERRUPTED))

    @property
    def _is_alone(self) -> bool:
        return len(self._participants) == 1

    def _step(self) -> None:
        try:
            host, what = self._inbox.get(timeout=self._attend_every)
        except queue.Empty:
            self._attend()
            return
        if what is _INTERRUPTED:
            self._stop()
            return
        if isinstance(what, BaseException | Result):
            self._end(host, what)
        else:
            self._take(host, what)
        self._speak()
        if time.monotonic() - self._attended >= self._attend_every:
            self._attend()

    def _take(self, host: str, event: Event) -> None:
        self._members[host] = follow(self._members[host], event)
        if isinstance(event, PhaseEvent | NoteEvent) and event.phase:
            self._phases[host] = event.phase
        if isinstance(event, TaskEvent):
            self._served[host] = event.previous or self._served[host]
            if host == self._first:
                self._start_others()
        self._on_event(host, event)

    def _end(self, host: str, what: Result | BaseException) -> None:
        if isinstance(what, BaseException) and not isinstance(what, FairleadError):
            raise what
        lost, well = isinstance(what, FairleadError), is_well(what)
        # It may be live, and have something to say of its users: that takes no other host back.
        serves = not isinstance(what, FairleadError) and what.status == "live"
        self._ends.by_host[host] = what
        self._members[host] = replace(
            self._members[host], ended="lost" if lost else "well" if well or serves else "failed"
        )
        self._pending.discard(host)
        if not well and self._ends.culprit is None:
            self._ends.culprit = host
        if host == self._first and well:
            self._start_others()

    def _speak(self) -> None:
        """Say all that there is to be said. Hosts that were not asked yet never are, once one has failed."""
        # One event may be what two words waited for: who holds need not be heard of again.
        while (word := self._next_word()) is not None:
            self._say(word, f"{self._ends.culprit} failed" if word == STOP else "")

    def _next_word(self) -> str | None:
        return None if self._is_alone else plan_word(self._members, self._runner, self._ends.words)

    def _say(self, word: str, why: str = "") -> None:
        self._ends.words |= {word}
        for host in sorted(self._pending):
            one = self._participants[host]
            if word == STOP and not one.may_start.is_set():
                one.cancelled = True
                self._pending.discard(host)
                one.may_start.set()
            else:
                one.say({"order": word, "why": why} if why else {"order": word})

    def _start_others(self) -> None:
        for one in self._participants.values():
            one.may_start.set()

    def _attend(self) -> None:
        self._attended = time.monotonic()
        if not self._is_alone:
            for host in self._pending:
                self._participants[host].say({"order": "attend"}, keep=False)

    def _stop(self) -> None:
        """Ask the hosts to stop: at once where they have begun, else as soon as they say that they have."""
        self._ends.stopped = True
        if COMMIT in self._ends.words:
            text = "too late to stop: every host has been told to commit"
        else:
            text = "asked the server to stop at its next safe point; once more leaves at once"
            self._say(STOP, "the user stopped a command that followed it")
        self._on_event(self._first, NoteEvent(WARNING, text))

    def _left(self) -> InterruptedByUserError:
        tasks = sorted(one.task for one in self._participants.values() if one.task is not None)
        if not tasks:
            return InterruptedByUserError(
                "stopped before the server said that it had begun",
                why="a request that did not arrive whole changes nothing",
                fix="`fairlead status` shows what serves",
            )
        phases = ", ".join(
            f"{host} in the phase {phase}" if not self._is_alone else f"the server in the phase {phase}"
            for host, phase in self._phases.items()
        )
        goes_on = (
            "it stops at its next safe point" if self._ends.stopped else "it finishes or reverts on its own"
        )
        return InterruptedByUserError(
            f"left {phases}: {goes_on}",
            why=f"task {', '.join(tasks)} runs detached from this command; "
            f"{', '.join(sorted(set(self._served.values())))} served when it began",
            fix="`fairlead status` shows how it ended; the same command again follows it",
        )


def follow(member: Member, event: Event) -> Member:
    """How far a host is after an event. Pure."""
    if isinstance(event, HoldEvent) and event.point in POINTS:
        return replace(member, holding=event.point, migrated=member.migrated or event.point != POINTS[0])
    if isinstance(event, PhaseEvent) and event.phase == MIGRATE.name and event.state in {DONE, SKIPPED}:
        return replace(member, migrated=True)
    return member
