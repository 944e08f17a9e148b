"""When the health check of a container that has just started is run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import pytest

from fairlead.host.engine.containers import STARTING
from fairlead.host.watch import healthcheck
from fairlead.host.watch.healthcheck import HealthChecks
from tests.unit.host.samples import container, release

BUSY = 5


class _Engine:
    """Its container has a processor of its own for so many looks, then nothing to do; its check passes at once."""

    def __init__(self, busy: float) -> None:
        self.busy = busy
        self.looks = 0
        self.checked: list[int] = []

    def processor_of(self, _: str) -> float:
        self.looks += 1
        return 1000.0 * min(self.looks, self.busy)

    def execute(self, _: str, _argv: Sequence[str], *, timeout: float) -> int:
        assert timeout
        self.checked.append(self.looks)
        return 0


def _prove(engine: _Engine) -> set[str]:
    worker = container("worker", "000001", health=STARTING, check=("true",))
    checks = HealthChecks(cast("Any", engine), set())
    checks._prove(release().services["worker"], worker)
    return checks.proved


def test_a_container_that_is_busy_starting_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check takes a part of the processor that it waits for."""
    monkeypatch.setattr(healthcheck, "_BUSY_EVERY", 0.001)
    monkeypatch.setattr(healthcheck, "_BUSY_WITHIN", math.inf)
    engine = _Engine(BUSY)
    assert len(_prove(engine)) == 1
    assert engine.checked == [BUSY + 1]


def test_one_that_is_always_busy_is_checked_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(healthcheck, "_BUSY_EVERY", 0.001)
    monkeypatch.setattr(healthcheck, "_BUSY_WITHIN", 0.01)
    engine = _Engine(math.inf)
    assert len(_prove(engine)) == 1
    assert len(engine.checked) == 1
