"""What a client calls for: every request of the door, one dataclass each, which the client sends and the door reads.

Those that make a release serve are in ``changes.py``, and what becomes of them in ``request.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Optional

from .contract import RAW, TEXT, YES, kind, render
from .errors import InputFault
from .fields import Fields
from .frames import Frame
from .page import RETRY_AFTER

MAX_TAIL = 100_000
"""Lines of the past of each container."""
TAIL = 100
MAX_DRAIN = 24 * 3600
"""Seconds."""
_OTHER_END = "use the same version of fairlead on both ends"


def _read_tail(fields: Fields, name: str, default: int) -> int:
    tail = fields.raw.get(name, default)
    if not isinstance(tail, int) or not 0 <= tail <= MAX_TAIL:
        raise InputFault(f"`{name}` must be a number of lines up to {MAX_TAIL}", fix=f"correct --{name}")
    return tail


def _read_bound(fields: Fields, name: str, default: float) -> float:
    bound = fields.raw.get(name, default)
    if isinstance(bound, bool) or not isinstance(bound, (int, float)) or not 0 <= bound <= MAX_DRAIN:
        raise InputFault(f"`{name}` must be seconds up to {MAX_DRAIN}", fix=f"correct --{name}")
    return float(bound)


def _read_on(fields: Fields, name: str, _: Any) -> bool:
    on = fields.raw.get(name)
    if not isinstance(on, bool):
        raise InputFault(f"`{name}` must be true or false", fix=_OTHER_END)
    return on


def _read_start(fields: Fields, name: str, default: int) -> int:
    start = fields.raw.get(name, default)
    return start if isinstance(start, int) and start > 0 else 0


def _read_clock(fields: Fields, name: str, _: Any) -> Optional[float]:
    clock = fields.raw.get(name)
    return clock if isinstance(clock, float) else None


@dataclass(frozen=True)
class Call:
    """One request, by the name that it has on the wire; without fields of its own it is that name alone."""

    request: ClassVar[str]


class Hello(Call):
    """Who answers."""

    request = "hello"


@dataclass(frozen=True)
class Check(Call):
    """What the host lacks."""

    request = "check"
    time: Optional[float] = field(default=None, metadata=kind(_read_clock))
    """The client's clock, in epoch seconds."""


@dataclass(frozen=True)
class AskState(Call):
    """What serves, and the tasks that are under way."""

    request = "state"
    ask: bool = field(default=False, metadata=YES)
    """Also what is wrong with what users are answered now."""
    marks: bool = field(default=False, metadata=YES)
    """Also how values of secrets are named here: for who brings some."""
    digests: bool = field(default=False, metadata=YES)
    """Also of which images each release is."""


class AskHistory(Call):
    """Every deploy, rollback and maintenance."""

    request = "history"


@dataclass(frozen=True)
class Logs(Call):
    """The output of the containers that serve."""

    request = "logs"
    service: Optional[str] = field(default=None, metadata=TEXT)
    tail: int = field(default=TAIL, metadata=kind(_read_tail))
    follow: bool = field(default=False, metadata=YES)


@dataclass(frozen=True)
class AskPlan(Call):
    """What a change would do: it travels as that does, under this name."""

    request = "plan"
    change: Optional[Call] = None
    preflight: bool = field(default=False, metadata=YES)
    """The images of the release are still to be built: whatever would be refused then."""


@dataclass(frozen=True)
class Repair(Call):
    """Finish or take back what was left; ``decision`` is what the other hosts did."""

    request = "repair"
    decision: Optional[str] = field(default=None, metadata=TEXT)


@dataclass(frozen=True)
class Remove(Call):
    """Take the app off the host."""

    request = "remove"
    volumes: bool = field(default=False, metadata=YES)
    """Its data too."""
    by: str = field(default="", metadata=RAW)


@dataclass(frozen=True)
class Attach(Call):
    """Follow a task, the newest one if none is named."""

    request = "attach"
    task: Optional[str] = field(default=None, metadata=TEXT)
    start: int = field(default=0, metadata=kind(_read_start, name="from"))
    """How many of its events were seen."""


@dataclass(frozen=True)
class GiveOrder(Call):
    """Tell a task that nobody follows how to go on (``disk.orders``)."""

    request = "order"
    order: str = field(metadata=RAW)
    task: Optional[str] = field(default=None, metadata=TEXT)
    why: str = field(default="", metadata=RAW)


@dataclass(frozen=True)
class Drain(Call):
    """Answer 503 where a load balancer asks; no paths are those that it is likely to ask."""

    request = "drain"
    paths: tuple[str, ...] = field(default=(), metadata=RAW)
    timeout: float = field(default=0.0, metadata=kind(_read_bound))


class Undrain(Call):
    """Let a drained host take requests again."""

    request = "undrain"


@dataclass(frozen=True)
class Maintain(Call):
    """Show everybody a page, or let them in; its bounds are those of ``page.parse_page``."""

    request = "maintenance"
    on: bool = field(metadata=kind(_read_on))
    page: str = field(default="", metadata=RAW)
    retry_after: int = field(default=RETRY_AFTER, metadata=RAW)
    look: str = field(default="", metadata=RAW)
    by: str = field(
        default="", metadata=kind(lambda fields, name, default: str(fields.raw.get(name, default))[:200])
    )


def frame_of(call: Call) -> Frame:
    """The call as it travels."""
    change = render(call.change) if isinstance(call, AskPlan) else {}
    return {"request": call.request, **change, **render(call)}
