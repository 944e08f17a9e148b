"""How a command of the agent ended: the last event that a client sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Dict

from .errors import EXIT_OK

Emit = Callable[[Dict[str, Any]], None]
"""Where events go, the only output of a transaction."""


@dataclass(frozen=True)
class PhaseTime:
    """One phase as it ended: ``done``, ``skipped`` or ``failed``, in seconds."""

    phase: str
    state: str
    seconds: float

    def to_json(self) -> dict[str, object]:
        return {"phase": self.phase, "state": self.state, "seconds": round(self.seconds, 3)}


@dataclass(frozen=True)
class Result:
    """The outcome of a command.

    ``status`` is one of ``live``, ``unchanged``, ``reverted``, ``refused``, ``failed``, ``ok``;
    ``serving`` is the release that serves when the command has ended, None when nothing does.
    """

    status: str
    exit: int = EXIT_OK
    release: str | None = None
    serving: str | None = None
    previous: str | None = None
    phases: tuple[PhaseTime, ...] = ()
    error: Mapping[str, object] | None = None
    data: Mapping[str, object] = field(default_factory=dict)

    def to_event(self) -> dict[str, Any]:
        """The ``result`` event."""
        return {
            "event": "result",
            "status": self.status,
            "exit": self.exit,
            "release": self.release,
            "serving": self.serving,
            "previous": self.previous,
            "phases": [phase.to_json() for phase in self.phases],
            "error": dict(self.error) if self.error is not None else None,
            "data": dict(self.data),
        }
