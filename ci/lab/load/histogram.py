"""Latencies counted in buckets whose width grows with the value, so that histograms of any run can be added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# 64 buckets for each doubling: a percentile is at most 1.6 % above the true value.
_PRECISION = 6
_HALF = 1 << _PRECISION


def bucket_of(microseconds: int) -> int:
    """The bucket of a latency."""
    shift = max(0, microseconds.bit_length() - _PRECISION - 1)
    return (shift << _PRECISION) + (microseconds >> shift)


def upper_bound(bucket: int) -> int:
    """The highest latency in a bucket, in microseconds."""
    if bucket < 2 * _HALF:
        return bucket
    shift = (bucket >> _PRECISION) - 1
    return ((bucket - (shift << _PRECISION) + 1) << shift) - 1


class Histogram:
    """How many latencies fell into each bucket."""

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        self.counts: dict[int, int] = dict(counts or {})

    def add(self, seconds: float) -> None:
        """Count one latency."""
        bucket = bucket_of(max(0, int(seconds * 1e6)))
        self.counts[bucket] = self.counts.get(bucket, 0) + 1

    def merge(self, other: Histogram) -> None:
        """Add all that the other has counted."""
        for bucket, count in other.counts.items():
            self.counts[bucket] = self.counts.get(bucket, 0) + count

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def percentile(self, percent: float) -> float:
        """The latency in seconds that ``percent`` of the requests did not exceed; 0 when none was counted."""
        total = self.total
        if not total:
            return 0.0
        rank, seen = max(1, -(-total * percent // 100)), 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= rank:
                break
        return upper_bound(bucket) / 1e6

    def summary(self) -> dict[str, float]:
        """The percentiles that a report shows, in milliseconds."""
        shown = {"p50": 50, "p90": 90, "p99": 99, "p99.9": 99.9, "max": 100}
        return {name: round(self.percentile(percent) * 1000, 3) for name, percent in shown.items()}


def merged(histograms: Iterable[Histogram]) -> Histogram:
    """All of them as one."""
    whole = Histogram()
    for one in histograms:
        whole.merge(one)
    return whole
