"""Whether a release that serves since a moment may go on serving. Pure.

What users are answered depends on what they ask, and anybody may ask: errors and slow answers by themselves make a watch
inconclusive, they do not fail it. What does is a request that failed on the new release and was answered well by the old
one, from more networks than not; and, of requests that nobody may send twice, and that were given to either of the two by
chance, fewer good answers of the new one than chance explains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..wire.caddy.counted import SLOW_SECONDS
from ..wire.release import Watch
from .traffic import NOTHING, Traffic, deviation_of, share_of

PASS = "pass"  # noqa: S105 - a verdict, not a password
FAIL = "fail"
INCONCLUSIVE = "inconclusive"

_SEEN_AT_LEAST = 4
"""So many bad answers must have been counted themselves: a share of less is chance."""
_TRIED_FROM = 2
_MOST = 0.6
"""Of all calls so many must have been counted as failed at least: both counts are estimates, and 0 is never said by chance."""
_SURE = 2.0
"""Standard deviations by which a share must lie above what is allowed: both shares are estimates."""


_UNLIKELY = 4.0
"""Standard deviations between what both releases answered well of what either was given by chance: one in 30,000, and
it is looked at again and again."""
_NONE_OF = 10
"""So many good answers of the old one, and none of the new one, are one chance in a thousand."""


@dataclass(frozen=True)
class Served:
    """What a service answered: ``new`` since the switch, ``old`` the release before it, up to the switch.

    ``again`` is what the old one has answered since, when it was asked what had failed on the new one, or was given
    requests by chance; ``silent`` if requests to the new one wait, and it has answered none.
    """

    service: str
    new: Traffic
    old: Traffic
    again: Traffic = NOTHING
    silent: bool = False

    @property
    def leans(self) -> bool:
        """Whether the old release has answered calls that it was given by chance, and the new one not one."""
        return bool(self.again.good) and not self.new.good

    def to_json(self) -> dict[str, Any]:
        figures: dict[str, Any] = {"differs": round(self.again.differs)}
        if self.again.good or self.new.good:
            figures["tried"] = {"new": round(self.new.good), "old": round(self.again.good)}
        return {"service": self.service, "new": self.new.to_json(), "old": self.old.to_json(), **figures}


@dataclass(frozen=True)
class Evidence:
    """What a watch has seen so far.

    ``faults``: containers and probes that failed, in words; ``answered`` and ``asked``: probes;
    ``unmeasured``: what could not be looked at, in words;
    ``compared``: whether an old release gives something to compare the traffic with.
    """

    seconds: float
    faults: tuple[str, ...] = ()
    asked: int = 0
    answered: int = 0
    unmeasured: tuple[str, ...] = ()
    served: tuple[Served, ...] = ()
    compared: bool = False


@dataclass(frozen=True)
class Verdict:
    """``pass``, ``fail`` or ``inconclusive``, and why."""

    state: str
    reasons: tuple[str, ...]
    evidence: Evidence

    @property
    def reason(self) -> str:
        return "; ".join(self.reasons)

    @property
    def figures(self) -> tuple[str, ...]:
        """The evidence in words, a line each."""
        seen = self.evidence
        return (
            f"watched for {seen.seconds:.1f} s, probes: {seen.answered} of {seen.asked} answered well",
            *(
                f"{one.service}: {_in_words(one.new)}; before the switch: {_in_words(one.old)}; "
                f"failed and answered well by the old release: about {round(one.again.differs)}{_trial_in_words(one)}"
                for one in seen.served
            ),
        )

    def to_json(self) -> dict[str, Any]:
        """The ``watch`` of a result's data."""
        seen = self.evidence
        return {
            "verdict": self.state,
            "reasons": list(self.reasons),
            "seconds": round(seen.seconds, 3),
            "probes": {"asked": seen.asked, "answered": seen.answered},
            "traffic": [one.to_json() for one in seen.served],
        }


def judge_watch(watch: Watch, evidence: Evidence) -> Verdict:
    """The verdict on what was seen so far; ``inconclusive`` while too little was."""
    bad = (
        *evidence.faults,
        *(text for one in evidence.served for text in _judge_differences(watch, one)),
        *(text for one in evidence.served for text in _judge_trial(one)),
    )
    if bad:
        return Verdict(FAIL, bad, evidence)
    suspected = (text for one in evidence.served for text in _judge_traffic(watch, one))
    unclear = (*_silence(evidence), *evidence.unmeasured, *suspected, *_missing_traffic(watch, evidence))
    return Verdict(INCONCLUSIVE if unclear else PASS, unclear, evidence)


def _judge_differences(watch: Watch, one: Served) -> list[str]:
    """What failed on the new release only, by more than is allowed, and for most groups of clients."""
    answers, differs, seen = one.new.answers, one.again.differs, one.again.seen_differs
    if max(answers, differs) < watch.requests or seen < _SEEN_AT_LEAST:
        return []
    share = share_of(differs, answers)
    if share - _SURE * deviation_of(share, seen, one.new.seen_answers) <= watch.errors:
        return []
    heard = [pair for pair in zip(one.again.differs_of, one.new.answers_of) if any(pair)]
    worse = [pair for pair in heard if share_of(*pair) > watch.errors]
    if 2 * len(worse) <= len(heard):
        return []
    what = f"{share:.0%} of the answers of {one.service} failed (5xx)"
    return [f"{what} where the old release, asked the same, answered well (allowed: {watch.errors:.0%})"]


def wants_trial(watch: Watch, one: Served) -> bool:
    """Whether there is reason to let chance decide who answers: calls that fail or wait, and did not before."""
    new, old = one.new, one.old
    fails = new.seen_errors >= _TRIED_FROM and new.error_share > old.error_share + watch.errors
    return fails or (one.silent and old.answers > 0)


def serves_nobody(one: Served) -> bool:
    """Whether all calls of users failed, as far as calls can tell."""
    some_served = one.new.error_share < max(_MOST, 1.0 - _UNLIKELY * one.new.whole_deviation)
    fails = one.new.seen_errors >= _TRIED_FROM and not some_served
    hangs = one.silent and one.old.answers > 0
    return not one.new.good and (fails or hangs or one.leans)


def _judge_trial(one: Served) -> list[str]:
    """Too few good answers of what either release was given by chance, and that for most groups of clients."""
    new, old = one.new.good, one.again.good
    surely = old - new >= _UNLIKELY * math.sqrt(old + new) if old else False
    if not surely and (new or old < _NONE_OF):
        return []
    heard = [pair for pair in zip(one.new.good_of, one.again.good_of) if any(pair)]
    worse = [fresh for fresh, before in heard if 2 * fresh < before]
    if 2 * len(worse) <= len(heard):
        return []
    calls = f"of the calls to {one.service} that chance gave to either release"
    return [f"{calls}, the old one answered about {old:.0f} well, and the new one {new:.0f}"]


def _judge_traffic(watch: Watch, one: Served) -> list[str]:
    """What is worse than with the old release, by more than is allowed, and may be what somebody asks for."""
    new, old = one.new, one.old
    if max(new.answers, new.errors, new.slow) < watch.requests:
        return []
    found = []
    for kind, seen, share, before, allowed, deviation in (
        (
            "failed (5xx)",
            new.seen_errors,
            new.error_share,
            old.error_share,
            watch.errors,
            math.hypot(new.error_deviation, old.error_deviation),
        ),
        (
            f"took longer than {SLOW_SECONDS:g} s",
            new.seen_slow,
            new.slow_share,
            old.slow_share,
            watch.slow,
            math.hypot(new.slow_deviation, old.slow_deviation),
        ),
    ):
        if seen >= _SEEN_AT_LEAST and share - _SURE * deviation > before + allowed:
            found.append(
                f"{share:.0%} of the answers of {one.service} {kind}, {before:.0%} with the old release "
                f"(allowed: {allowed:.0%} more), which proves nothing alone: who asks decides what is answered"
            )
    return found


def _silence(evidence: Evidence) -> list[str]:
    """Zero questions are no proof: it was only seen that containers run."""
    return [] if evidence.asked or evidence.unmeasured else ["there was nothing to ask"]


def _missing_traffic(watch: Watch, evidence: Evidence) -> list[str]:
    """Why nothing can be concluded from the traffic; empty where something can, or where none is expected."""
    if not evidence.compared or not evidence.served:
        return []
    most: Sequence[float] = [one.new.answers for one in evidence.served]
    if max(most) >= watch.requests:
        return []
    seen = f"about {max(most):.0f} requests in {evidence.seconds:.0f} s"
    return [f"too little traffic to compare with: {seen}, {watch.requests} are needed"]


def _trial_in_words(one: Served) -> str:
    if not one.again.good and not one.new.good:
        return ""
    return f"; given to either by chance, answered well: {one.new.good:.0f}, by the old release {one.again.good:.0f}"


def _in_words(traffic: Traffic) -> str:
    counts = traffic.to_json()
    return f"about {counts['answers']} answers, {counts['errors']} errors (5xx), {counts['slow']} slow"
