"""Questions that are asked over and over: what counts as failed, and when all is told."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import Any, cast

import pytest

from fairlead.host.watch.probe import Answer
from fairlead.host.watch.prober import Prober


class Clock:
    """Time that goes on when a test says so, and a pool whose work is done when it is given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    def submit(self, work: Any, **given: Any) -> Future[Answer]:
        done: Future[Answer] = Future()
        done.set_result(work(**given))
        return done


class Page:
    """A page that answers as the list says, and well from its end on."""

    service = "web"
    public = True
    about = "the page"

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.asked = 0

    def ask(self, **_: object) -> Answer:
        self.asked += 1
        return Answer(self.statuses.pop(0) if self.statuses else 200)

    def fault(self, answer: Answer) -> str:
        return "" if answer.status == 200 else f"answered {answer.status}"


def _ask(clock: Clock, page: Page, patience: float, seconds: float, *, closing: bool = False) -> Prober:
    prober = Prober([cast("Any", page)], cast("Any", clock), "", patience)
    until = clock.now + seconds
    while clock.now < until and not prober.faults:
        prober.step(closing=closing)
        clock.now += 0.05
    return prober


def test_two_bad_answers_in_a_row_are_no_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(503, 200, 503, 503)
    prober = _ask(Clock(monkeypatch), page, 0.0, 60.0)
    assert prober.faults == ("the page answered 503 (2 times in a row)",)
    assert (prober.blamed, prober.is_settled, page.asked) == ("web", True, 4)


def test_with_patience_bad_answers_have_to_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has too much to do for a moment answers badly, and well again."""
    recovered = _ask(Clock(monkeypatch), Page(*[503] * 5), 5.0, 10.0)
    assert (recovered.faults, recovered.is_settled) == ((), True)
    clock = Clock(monkeypatch)
    lasting = _ask(clock, Page(*[503] * 1000), 5.0, 60.0)
    assert lasting.faults
    assert 105.0 <= clock.now <= 106.5


@pytest.mark.parametrize("patience", [0.0, 5.0])
def test_when_it_is_closing_what_is_in_doubt_is_asked_until_it_is_told(
    monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    page = Page(503)
    prober = _ask(Clock(monkeypatch), page, patience, 2.0, closing=True)
    assert (prober.faults, prober.is_settled, page.asked) == ((), True, 2)
