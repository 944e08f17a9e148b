"""Crashes while a release starts, of containers that the engine starts again: whether they come up all the same.

Many an app ends where a neighbour does not answer yet, and leaves it to its restart policy to try again: in Compose it
comes up. So it may here, for as long as the release may take to start, and then has to stay up for longer than it ever
did before it crashed. One that nobody starts again has failed at once. So has, soon, one that crashes for a reason of its own: with starts in a row
that began when everybody else who is not crashing had answered.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Callable, Optional

from ..engine.containers import Container
from ..engine.engine import Engine
from ..wire.text import time_between
from .evidence import read_evidence
from .health import FAILED, READY, WAITING, Readiness, tell_ended

STARTS = 3
STEADY = 2.0
"""Seconds that one which has crashed has to stay up for beyond its longest run: as many as one without any check."""

Judge = Callable[[Sequence[Container], Mapping[str, int]], Readiness]
"""How a service's containers are, given how often each may have been restarted."""


@dataclass
class _Crash:
    """A container that has crashed: its first words, how often and how, and its newest start.

    ``longest`` is its longest run that ended in a crash, in seconds; ``enough`` is the number of restarts with which it has had its starts while all others answered.
    """

    service: str
    evidence: tuple[str, ...]
    times: int = 0
    code: Optional[int] = None
    started_at: str = ""
    since: float = 0.0
    longest: float = 0.0
    enough: Optional[int] = None


@dataclass(frozen=True)
class Standing:
    """A service that starts, as it was just seen."""

    service: str
    own: Sequence[Container]
    verdict: Readiness


class Crashes:
    """The crashes of one transaction.

    ``before`` is how often each container had been restarted when it began, ``proved`` has those whose health check has
    passed: what passed it and has crashed is proved no more.
    """

    def __init__(self, engine: Engine, before: Mapping[str, int], proved: set[str]) -> None:
        self._engine = engine
        self._before = before
        self._proved = proved
        self._known: dict[str, _Crash] = {}
        self._answering: frozenset[str] = frozenset()
        self._started: dict[str, str] = {}

    @property
    def total(self) -> int:
        """How many crashes there were."""
        return sum(one.times for one in self._known.values())

    @property
    def borne(self) -> dict[str, int]:
        """How often each container may have been restarted by now."""
        return {**self._before, **{id_: self._restarts(id_) + one.times for id_, one in self._known.items()}}

    def evidence(self, container: Container) -> tuple[str, ...]:
        """What a container printed when it crashed for the first time; empty for one that has not."""
        known = self._known.get(container.id)
        return known.evidence if known is not None else ()

    def ended_well(self, container: Container) -> bool:
        """Whether a container ended with 0, whenever that was seen."""
        known = self._known.get(container.id)
        return known is not None and known.code == 0

    def told(self) -> Iterator[tuple[str, str]]:
        """The services that crashed and were started again, each with how often, in words."""
        for service in dict.fromkeys(one.service for one in self._known.values()):
            yield service, self._words([one for one in self._known.values() if one.service == service])

    def judge(self, own: Sequence[Container], judge: Judge) -> Readiness:
        """How a service is: as it is judged, but with patience for what crashes and is started again."""
        verdict = judge(own, self._before)
        crashed = [one for one in own if one.restarting or one.restarts > self._restarts(one.id)]
        known = [self._note(one) for one in crashed]
        self._started.update({one.id: one.started_at for one in own})
        if not crashed:
            return verdict
        if not all(one.comes_back for one in crashed):
            return verdict
        again = judge([one for one in own if not one.restarting], self.borne)
        if again.state == FAILED:
            return again
        if any(map(self._is_lost, crashed)):
            return Readiness(FAILED, self._words(known))
        is_up = all(map(self._is_steady, crashed))
        return again if is_up else Readiness(WAITING, self._words(known))

    def compare(self, standing: Sequence[Standing], answers: Callable[[Standing], bool]) -> None:
        """Begin to count the starts of those that crash, once all the others answer; anew whenever one more does."""
        if not self._known:
            return
        looping = {one.service for one in standing if not all(map(self._is_steady, one.own))}
        ready = [one for one in standing if one.verdict.state == READY and answers(one)]
        answering = frozenset(one.service for one in ready)
        are_all = {one.service for one in standing} <= {*answering, *looping}
        for one in (one for found in standing for one in found.own if one.id in self._known):
            known = self._known[one.id]
            if not are_all or answering != self._answering:
                known.enough = None
            if are_all and known.enough is None:
                # A start that is under way began before.
                known.enough = one.restarts + STARTS + (0 if one.restarting else 1)
        self._answering = answering

    def _restarts(self, container: str) -> int:
        return self._before.get(container, 0)

    def _note(self, one: Container) -> _Crash:
        known = self._known.get(one.id)
        if known is None:
            known = self._known[one.id] = _Crash(one.service, read_evidence(self._engine, one))
        known.times = max(known.times, one.restarts - self._restarts(one.id), 1)
        if one.exit_code or (one.restarting and known.code is None):
            # One that is up again has no code of its own yet, and the engine says 0.
            known.code = one.exit_code
        began = one.started_at if one.restarting else self._started.get(one.id)
        known.longest = max(known.longest, time_between(began, one.finished_at))
        if one.started_at != known.started_at:
            known.started_at, known.since = one.started_at, time.monotonic()
            self._proved.discard(one.id)
        return known

    def _is_lost(self, one: Container) -> bool:
        known = self._known.get(one.id)
        return known is not None and known.enough is not None and one.restarts >= known.enough

    def _is_steady(self, one: Container) -> bool:
        """Whether it stays up, as far as can be told."""
        known = self._known.get(one.id)
        return known is None or (
            not one.restarting and time.monotonic() - known.since >= STEADY + known.longest
        )

    @staticmethod
    def _words(crashes: Sequence[_Crash]) -> str:
        times = sum(one.times for one in crashes)
        codes = [one.code for one in crashes]
        known = max((code for code in codes if code is not None), default=None)
        # Of one that ended well and one of which nobody knows, nobody knows.
        code = known if known or None not in codes else None
        return tell_ended(code, f" {times} times" if times > 1 else "")
