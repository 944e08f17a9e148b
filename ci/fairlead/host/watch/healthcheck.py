"""Run the health checks of containers that have just started, instead of waiting until the engine does.

The engine looks for the first time after ``start_interval``, or after ``interval``: up to 30 s in which a release that
has long been healthy serves nobody. What is run is the very check of the container, as the engine would run it:
when it passes, the container is healthy. When it fails, nothing follows: that it is not, the engine decides.

Who goes back to a release that has served before is in a hurry: there, an answer at the service's health path is enough.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Optional

from ..engine.containers import STARTING, Container
from ..engine.engine import Engine
from ..wire.errors import AgentError
from ..wire.release import Probe, Service
from .patience import pause_for
from .probe import Target, direct_target, probe_http

_AT_ONCE = 8
_PAUSE = 0.1
_CHECK_SHARE = 0.1
_BUSY_WITHIN = 1.0
"""Seconds after which a container that is busy is checked all the same."""
_BUSY_EVERY, _BUSY_SHARE = 0.1, 0.2
_KNOCK_EVERY = 0.03
_KNOCK_WITHIN = 1.0
_REFUSALS, _ERRORS = 400, 500


class HealthChecks:
    """The checks under way.

    ``proved`` has the ids of the containers whose check has passed, or, in a ``hurry``, that have answered well.
    """

    def __init__(self, engine: Engine, proved: set[str], *, hurry: bool = False) -> None:
        self._hurry = hurry
        self._engine = engine
        self._over = threading.Event()
        self._passed = threading.Event()
        self._room = threading.Semaphore(_AT_ONCE)
        self._seen: set[tuple[str, str]] = set()
        self.proved = proved

    def follow(self, service: Service, containers: Sequence[Container]) -> None:
        """Check those that are starting, each start until it passes, ends, or the block is left. Takes no time."""
        for one in containers:
            start = (one.id, one.started_at)
            if start not in self._seen and one.running and one.health == STARTING and one.check:
                self._seen.add(start)
                threading.Thread(target=self._prove, args=(service, one), daemon=True).start()

    def pause(self, seconds: float) -> bool:
        """Wait so long, or until a check passes; whether one did since the last pause."""
        passed = self._passed.wait(seconds)
        self._passed.clear()
        return passed

    def end(self) -> None:
        """Begin no more checks; one that is under way ends by itself."""
        self._over.set()

    def _prove(self, service: Service, container: Container) -> None:
        target = plan_knock(service, container)
        if target is not None and self._knock(service, target) and self._hurry:
            self._pass(container)
            return
        with contextlib.suppress(
            AgentError
        ):  # it has ended, or cannot run its own check: the engine tells which
            self._check(container)

    def _knock(self, service: Service, target: Target) -> bool:
        """Ask until something answers; whether it is well, as far as an answer can tell."""
        first = time.monotonic()
        while not self._over.is_set():
            answer = probe_http(target, timeout=_KNOCK_WITHIN)
            if answer.status and answer.status < _ERRORS:
                return not answer.fault(expected_answer(service)) and answer.status < _REFUSALS
            self._over.wait(pause_for(time.monotonic() - first, _KNOCK_EVERY))
        return False

    def _check(self, container: Container) -> None:
        first = time.monotonic()
        while not self._over.is_set():
            self._await_calm(container)
            with self._room:
                began = time.monotonic()
                code = self._engine.execute(container.id, container.check, timeout=container.check_timeout)
            if code == 0:
                self._pass(container)
            if not code:
                # One that hangs is not run again: the engine ends its own after their timeout, we could not.
                return
            # A check shares the processors with what it checks: it gets half of the time at first, then less.
            ended = time.monotonic()
            self._over.wait(pause_for(ended - first, max(_PAUSE, ended - began), _CHECK_SHARE))

    def _pass(self, container: Container) -> None:
        self.proved.add(container.id)
        self._passed.set()

    def _await_calm(self, container: Container) -> None:
        """Wait for a while until it has little to do: a check shares its processors, and passes when it has started."""
        began = before = time.monotonic()
        had = self._engine.processor_of(container.id)
        while not self._over.wait(_BUSY_EVERY) and before - began < _BUSY_WITHIN:
            has, now = self._engine.processor_of(container.id), time.monotonic()
            if has - had < _BUSY_SHARE * (now - before):
                return
            had, before = has, now


def plan_knock(service: Service, container: Container) -> Optional[Target]:
    """What to ask before the check is run, which may cost much: a process that starts; None where nothing answers."""
    if service.health is None or service.port is None:
        return None
    return direct_target(container, service.port, service.health.path, service)


def expected_answer(service: Service) -> Probe:
    """What a service that is well answers at its health path."""
    health = service.health
    return Probe(health.path, health.status) if health is not None else Probe("/", None)


@contextlib.contextmanager
def checking(engine: Engine, proved: set[str], *, hurry: bool = False) -> Iterator[HealthChecks]:
    """Health checks until the block is left; ids of containers that passed are added to ``proved``."""
    checks = HealthChecks(engine, proved, hurry=hurry)
    try:
        yield checks
    finally:
        checks.end()
