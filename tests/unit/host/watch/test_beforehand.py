"""What is answered badly after a rollback is held against its release only where it was better before. By chance, seeded."""

from __future__ import annotations

import random
from typing import Any, cast

import pytest

from fairlead.host.watch.beforehand import Before, Beforehand, weigh_faults
from fairlead.host.watch.prober import Prober
from tests.unit.host.watch.test_prober import Clock, Page

_PATIENCE = 5.0
_RUNS = 60


def _observe(chance: random.Random, bad: float, most: int) -> Before:
    """What was answered before the switch, where that share of answers is bad."""
    statuses = [500 if chance.random() < bad else 200 for _ in range(chance.randint(1, most))]
    return Before(len(statuses), statuses.count(500))


def _watch(clock: Clock, chance: random.Random, bad: float) -> Prober:
    """As long as a rollback is looked at: until it has failed, or is settled."""
    page = Page(*(500 if chance.random() < bad else 200 for _ in range(60)))
    prober = Prober([cast("Any", page)], cast("Any", clock), "", _PATIENCE)
    while not prober.faults and not (prober.asked and prober.is_settled):
        prober.step(closing=prober.asked > 0)
        clock.now += 0.05
    return prober


@pytest.mark.parametrize("bad", [0.0, 0.2, 0.5, 0.8, 1.0])
def test_a_host_with_too_much_to_do_takes_no_rollback_back(
    monkeypatch: pytest.MonkeyPatch, bad: float
) -> None:
    """The same share of answers is bad before and after: whoever serves, it is not he."""
    clock, chance = Clock(monkeypatch), random.Random(int(bad * 10))  # noqa: S311 - not to hide
    for _ in range(_RUNS):
        before = _observe(chance, bad, 8)
        held, doubted = weigh_faults(_watch(clock, chance, bad).faults, before)
        assert not held, before
        assert bad < 1.0 or doubted


@pytest.mark.parametrize("before", [Before(1, 0), Before(3, 1), Before(40, 0), None])
def test_what_was_served_well_is_gone_back_to(monkeypatch: pytest.MonkeyPatch, before: Before | None) -> None:
    """Where what somebody wanted to be rid of answered, and what he goes back to does not: he would be worse off."""
    prober = _watch(Clock(monkeypatch), random.Random(1), 1.0)  # noqa: S311 - not to hide
    held, doubted = weigh_faults(prober.faults, before)
    assert held == prober.faults
    assert held
    assert doubted == ()


def test_what_answers_is_in_no_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    prober = _watch(Clock(monkeypatch), random.Random(1), 0.0)  # noqa: S311 - not to hide
    for before in (Before(), Before(4, 4), Before(4, 0), None):
        assert weigh_faults(prober.faults, before) == ((), ())


def test_whom_nobody_has_heard_is_no_better() -> None:
    """It hangs, or the switch came first."""
    assert weigh_faults(["the page did not answer"], Before()) == (
        (),
        ("the page did not answer, which proves nothing: nobody got an answer before the switch",),
    )


def test_it_asks_until_the_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is answered after that is of the release that serves then."""
    asked: list[float] = []
    clock = Clock(monkeypatch)
    found: list[Before] = []

    class Hearing(Page):
        def ask(self, **given: Any) -> Any:
            if len(asked) == 3:
                found.append(beforehand.stop())
            asked.append(clock.now)
            return super().ask(**given)

    page = Hearing(500, 200, 200, 500)
    beforehand = Beforehand([cast("Any", page)], dict)
    monkeypatch.setattr("fairlead.host.watch.beforehand._SPACING", 0.0)
    monkeypatch.setattr("fairlead.host.watch.beforehand._EVERY", 0.0)
    beforehand._ask()
    assert found == [Before(3, 1)] == [beforehand.stop()]
