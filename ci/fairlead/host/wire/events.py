"""What the agent tells while it works: events, a frozen dataclass each, written in full and read by the client.

The last one of every request is its ``Result`` (``result.py``). An event of a kind that a client does not know is
an ``Event`` without fields: a newer agent may tell more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from .answer import COUNT, NUMBER, SWITCH, WORD, beside, render_answer
from .contract import parse
from .fields import Faults, Fields
from .result import Event, Result

_NO_EVENT = "what the server tells does not hold"
_OTHER_END = "use the same version of fairlead on both ends"

INFO = "info"
WARNING = "warning"
"""The levels of a note."""
BEGUN, DONE, SKIPPED, FAILED = "begin", "done", "skipped", "failed"
"""How far a phase is."""


@dataclass(frozen=True)
class AttachedEvent(Event):
    """The client follows this task; ``resumed``: it was under way already."""

    kind = "attached"
    task: str = field(default="", metadata=WORD)
    resumed: bool = field(default=False, metadata=SWITCH)


@dataclass(frozen=True)
class TaskEvent(Event):
    """The task has its app's lock, and begins to make a release serve in the place of the previous one."""

    kind = "task"
    task: str = field(default="", metadata=WORD)
    release: Optional[str] = field(default=None, metadata=WORD)
    previous: Optional[str] = field(default=None, metadata=WORD)


@dataclass(frozen=True)
class PhaseEvent(Event):
    """A phase begins or has ended, at epoch seconds; the ``seconds`` that it took are told at its end."""

    kind = "phase"
    phase: str = field(default="", metadata=WORD)
    state: str = field(default="", metadata=WORD)
    at: float = field(default=0.0, metadata=NUMBER)
    seconds: Optional[float] = field(default=None, metadata=beside("seconds", NUMBER))
    detail: str = field(default="", metadata=WORD)


@dataclass(frozen=True)
class NoteEvent(Event):
    """Something for the user that is no failure; ``phase`` is the one under way, empty for none."""

    kind = "note"
    level: str = field(default=INFO, metadata=WORD)
    text: str = field(default="", metadata=WORD)
    phase: str = field(default="", metadata=WORD)


@dataclass(frozen=True)
class HoldEvent(Event):
    """One of several hosts waits at this point (``fleet.POINTS``) for the client's word."""

    kind = "hold"
    point: str = field(default="", metadata=WORD)


@dataclass(frozen=True)
class QuietEvent(Event):
    """Whether users' requests have ceased, and what is still open, where that is known."""

    kind = "quiet"
    quiet: bool = field(default=False, metadata=SWITCH)
    in_flight: Optional[int] = field(default=None, metadata=COUNT)
    streams: Optional[int] = field(default=None, metadata=COUNT)


@dataclass(frozen=True)
class LogEvent(Event):
    """A line of a container's output; ``release`` is whose container it is, empty for the platform's."""

    kind = "log"
    service: str = field(default="", metadata=WORD)
    release: str = field(default="", metadata=WORD)
    container: str = field(default="", metadata=WORD)
    line: str = field(default="", metadata=WORD)


def render_event(event: Event) -> dict[str, Any]:
    """The event as it travels."""
    return {"event": event.kind, **render_answer(event)}


def kind_of(raw: Mapping[str, Any]) -> str:
    """Which event a frame is, before anything else of it is read."""
    return str(raw.get("event", ""))


def parse_event(raw: Mapping[str, Any]) -> Event:
    """The event from a frame.

    Raises:
        InputFault: a field of it is something else; all faults are told.
    """
    faults = Faults()
    event = _read(raw, faults)
    faults.raise_if_any(_NO_EVENT, _OTHER_END)
    return event


def salvage_event(raw: Mapping[str, Any]) -> Event:
    """The event from a file that may be damaged: a field that does not hold is as if it had not been told."""
    return _read(raw, Faults())


def _read(raw: Mapping[str, Any], faults: Faults) -> Event:
    return parse(_KINDS.get(kind_of(raw), Event), Fields(raw, "event", faults))


_KINDS: Mapping[str, type[Event]] = {
    one.kind: one
    for one in (AttachedEvent, TaskEvent, PhaseEvent, NoteEvent, HoldEvent, QuietEvent, LogEvent, Result)
}
