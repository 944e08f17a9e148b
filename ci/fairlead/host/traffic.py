"""What users were answered, by the proxy's own count: how many answers, errors and slow ones each container gave.

The proxy tells for each address what the last second brought, for a known share of the requests (see ``snippet``);
samples of that, taken often enough, add up to everything.
"""

from __future__ import annotations

import collections
import contextlib
import math
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Counter, Deque

from .inflight import find_admin_sockets, parse_address, parse_number, read_all_upstreams
from .paths import Paths
from .snippet import COUNTED_SECONDS, TALLIES

_EVERY = 0.25
_KEPT = 1200
_NOTHING: Counter[tuple[str, str]] = collections.Counter()
_BY_ZEROS = {tally.zeros: tally for tally in TALLIES}


@dataclass(frozen=True)
class Sample:
    """What the proxy said at a time (monotonic seconds): (container address, tally) -> count of the last second."""

    at: float
    counts: Mapping[tuple[str, str], int]


@dataclass(frozen=True)
class Traffic:
    """An estimate of all requests in a time, from those that were counted.

    ``seen_answers``, ``seen_errors`` and ``seen_slow`` are what was counted itself: how sure one can be.
    """

    answers: float = 0.0
    errors: float = 0.0
    slow: float = 0.0
    seen_answers: float = 0.0
    seen_errors: float = 0.0
    seen_slow: float = 0.0

    @property
    def error_share(self) -> float:
        return _share(self.errors, self.answers)

    @property
    def error_deviation(self) -> float:
        """The standard deviation of ``error_share``: what chance alone makes of it."""
        return _deviation(self.error_share, self.seen_errors, self.seen_answers)

    @property
    def slow_share(self) -> float:
        return _share(self.slow, self.answers)

    @property
    def slow_deviation(self) -> float:
        """The standard deviation of ``slow_share``."""
        return _deviation(self.slow_share, self.seen_slow, self.seen_answers)

    def to_json(self) -> dict[str, int]:
        return {"answers": round(self.answers), "errors": round(self.errors), "slow": round(self.slow)}


def parse_counts(upstreams: object) -> dict[tuple[str, str], int]:
    """The counts in Caddy's list of upstreams; what is not counted, or makes no sense, is left out."""
    counts: dict[tuple[str, str], int] = collections.defaultdict(int)
    for upstream in upstreams if isinstance(upstreams, list) else ():
        try:
            host, zeros, _ = parse_address(upstream)
            tally = _BY_ZEROS.get(zeros)
            if tally is not None:
                counts[host, tally.name] += parse_number(upstream, "fails")
        except ValueError:
            continue
    return dict(counts)


def sum_traffic(
    samples: Sequence[Sample], addresses: Collection[str], since: float, until: float = float("inf")
) -> Traffic:
    """Add up the samples of a time: each stands for the time since the one before it."""
    seen = dict.fromkeys((tally.name for tally in TALLIES), 0.0)
    for before, sample in zip(samples, samples[1:]):
        if since < sample.at <= until:
            weight = min(sample.at - max(before.at, since), COUNTED_SECONDS) / COUNTED_SECONDS
            for name in seen:
                seen[name] += weight * sum(sample.counts.get((address, name), 0) for address in addresses)
    scaled = {tally.name: seen[tally.name] * 16 / tally.share for tally in TALLIES}
    return Traffic(**scaled, **{f"seen_{name}": count for name, count in seen.items()})


class Recorder:
    """Takes samples beside everything else; the newest few minutes are kept."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._samples: Deque[Sample] = collections.deque(maxlen=_KEPT)
        self._stop = threading.Event()

    @contextlib.contextmanager
    def recording(self) -> Iterator[Recorder]:
        """Take samples until the block is left."""
        thread = threading.Thread(target=self._record, name="recorder", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join()

    @property
    def samples(self) -> tuple[Sample, ...]:
        return tuple(self._samples)

    def _record(self) -> None:
        while not self._stop.wait(_EVERY):
            answers = read_all_upstreams(find_admin_sockets(self._paths))
            if any(answer is not None for answer in answers):
                counts = sum((collections.Counter(parse_counts(answer)) for answer in answers), _NOTHING)
                self._samples.append(Sample(time.monotonic(), counts))


def _share(part: float, whole: float) -> float:
    """Both are estimates, from different requests: a part may look larger than the whole."""
    return min(1.0, part / max(part, whole)) if part else 0.0


def _deviation(share: float, part: float, whole: float) -> float:
    """Of a quotient of two counts, each of which varies by its own square root (Poisson)."""
    return share * math.sqrt(1 / part + 1 / whole) if part and whole else 0.0
