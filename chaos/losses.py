"""Which lost requests a fault excuses: those that were under way while it lasted. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lab.load.record import WINDOW_SECONDS, Fate
from lab.load.report import Report

_BAD = (Fate.LOST, Fate.WRONG_STATUS, Fate.WRONG_BODY)

Span = tuple[float, float]


def count_lost(report: Report, spans: Sequence[Span]) -> tuple[int, int]:
    """Lost requests that nothing excuses, and those that a fault does.

    Args:
        report: what became of each request.
        spans: from when to when a fault lasted, in seconds since the epoch.
    """
    started = float(report.document["started"])
    lost = excused = 0
    for part in report.document["parts"]:
        bad, fine = _count(part, [(begin - started, end - started) for begin, end in spans])
        lost, excused = lost + bad, excused + fine
    return lost, excused


def _count(part: Mapping[str, Any], spans: Sequence[Span]) -> tuple[int, int]:
    total = sum(int(part["requests"].get(fate.value, 0)) for fate in _BAD)
    if total <= len(part["troubles"]):
        # Each is told with when it began and how long it took.
        periods = [(float(one["at"]), float(one["at"]) + float(one["seconds"])) for one in part["troubles"]]
        excused = sum(1 for period in periods if _overlaps(period, spans))
        return total - excused, excused
    # Only the first are told one by one: the longest of them says how long others may have been under way before.
    told = ((float(one["at"]), float(one["seconds"])) for one in part["troubles"])
    slack = max((took for at, took in told if _overlaps((at, at + took), spans)), default=0.0)
    excused = 0
    for window in part["windows"]:
        period = (window["at"], window["at"] + WINDOW_SECONDS + slack)
        if _overlaps(period, spans):
            excused += sum(int(window["requests"].get(fate.value, 0)) for fate in _BAD)
    return total - excused, excused


def _overlaps(period: Span, spans: Sequence[Span]) -> bool:
    return any(period[0] <= end and begin <= period[1] for begin, end in spans)
