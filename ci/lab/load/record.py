"""The count of every request's fate, in total and in windows of time."""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lab.load.histogram import Histogram

WINDOW_SECONDS = 0.1
_TROUBLES = 200
_SLOWEST = 20


class Fate(StrEnum):
    """What became of a request. Each has exactly one."""

    ANSWERED = "answered"
    LATE = "late"
    WRONG_STATUS = "wrong_status"
    WRONG_BODY = "wrong_body"
    LOST = "lost"


class Cause(StrEnum):
    """How a request was lost."""

    REFUSED = "refused"
    RESET = "reset"
    EOF = "eof"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"
    UNSENT = "unsent"


class LostError(Exception):
    """A request got no answer, or half of one."""

    def __init__(self, cause: Cause, detail: str = "") -> None:
        super().__init__(detail or cause.value)
        self.cause = cause


@dataclass
class Window:
    """What began in one window of time: counts by fate and the latencies of what was answered, late or not."""

    fates: dict[Fate, int] = field(default_factory=dict)
    latencies: Histogram = field(default_factory=Histogram)


@dataclass
class Streams:
    """What became of long connections (WebSocket, server-sent events).

    A stream that the server ends as its protocol asks (a close frame, the last chunk) is ``closed``;
    one that just ends is ``cut``; one that lived until the load ended is ``kept``. ``reconnect`` is the time from
    the end of a stream to the first message on the next one. ``messages`` were answered (ws) or received (sse);
    ``retried`` were on their way when a stream was closed, and sent again; ``lost`` when it was cut; ``missed`` are
    gaps in the numbers of events.
    """

    opened: int = 0
    closed: int = 0
    cut: int = 0
    kept: int = 0
    messages: int = 0
    retried: int = 0
    lost: int = 0
    missed: int = 0
    codes: dict[str, int] = field(default_factory=dict)
    reconnect: Histogram = field(default_factory=Histogram)

    def to_json(self) -> dict[str, Any]:
        """The counters, with the times to reconnect as a histogram."""
        counters = {name: value for name, value in vars(self).items() if isinstance(value, int)}
        return {**counters, "codes": self.codes, "reconnect": dict(self.reconnect.counts)}


class Recorder:
    """Counts for one part of a load. Times are seconds of ``time.monotonic``, reported from ``origin`` on."""

    def __init__(self, origin: float, late: float) -> None:
        self.origin = origin
        self._late = late
        self.windows: dict[int, Window] = {}
        self.statuses: dict[str, int] = {}
        self.causes: dict[Cause, int] = {}
        self.releases: dict[str, list[float]] = {}
        self.troubles: list[dict[str, Any]] = []
        self.slowest: list[tuple[float, float, str]] = []
        self.streams = Streams()

    def answered(
        self, began: float, status: int, release: str, *, expected: int = 200, body_ok: bool = True
    ) -> None:
        """Count an answer that came now, to a request that began, or was due, at ``began``."""
        now = time.monotonic()
        latency = now - began
        if status != expected:
            fate = Fate.WRONG_STATUS
        elif not body_ok:
            fate = Fate.WRONG_BODY
        else:
            fate = Fate.LATE if latency > self._late else Fate.ANSWERED
        self.statuses[str(status)] = self.statuses.get(str(status), 0) + 1
        window = self._count(began, fate)
        if fate in {Fate.ANSWERED, Fate.LATE}:
            self._see_release(release, now)
            window.latencies.add(latency)
            self._see_slow(latency, began, release)
        else:
            self._note(began, fate, status=status, release=release, seconds=round(latency, 4))

    def lost(self, began: float, error: LostError) -> None:
        """Count a request that got no answer."""
        self.causes[error.cause] = self.causes.get(error.cause, 0) + 1
        self._count(began, Fate.LOST)
        waited = round(time.monotonic() - began, 4)
        self._note(began, Fate.LOST, cause=error.cause.value, detail=str(error), seconds=waited)

    def _count(self, began: float, fate: Fate) -> Window:
        index = int((began - self.origin) / WINDOW_SECONDS)
        window = self.windows.get(index)
        if window is None:
            window = self.windows[index] = Window()
        window.fates[fate] = window.fates.get(fate, 0) + 1
        return window

    def _see_release(self, release: str, now: float) -> None:
        at = now - self.origin
        seen = self.releases.get(release)
        if seen is None:
            self.releases[release] = [1, at, at]
        else:
            seen[0] += 1
            seen[2] = at

    def _see_slow(self, latency: float, began: float, release: str) -> None:
        entry = (latency, began - self.origin, release)
        if len(self.slowest) < _SLOWEST:
            heapq.heappush(self.slowest, entry)
        elif latency > self.slowest[0][0]:
            heapq.heapreplace(self.slowest, entry)

    def _note(self, began: float, fate: Fate, **facts: Any) -> None:
        if len(self.troubles) < _TROUBLES:
            self.troubles.append({"at": round(began - self.origin, 4), "fate": fate.value, **facts})

    def to_json(self) -> dict[str, Any]:
        """All that was counted, in the form in which reports of several workers are added up."""
        return {
            "windows": {
                str(index): [dict(window.fates), dict(window.latencies.counts)]
                for index, window in self.windows.items()
            },
            "statuses": self.statuses,
            "causes": self.causes,
            "releases": self.releases,
            "troubles": self.troubles,
            "slowest": self.slowest,
            "streams": self.streams.to_json(),
        }
