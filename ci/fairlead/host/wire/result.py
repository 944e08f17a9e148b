"""How a command of the agent ended: the last event that a client sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Optional

from .answer import COUNT, NUMBER, RECORD, WORD, WORDS, beside, part, parts, render_answer
from .contract import kind
from .errors import EXIT_OK, AgentError, InputFault

_EXIT = kind(lambda fields, name, _: COUNT["read"](fields, name, AgentError.exit_code))
"""Who does not say that it ended well has failed."""

REFUSED = "refused"
FAILED = "failed"


@dataclass(frozen=True)
class Event:
    """Something that is told, by the name of its kind on the wire."""

    kind: ClassVar[str] = ""


Emit = Callable[[Event], None]
"""Where events go, the only output of a transaction."""


@dataclass(frozen=True)
class PhaseTime:
    """One phase as it ended: ``done``, ``skipped`` or ``failed``, in seconds."""

    phase: str = field(default="", metadata=WORD)
    state: str = field(default="", metadata=WORD)
    seconds: float = field(default=0.0, metadata=NUMBER)


@dataclass(frozen=True)
class ErrorReport:
    """An error as it is shown; ``service`` is whom it is about, None where that is nobody in particular."""

    what: str = field(default="", metadata=WORD)
    why: str = field(default="", metadata=WORD)
    fix: str = field(default="", metadata=WORD)
    details: tuple[str, ...] = field(default=(), metadata=WORDS)
    service: Optional[str] = field(default=None, metadata=WORD)


@dataclass(frozen=True)
class Result(Event):
    """The outcome of a command.

    ``status`` is one of ``live``, ``unchanged``, ``reverted``, ``refused``, ``failed``, ``ok``;
    ``serving`` is the release that serves when the command has ended, None when nothing does.
    """

    kind = "result"
    status: str = field(default="", metadata=WORD)
    exit: int = field(default=EXIT_OK, metadata=_EXIT)
    release: Optional[str] = field(default=None, metadata=WORD)
    serving: Optional[str] = field(default=None, metadata=WORD)
    previous: Optional[str] = field(default=None, metadata=WORD)
    phases: tuple[PhaseTime, ...] = field(default=(), metadata=parts(PhaseTime))
    error: Optional[ErrorReport] = field(default=None, metadata=part(ErrorReport))
    data: Mapping[str, Any] = field(default_factory=dict, metadata=RECORD)


@dataclass(frozen=True)
class Act:
    """What was done to one service, and why; ``image`` is told by who goes back alone, and is what it runs now."""

    service: str = field(default="", metadata=WORD)
    action: str = field(default="", metadata=WORD)
    reason: str = field(default="", metadata=WORD)
    image: Optional[str] = field(default=None, metadata=beside("image", WORD))


@dataclass(frozen=True)
class Acted:
    """The part of a result's ``data`` that tells what was done to services; ``kept`` so many are as they were."""

    actions: tuple[Act, ...] = field(default=(), metadata=parts(Act))
    kept: int = field(default=0, metadata=COUNT)


def report_of(error: AgentError) -> ErrorReport:
    """The error as it travels."""
    return ErrorReport(error.what, error.why, error.fix, error.details, error.service)


def render_error(error: AgentError) -> dict[str, Any]:
    """The error as it is written down and printed."""
    return render_answer(report_of(error))


def failed_result(error: AgentError, **more: Any) -> Result:
    """The result of what an error ended before anything was touched; ``more`` are fields of it."""
    status = REFUSED if isinstance(error, InputFault) else FAILED
    return Result(status, error.exit_code, error=report_of(error), **more)
