"""Ask questions over and over beside everything else, so that one that hangs holds up nothing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Optional

from ..wire.caddy.counted import PROBE_HEADER
from .probe import Answer
from .questions import Question

_EVERY = 0.5
_SPACING = 0.1
"""Seconds between two requests over all: many probes are no load test."""
_IN_A_ROW = 2
"""One bad answer may be chance, two are not."""
_AT_ONCE = 8


@dataclass
class _Series:
    """One question: its answer under way, and what the last ones were like.

    It has failed by ``row`` bad answers on end over at least ``patience`` seconds; ``since`` is when the first of them came.
    """

    question: Question
    due: float
    patience: float = 0.0
    since: float = 0.0
    lasted: float = 0.0
    pending: Optional[Future[Answer]] = None
    asked: int = 0
    row: int = 0
    fault: str = ""
    dropped: bool = False

    @property
    def has_failed(self) -> bool:
        return self.row >= _IN_A_ROW and self.lasted >= self.patience


class Prober:
    """Call ``step`` often; it takes no time. ``asked`` and ``answered`` count the answers so far.

    Bad answers fail it when they come for ``patience`` seconds on end, and twice in a row at least.
    """

    def __init__(
        self, questions: Sequence[Question], pool: ThreadPoolExecutor, token: str, patience: float = 0.0
    ) -> None:
        now = time.monotonic()
        self._headers = {PROBE_HEADER: token}
        self._pool = pool
        self._every = max(_EVERY, _SPACING * len(questions))
        self._all = [
            _Series(one, now + index * _SPACING / 10, patience) for index, one in enumerate(questions)
        ]
        self.asked = 0
        self.answered = 0
        self.unmeasured: list[str] = []

    @property
    def faults(self) -> tuple[str, ...]:
        """What failed twice in a row."""
        return tuple(
            f"{one.question.about} {one.fault} ({one.row} times in a row)"
            for one in self._all
            if one.has_failed
        )

    @property
    def failed(self) -> tuple[Question, ...]:
        """The questions that failed."""
        return tuple(one.question for one in self._all if one.has_failed)

    @property
    def blamed(self) -> Optional[str]:
        """The service of the first question that failed, if it is about one."""
        return next((one.service for one in self.failed), None)

    @property
    def is_settled(self) -> bool:
        """Whether each question was answered, and no answer stands that has to be asked again."""
        return all(one.asked and one.pending is None and (not one.row or one.has_failed) for one in self._all)

    def step(self, *, closing: bool = False) -> None:
        """Take the answers that came, ask what is due; when ``closing`` only what is in doubt or was never asked."""
        now = time.monotonic()
        for one in self._all:
            if one.pending is not None and one.pending.done():
                self._take(one, one.pending.result(), now)
            due = (bool(one.row) and now >= one.due) or not one.asked if closing else now >= one.due
            if one.pending is None and due and not one.dropped and not one.has_failed:
                one.asked += 1
                one.pending = self._pool.submit(one.question.ask, headers=self._headers)

    def _take(self, one: _Series, answer: Answer, now: float) -> None:
        one.pending = None
        one.fault = one.question.fault(answer)
        if one.fault and one.question.public and answer.tls:
            # A certificate may need the public to reach this host first: unknown is not wrong.
            one.dropped, one.row = True, 0
            self.unmeasured.append(f"{one.question.about}: {one.fault}")
            return
        self.asked += 1
        self.answered += not one.fault
        one.row = one.row + 1 if one.fault else 0
        one.since = now if one.row <= 1 else one.since
        one.lasted = now - one.since
        # One that goes on being bad is asked no more often than others: it may have too much to do.
        one.due = now + (_SPACING if one.row == 1 else self._every)


@contextlib.contextmanager
def asking(questions: Sequence[Question], token: str, patience: float = 0.0) -> Iterator[Prober]:
    """A prober, known to the proxy by ``token``; what it still waits for when the block is left is forgotten."""
    pool = ThreadPoolExecutor(max_workers=min(_AT_ONCE, max(1, len(questions))))
    try:
        yield Prober(questions, pool, token, patience)
    finally:
        pool.shutdown(wait=False)
