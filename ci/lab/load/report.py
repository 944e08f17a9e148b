"""What a load has counted, over all workers: the document, its windows, and the lines that a person reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.load.histogram import Histogram
from lab.load.plan import Part, Plan, Protocol
from lab.load.record import WINDOW_SECONDS, Fate

SCHEMA = "fairlead.load/v1"
_STREAMS = frozenset({Protocol.WS, Protocol.SSE})
_TROUBLES = 200
_SLOWEST = 20


@dataclass
class Tally:
    """Fates and latencies of some of the requests."""

    fates: dict[Fate, int] = field(default_factory=dict)
    latencies: Histogram = field(default_factory=Histogram)

    def add(self, fates: Mapping[str, int], latencies: Mapping[str, int]) -> None:
        """Add one window of a worker's or a report's document."""
        for fate, count in fates.items():
            self.fates[Fate(fate)] = self.fates.get(Fate(fate), 0) + count
        self.latencies.merge(Histogram({int(bucket): count for bucket, count in latencies.items()}))

    @property
    def requests(self) -> int:
        return sum(self.fates.values())

    @property
    def failed(self) -> int:
        """All that was not answered as it should have been; late answers are not among them."""
        return self.requests - self.fates.get(Fate.ANSWERED, 0) - self.fates.get(Fate.LATE, 0)

    def counts(self) -> dict[str, int]:
        """Every fate, those that nobody met included."""
        return {"total": self.requests, **{fate.value: self.fates.get(fate, 0) for fate in Fate}}


class Report:
    """A report document and questions to it. ``document`` has the schema ``fairlead.load/v1``."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document

    @property
    def failed(self) -> int:
        """Requests lost or answered wrongly, and what streams lost."""
        return int(self.document["failed"])

    def part(self, protocol: Protocol) -> Mapping[str, Any]:
        """The part of that protocol."""
        return next(part for part in self.document["parts"] if part["protocol"] == protocol)

    def tally(
        self, begin: float = 0.0, end: float = float("inf"), protocols: Iterable[Protocol] = ()
    ) -> Tally:
        """The requests that began between two moments, seconds since the epoch; of all protocols, or of some."""
        wanted, started = set(protocols), float(self.document["started"])
        tally = Tally()
        for part in self.document["parts"]:
            if wanted and Protocol(part["protocol"]) not in wanted:
                continue
            for window in part["windows"]:
                if begin <= started + window["at"] + WINDOW_SECONDS and started + window["at"] < end:
                    tally.add(window["requests"], window["latencies"])
        return tally

    def releases(self) -> dict[str, tuple[int, float, float]]:
        """Answers by release: how many, and when the first and the last came, in seconds since the epoch."""
        started = float(self.document["started"])
        found: dict[str, tuple[int, float, float]] = {}
        for part in self.document["parts"]:
            for one in part["releases"]:
                count, first, last = found.get(one["release"], (0, float("inf"), 0.0))
                found[one["release"]] = (
                    count + one["answers"],
                    min(first, started + one["first"]),
                    max(last, started + one["last"]),
                )
        return found


def add_up(plan: Plan, url: str, counted: Sequence[Mapping[str, Any]]) -> Report:
    """The report of what workers counted; ``counted`` is what each printed at its end.

    Times in it are seconds since the first worker began.
    """
    started = min(float(one["started"]) for one in counted)
    parts = []
    for number, part in enumerate(plan.parts):
        pieces = [(float(one["started"]) - started, one["parts"][number]) for one in counted]
        parts.append(_add_part(part, pieces))
    total = Tally()
    for part_document in parts:
        for window in part_document["windows"]:
            total.add(window["requests"], window["latencies"])
    streams = [one["streams"] for one in parts if one["streams"]]
    return Report(
        {
            "schema": SCHEMA,
            "url": url,
            "started": started,
            "seconds": round(max(float(one["seconds"]) for one in counted), 3),
            "processes": len(counted),
            "requests": total.counts(),
            "failed": total.failed + sum(one["cut"] + one["missed"] for one in streams),
            "latency_ms": total.latencies.summary(),
            "parts": parts,
        }
    )


def _add_part(part: Part, pieces: Sequence[tuple[float, Mapping[str, Any]]]) -> dict[str, Any]:
    windows = _add_windows(pieces)
    whole = Tally()
    for window in windows:
        whole.add(window["requests"], window["latencies"])
    return {
        "protocol": part.protocol.value,
        "path": part.asked_path,
        "loop": "open" if part.rate else "closed",
        "clients": part.clients,
        "rate": part.rate,
        "requests": whole.counts(),
        "lost_by": _add_counts(piece["causes"] for _, piece in pieces),
        "statuses": _add_counts(piece["statuses"] for _, piece in pieces),
        "latency_ms": whole.latencies.summary(),
        "releases": _add_releases(pieces),
        "streams": _add_streams([piece["streams"] for _, piece in pieces])
        if part.protocol in _STREAMS
        else None,
        "window_seconds": WINDOW_SECONDS,
        "windows": windows,
        "troubles": _add_troubles(pieces),
        "slowest": _add_slowest(pieces),
    }


def _add_windows(pieces: Sequence[tuple[float, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    by_index: dict[int, Tally] = {}
    for shift, piece in pieces:
        for index, (fates, latencies) in piece["windows"].items():
            at = int(index) + round(shift / WINDOW_SECONDS)
            by_index.setdefault(at, Tally()).add(fates, latencies)
    return [
        {
            "at": round(index * WINDOW_SECONDS, 3),
            "requests": {fate.value: count for fate, count in tally.fates.items()},
            "p99_ms": round(tally.latencies.percentile(99) * 1000, 3),
            "latencies": {str(bucket): count for bucket, count in sorted(tally.latencies.counts.items())},
        }
        for index, tally in sorted(by_index.items())
    ]


def _add_counts(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in counts:
        for name, count in one.items():
            total[name] = total.get(name, 0) + count
    return total


def _add_releases(pieces: Sequence[tuple[float, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    found: dict[str, tuple[int, float, float]] = {}
    for shift, piece in pieces:
        for release, (count, first, last) in piece["releases"].items():
            before = found.get(release, (0, float("inf"), 0.0))
            found[release] = (
                before[0] + int(count),
                min(before[1], first + shift),
                max(before[2], last + shift),
            )
    return [
        {"release": release, "answers": count, "first": round(first, 3), "last": round(last, 3)}
        for release, (count, first, last) in sorted(found.items(), key=lambda item: item[1][1])
    ]


def _add_streams(streams: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    gaps = Histogram()
    for one in streams:
        gaps.merge(Histogram({int(bucket): count for bucket, count in one["reconnect"].items()}))
    counters = [
        {name: count for name, count in one.items() if name not in {"codes", "reconnect"}} for one in streams
    ]
    return {
        **_add_counts(counters),
        "codes": _add_counts(one["codes"] for one in streams),
        "reconnected": gaps.total,
        "reconnect_ms": gaps.summary(),
    }


def _add_troubles(pieces: Sequence[tuple[float, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    troubles = [
        {**one, "at": round(one["at"] + shift, 4)} for shift, piece in pieces for one in piece["troubles"]
    ]
    return sorted(troubles, key=lambda one: one["at"])[:_TROUBLES]


def _add_slowest(pieces: Sequence[tuple[float, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    slowest = sorted(
        ((took, at + shift, release) for shift, piece in pieces for took, at, release in piece["slowest"]),
        reverse=True,
    )
    return [
        {"at": round(at, 3), "ms": round(took * 1000, 3), "release": release}
        for took, at, release in slowest[:_SLOWEST]
    ]


def render(report: Report) -> str:
    """The report for a person."""
    document = report.document
    lines = [f"{document['url']}: {document['seconds']:g} s"]
    for part in document["parts"]:
        lines += _render_part(part, document["seconds"])
    lines.append("every request was answered" if not report.failed else f"FAILED: {report.failed}")
    return "\n".join(lines)


def _render_part(part: Mapping[str, Any], seconds: float) -> list[str]:
    requests, latency = part["requests"], part["latency_ms"]
    bad = [
        f"{count} {name.replace('_', ' ')}" for name, count in requests.items() if name != "total" and count
    ]
    how = f"{part['rate']:g}/s asked for" if part["rate"] else f"{part['clients']} clients"
    lines = [
        f"{part['protocol']:<9}{how}: {requests['total']} requests, {requests['total'] / seconds:.0f}/s: {', '.join(bad)}",
        "         " + ", ".join(f"{name} {value:g} ms" for name, value in latency.items()),
    ]
    if part["lost_by"]:
        lines.append("         lost by: " + _listed(part["lost_by"]))
    if len(part["releases"]) > 1 or any(one["release"] for one in part["releases"]):
        lines.append(
            "         releases: "
            + ", ".join(f"{one['release'] or 'unnamed'} {one['answers']}" for one in part["releases"])
        )
    if part["streams"]:
        streams = {name: count for name, count in part["streams"].items() if isinstance(count, int)}
        lines.append("         streams: " + _listed(streams))
    return lines


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())
