"""Follow work that outlives its connection: connect again, bounded, and go on where the events stopped."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fairlead.errors import CommandFailedError
from fairlead.host.wire.calls import Attach, frame_of
from fairlead.host.wire.events import WARNING, AttachedEvent, NoteEvent
from fairlead.host.wire.frames import Frame
from fairlead.host.wire.result import Event, Result
from fairlead.remote.outcome import read_event, result_of
from fairlead.remote.session import Blob, LostError, Session

OnEvent = Callable[[Event], None]
"""Hears of every event but the result."""

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0)
"""Seconds between attempts to connect again; progress starts them anew."""


@dataclass
class _Progress:
    """How far the events of a task were seen: its id, once the agent told it, and how many came."""

    on_event: OnEvent
    task: str | None = None
    seen: int = 0
    attempts: list[float] = field(default_factory=lambda: list(PAUSES))

    def take(self, frame: Frame) -> None:
        event = read_event(frame)
        self.attempts = list(PAUSES)
        if isinstance(event, AttachedEvent):
            self.task = event.task
        else:
            self.seen += 1
        self.on_event(event)


def run_remote_task(
    session: Session,
    connect: Callable[[], Session],
    request: Frame,
    blobs: Sequence[Blob],
    on_event: OnEvent,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Ask for a task and follow it to its result, over as many connections as that takes.

    A connection that was lost before the agent named the task sends the request again, under the same nonce: by that the
    agent knows what it has begun already. Each event is handed over once.

    Args:
        session: the connection that is open.
        connect: opens another one.
        request: ``deploy``, ``rollback``, ``repair`` or ``attach``.
        blobs: what travels beside it.
        on_event: hears of every event but the result.
        sleep: pauses between attempts.

    Raises:
        LostError: the server could not be reached again.
        CommandFailedError: what it tells does not hold.
    """
    progress = _Progress(on_event)
    named = {**request, "nonce": secrets.token_hex(16)}
    try:
        return result_of(session.ask(named, blobs, progress.take))
    except LostError as lost:
        return _resume(connect, named, blobs, progress, lost, sleep)


def _resume(
    connect: Callable[[], Session],
    request: Frame,
    blobs: Sequence[Blob],
    progress: _Progress,
    lost: CommandFailedError,
    sleep: Callable[[float], None],
) -> Result:
    while progress.attempts:
        pause = progress.attempts.pop(0)
        progress.on_event(NoteEvent(WARNING, f"{lost.what}; connecting again in {pause:g} s"))
        sleep(pause)
        try:
            with connect() as session:
                if progress.task is None:
                    return result_of(session.ask(request, blobs, progress.take))
                again = frame_of(Attach(progress.task, progress.seen))
                return result_of(session.ask(again, (), progress.take))
        except LostError as error:
            lost = error
    raise LostError(
        f"{lost.what}, and it did not come back",
        why=lost.why,
        fix="the host finishes or reverts on its own; run the same command again to see how it ended",
        details=lost.details,
    )
