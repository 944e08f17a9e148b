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

from ..disk.paths import Paths
from ..wire.caddy.counted import AGAIN, COUNTED_SECONDS, GROUP_ZEROS, STREAM_ZEROS, TALLIES, TRIAL, Tally
from .inflight import find_admin_sockets, parse_address, parse_number, read_whole

_EVERY = 0.25
_KEPT = 1200
_NO_COUNTS: Counter[tuple[str, str]] = collections.Counter()
_COUNTED = (*TALLIES, AGAIN, TRIAL)
WAITING = "waiting"
"""What is counted beside the tallies: requests without an answer, now."""


def _name(tally: Tally, group: int) -> str:
    return f"{tally.name}.{group}" if group else tally.name


_BY_ZEROS = {
    tally.zeros + further: _name(tally, group)
    for tally in _COUNTED
    for group, further in enumerate(GROUP_ZEROS if tally.grouped else (0,))
}


@dataclass(frozen=True)
class Sample:
    """What the proxy said at a time (monotonic seconds): (container address, tally) -> count of the last second.

    What is counted by groups of clients has the number of the group in the tally's name: ``answers.3``.
    """

    at: float
    counts: Mapping[tuple[str, str], int]


@dataclass(frozen=True)
class Traffic:
    """An estimate of all requests in a time, from those that were counted.

    ``seen_answers``, ``seen_errors`` and so on are what was counted itself: how sure one can be. ``differs`` is how many
    requests were answered well that had failed on the release after this one, ``good`` how many of those that were given
    to either release by chance; ``answers_of``, ``differs_of`` and ``good_of`` are the same by groups of clients.
    """

    answers: float = 0.0
    errors: float = 0.0
    slow: float = 0.0
    seen_answers: float = 0.0
    seen_errors: float = 0.0
    seen_slow: float = 0.0
    differs: float = 0.0
    seen_differs: float = 0.0
    answers_of: tuple[float, ...] = ()
    differs_of: tuple[float, ...] = ()
    good: float = 0.0
    seen_good: float = 0.0
    good_of: tuple[float, ...] = ()

    @property
    def error_share(self) -> float:
        return share_of(self.errors, self.answers)

    @property
    def error_deviation(self) -> float:
        """The standard deviation of ``error_share``: what chance alone makes of it."""
        return deviation_of(self.error_share, self.seen_errors, self.seen_answers)

    @property
    def whole_deviation(self) -> float:
        """The standard deviation that ``error_share`` would have if everything had failed."""
        return deviation_of(1.0, self.seen_errors, self.seen_answers)

    @property
    def slow_share(self) -> float:
        return share_of(self.slow, self.answers)

    @property
    def slow_deviation(self) -> float:
        """The standard deviation of ``slow_share``."""
        return deviation_of(self.slow_share, self.seen_slow, self.seen_answers)

    def to_json(self) -> dict[str, int]:
        return {"answers": round(self.answers), "errors": round(self.errors), "slow": round(self.slow)}


NOTHING = Traffic()


def parse_counts(upstreams: object) -> dict[tuple[str, str], int]:
    """The counts in Caddy's list of upstreams; what is not counted, or makes no sense, is left out."""
    counts: dict[tuple[str, str], int] = collections.defaultdict(int)
    for upstream in upstreams if isinstance(upstreams, list) else ():
        try:
            host, zeros, _ = parse_address(upstream)
            waiting = parse_number(upstream, "num_requests") if zeros and zeros != STREAM_ZEROS else 0
            if waiting:
                counts[host, WAITING] += waiting
            name = _BY_ZEROS.get(zeros)
            if name is not None:
                counts[host, name] += parse_number(upstream, "fails")
        except ValueError:
            continue
    return dict(counts)


def sum_traffic(
    samples: Sequence[Sample], addresses: Collection[str], since: float, until: float = float("inf")
) -> Traffic:
    """Add up the samples of a time: each stands for the time since the one before it."""
    seen = dict.fromkeys(_BY_ZEROS.values(), 0.0)
    for before, sample in zip(samples, samples[1:]):
        if since < sample.at <= until:
            weight = min(sample.at - max(before.at, since), COUNTED_SECONDS) / COUNTED_SECONDS
            for name in seen:
                seen[name] += weight * sum(sample.counts.get((address, name), 0) for address in addresses)
    groups = {
        tally.name: [seen.get(_name(tally, group), 0.0) for group in range(len(GROUP_ZEROS))]
        for tally in _COUNTED
    }
    scale = {tally.name: 16 / tally.share for tally in _COUNTED}
    return Traffic(
        **{name: sum(counts) * scale[name] for name, counts in groups.items()},
        **{f"seen_{name}": sum(counts) for name, counts in groups.items()},
        answers_of=tuple(count * scale["answers"] for count in groups["answers"]),
        differs_of=tuple(count * scale["differs"] for count in groups["differs"]),
        good_of=tuple(groups["good"]),
    )


def is_waited_for(samples: Sequence[Sample], addresses: Collection[str], since: float) -> bool:
    """Whether requests were without an answer in each sample since a time, of which there are some."""
    late = [sample for sample in samples if sample.at > since]
    return len(late) > 1 and all(
        any(sample.counts.get((address, WAITING), 0) for address in addresses) for sample in late
    )


class TrafficRecorder:
    """Takes samples beside everything else; the newest few minutes are kept."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._samples: Deque[Sample] = collections.deque(maxlen=_KEPT)
        self._stop = threading.Event()

    @contextlib.contextmanager
    def recording(self) -> Iterator[TrafficRecorder]:
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
            answers = read_whole(find_admin_sockets(self._paths))
            if answers is not None:
                counts = sum((collections.Counter(parse_counts(answer)) for answer in answers), _NO_COUNTS)
                self._samples.append(Sample(time.monotonic(), counts))


def share_of(part: float, whole: float) -> float:
    """Both are estimates, from different requests: a part may look larger than the whole."""
    return min(1.0, part / max(part, whole)) if part else 0.0


def deviation_of(share: float, part: float, whole: float) -> float:
    """Of a quotient of two counts, each of which varies by its own square root (Poisson)."""
    return share * math.sqrt(1 / part + 1 / whole) if part and whole else 0.0
