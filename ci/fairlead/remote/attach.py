"""Follow work that outlives its connection: connect again, bounded, and go on where the events stopped."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fairlead.errors import CommandFailedError, InterruptedByUserError
from fairlead.host.fleet import STOP
from fairlead.host.frames import Frame
from fairlead.remote.interrupt import catching_interrupts
from fairlead.remote.outcome import stopped_result
from fairlead.remote.session import Blob, Event, LostError, OnEvent, Session

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0)
"""Seconds between attempts to connect again; progress starts them anew."""


@dataclass
class _Progress:
    """How far the events of a task were seen: its id, once the agent told it, how many came, which phase it is in.

    ``previous`` is what served when it began. ``stopping``: the user asked to stop.
    """

    on_event: OnEvent
    session: Session
    task: str | None = None
    phase: str = ""
    previous: str | None = None
    stopping: bool = False
    seen: int = 0
    attempts: list[float] = field(default_factory=lambda: list(PAUSES))

    def take(self, event: Event) -> None:
        self.attempts = list(PAUSES)
        if event.get("event") == "attached":
            self.task = str(event["task"])
            if self.stopping:
                self._tell_to_stop()
        else:
            self.seen += 1
            self.phase = str(event.get("phase") or self.phase)
            self.previous = event.get("previous") or self.previous
        self.on_event(event)

    def stop(self) -> None:
        """Ask the server to stop: at once where it has begun, else as soon as it says that it has."""
        self.stopping = True
        if self.task is not None:
            self._tell_to_stop()
        text = "asked the server to stop at its next safe point; once more leaves at once, and it goes on by itself"
        with contextlib.suppress(RuntimeError):  # the signal came in the middle of a print
            self.on_event({"event": "note", "level": "warning", "text": text})

    def _tell_to_stop(self) -> None:
        # A connection that is lost is made again, and then it is told.
        with contextlib.suppress(OSError):
            self.session.tell({"order": STOP, "why": "the user stopped the command"})


def run_remote_task(
    session: Session,
    connect: Callable[[], Session],
    request: Frame,
    blobs: Sequence[Blob],
    on_event: OnEvent,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Event:
    """Ask for a task and follow it to its result, over as many connections as that takes.

    A connection that was lost before the agent named the task sends the request again: the agent recognises
    one that is under way. Each event is handed over once. The first SIGINT or SIGTERM asks the server to stop, and
    the result tells what came of it; the second one leaves.

    Args:
        session: the connection that is open.
        connect: opens another one.
        request: ``deploy``, ``rollback``, ``repair`` or ``attach``.
        blobs: what travels beside it.
        on_event: called for every event but the result.
        sleep: pauses between attempts.

    Raises:
        LostError: the server could not be reached again.
        InterruptedByUserError: the user left before there was a result; the host goes on.
    """
    progress = _Progress(on_event, session)
    try:
        with catching_interrupts(progress.stop):
            try:
                result = session.ask(request, blobs, progress.take)
            except LostError as lost:
                result = _resume(connect, request, blobs, progress, lost, sleep)
    except KeyboardInterrupt:
        raise _left(progress) from None
    return stopped_result(result) if progress.stopping else result


def _resume(
    connect: Callable[[], Session],
    request: Frame,
    blobs: Sequence[Blob],
    progress: _Progress,
    lost: CommandFailedError,
    sleep: Callable[[float], None],
) -> Event:
    while progress.attempts:
        pause = progress.attempts.pop(0)
        progress.on_event(
            {"event": "note", "level": "warning", "text": f"{lost.what}; connecting again in {pause:g} s"}
        )
        sleep(pause)
        try:
            with connect() as session:
                progress.session = session
                if progress.task is None:
                    return session.ask(request, blobs, progress.take)
                attach = {
                    "request": "attach",
                    "app": _app_of(request),
                    "task": progress.task,
                    "from": progress.seen,
                }
                return session.ask(attach, (), progress.take)
        except LostError as again:
            lost = again
    raise LostError(
        f"{lost.what}, and it did not come back",
        why=lost.why,
        fix="the host finishes or reverts on its own; run the same command again to see how it ended",
        details=lost.details,
    )


def _app_of(request: Frame) -> str:
    release = request.get("release")
    return str(release["app"] if isinstance(release, dict) else request.get("app", ""))


def _left(progress: _Progress) -> InterruptedByUserError:
    if progress.task is None:
        return InterruptedByUserError(
            "stopped before the server said that it had begun",
            why="a request that did not arrive whole changes nothing",
            fix="`fairlead status` shows what serves",
        )
    serving = progress.previous or "nothing"
    goes_on = "it stops at its next safe point" if progress.stopping else "it finishes or reverts on its own"
    return InterruptedByUserError(
        f"left the server in the phase {progress.phase or 'prepare'}: {goes_on}",
        why=f"task {progress.task} runs detached from this command; {serving} served when it began",
        fix="`fairlead status` shows how it ended; the same command again follows it",
    )
