"""Timing commands against each other, and the rows that come out."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: what was measured.
        ours: Fairlead's figure, with its unit.
        floor: the figure of the floor or peer, with its unit and name.
        ratio: how they compare, as text.
        goal: what was aimed for.
        held: whether the goal was reached.
    """

    what: str
    ours: str
    floor: str
    ratio: str
    goal: str
    held: bool


def seconds(work: Callable[[], object]) -> float:
    """How long ``work`` takes, in seconds of wall time."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def cpu_seconds(work: Callable[[], object]) -> float:
    """How much processor time the processes take that ``work`` starts and waits for, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def in_turn(
    ours: Callable[[], object], floor: Callable[[], object], *, runs: int
) -> tuple[float, float, float]:
    """Run both in turn, ours first, after one warm-up of each.

    Returns: the medians of ours and of the floor in seconds, and the median of the ratios pair by pair,
    which holds when the machine's speed drifts.
    """
    ours()
    floor()
    pairs = [(seconds(ours), seconds(floor)) for _ in range(runs)]
    return (
        statistics.median(first for first, _ in pairs),
        statistics.median(second for _, second in pairs),
        statistics.median(first / second for first, second in pairs),
    )
