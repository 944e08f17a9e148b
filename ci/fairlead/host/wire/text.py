"""What a state, a history and a plan look like to people: rows and sentences. Pure; the client uses them too."""

from __future__ import annotations

import calendar
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Optional

from .visible import visible_line

if TYPE_CHECKING:
    from .events import LogEvent
    from .status import HistoryEntry, RunningService, ShownPage, StateAnswer

STATUS_HEADERS = ("SERVICE", "ROLE", "RELEASE", "STATE", "SINCE", "IMAGE")
HISTORY_HEADERS = ("WHEN", "WHAT", "RELEASE", "COMMIT", "BY", "TOOK", "ENDED")
_TROUBLED = ("unhealthy", "stopped", "partly stopped")
_SHORT = 12
_KEY_CHARS = len("SHA256:") + 8


def status_rows(state: StateAnswer, now: float) -> list[tuple[str, ...]]:
    """One row a service, for ``STATUS_HEADERS``; ``now`` in epoch seconds."""
    return [
        (
            service.service,
            service.role,
            service.release or "platform" if service.role != "job" else "-",
            service_state(service),
            ago(service.since, now),
            short_image(service.image),
        )
        for service in state.services
    ]


def service_state(service: RunningService) -> str:
    """A service's state in words: ``healthy``, ``healthy, 2 of 3``, ``healthy, not the wanted image``."""
    words, replicas = [service.state], service.replicas
    running = [one for one in service.containers if one.running]
    if replicas is not None and (len(running) != replicas or replicas > 1):
        words.append(f"{len(running)} of {replicas}")
    restarts = sum(one.restarts for one in running)
    if restarts:
        words.append("restarted once" if restarts == 1 else f"restarted {restarts} times")
    if running and service.running_digest != service.digest:
        words.append("not the wanted image")
    return ", ".join(words)


def status_sentence(state: StateAnswer, now: float) -> str:
    """What serves, in one line."""
    if not state.serving:
        return f"{state.app}: nothing serves"
    where = f" at {state.url}" if state.url else ""
    since = f", {ago(state.since, now)} ago" if state.since else ""
    by = f", by {state.by}" if state.by else ""
    what = f"serves {state.serving}, commit {short(state.revision)}"
    return f"{state.app} ({state.environment}) {what}{where}{since}{by}"


def status_remarks(state: StateAnswer) -> list[str]:
    """What needs somebody's attention, or is good to know."""
    remarks, unfinished = [], state.unfinished
    if state.busy:
        committed = unfinished is not None and unfinished.committed
        ending = "; it is live, and what it replaced is being stopped" if committed else ""
        remarks.append(f"under way: {state.busy}{ending}")
    elif unfinished is not None:
        remarks.append(
            f"a {unfinished.kind} of {unfinished.release} was interrupted in {unfinished.phase or 'its beginning'}"
            ": the next command repairs it, or `repair` does now"
        )
    behind = [one for one in state.services if one.revision not in (None, state.revision)]
    for revision in sorted({str(one.revision) for one in behind}):
        names = ", ".join(one.service for one in behind if one.revision == revision)
        remarks.append(f"of the commit {short(revision)}, unchanged since or left there by --only: {names}")
    if state.drained:
        remarks.append(f"drained: {', '.join(state.drained)} answers 503 to load balancers")
    if state.previous:
        runs = f", which runs on until {stamp(state.standby.until)}" if state.standby else ""
        remarks.append(f"`rollback` goes back to {state.previous}{runs}")
    return remarks


def find_troubles(state: StateAnswer, now: Optional[float] = None) -> list[str]:
    """Why what serves is not well, in words: services that do not stay up, are sick or gone, pages that fail.

    ``now`` is in epoch seconds; without it, it is asked.
    """
    now = time.time() if now is None else now
    shown = [maintenance_sentence(state.maintenance)] if state.maintenance is not None else []
    found = [text for service in state.services for text in _trouble(service, now)]
    return [*shown, *found, *(state.unserved or ())]


def maintenance_sentence(page: ShownPage) -> str:
    """That users are not served, on purpose."""
    since = f" since {stamp(page.since)}" if page.since else ""
    by = f" by {page.by}" if page.by else ""
    return f"in maintenance{since}{by}: users see a page with 503 until `fairlead maintenance off`"


def _trouble(service: RunningService, now: float) -> list[str]:
    name, how = service.service, service.state
    if how == "restarting":
        return [f"{name} {_restarts(service, now)}: `fairlead logs {name}` shows why"]
    if how == "missing":
        return [f"{name} has no container: `fairlead repair`, or deploy again"]
    return [f"{name} is {how}: `fairlead logs {name}` shows why"] if how in _TROUBLED else []


def _restarts(service: RunningService, now: float) -> str:
    """How often its container was restarted that was so most often, and when where that was once."""
    one = max(service.containers, key=lambda one: (one.restarts, not one.running))
    if one.restarts > 1:
        return f"is restarted over and over ({one.restarts} times)"
    if not one.running:
        return "has ended and is about to be started again"
    return f"was restarted once, {ago(one.since, now)} ago" if one.since else "was restarted once"


def history_rows(entries: Sequence[HistoryEntry]) -> list[tuple[str, ...]]:
    """One row a deploy or rollback, for ``HISTORY_HEADERS``."""
    return [
        (
            stamp(entry.began_at),
            f"secret {', '.join(entry.secrets)}" if entry.secrets else entry.kind,
            _way(entry),
            short(entry.revision),
            _by(entry),
            _took(entry),
            _ending(entry),
        )
        for entry in entries
    ]


def _way(entry: HistoryEntry) -> str:
    """From which release to which; nothing for what changes none."""
    ends = (entry.previous, entry.release)
    return f"{ends[0] or '-'} -> {ends[1] or '-'}" if any(ends) else "-"


def _by(entry: HistoryEntry) -> str:
    """Who it was by their own word, the beginning of the key that was used where the server knows it, and why."""
    by = entry.by or "-"
    key = f" ({entry.key[:_KEY_CHARS]})" if entry.key else ""
    return f"{by}{key}: {entry.reason}" if entry.reason else f"{by}{key}"


def short(revision: object) -> str:
    """The first digits of a commit or a digest."""
    return str(revision or "-").replace("sha256:", "")[:_SHORT]


def short_image(image: str) -> str:
    """``ghcr.io/acme/board/api@1a2b3c4d5e6f``: an image with the first digits of its digest."""
    name, _, digest = image.partition("@")
    return f"{name}@{short(digest)}" if digest else name


def stamp(seconds: Optional[float]) -> str:
    """A time in UTC, to the second; one that no calendar has is of a file that was damaged."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(seconds)) if seconds else "-"
    except (OverflowError, ValueError, OSError):
        return "-"


def ago(since: object, now: float) -> str:
    """How long ago, roughly: ``5 s``, ``12 min``, ``3 h``, ``9 d``. ``since`` is epoch seconds or an ISO time."""
    passed = age_of(since, now)
    if passed is None:
        return "-"
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if passed >= 2 * size or (unit == "min" and passed >= size):
            return f"{passed / size:.0f} {unit}"
    return f"{passed:.0f} s"


def age_of(since: object, now: float) -> Optional[float]:
    """Seconds since a time, epoch seconds or an ISO time; None where that is none."""
    seconds = _epoch(since)
    return None if seconds is None else max(0.0, now - seconds)


def time_between(since: object, until: object) -> float:
    """Seconds from one such time to another; 0 where one of them is none, or comes before."""
    first, last = _epoch(since), _epoch(until)
    return 0.0 if first is None or last is None else max(0.0, last - first)


def render_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with aligned columns."""
    table = [tuple(visible_line(cell) for cell in row) for row in (headers, *rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(headers))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in table]


def _epoch(since: object) -> Optional[float]:
    if isinstance(since, (int, float)):
        return float(since)
    if not isinstance(since, str) or len(since) < 19:
        return None
    try:
        # The engine's times: 2030-01-31T23:59:59.123456789Z
        return float(_utc_seconds(since[:19]))
    except ValueError:
        return None


def _utc_seconds(text: str) -> int:
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%S"))


def _took(entry: HistoryEntry) -> str:
    began, ended = entry.began_at, entry.ended_at
    return f"{ended - began:.1f} s" if began and ended else "-"


def _ending(entry: HistoryEntry) -> str:
    if entry.status == "unfinished" and entry.committed:
        # Who rolls back does not wait for what comes after the commit.
        return "live; what it replaced is not all stopped and removed yet"
    what = entry.error.get("what") if entry.error is not None else None
    return f"{entry.status}: {what}" if what else entry.status


def render_log(line: LogEvent) -> str:
    """One line of a container's output, with the container it came from."""
    return f"{line.container or line.service} | {line.line}"
