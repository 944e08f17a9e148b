"""How users are answered before a switch, so that what comes after it is not blamed for what was so already.

A host that has too much to do answers badly whoever serves.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

from .questions import Question

_SPACING = 0.1
"""Seconds between two requests: it is no load."""
_EVERY = 0.5


@dataclass(frozen=True)
class Before:
    """So many questions were asked of what served, and so many of them were not answered well."""

    asked: int = 0
    bad: int = 0

    @property
    def speaks(self) -> bool:
        """Whether it was any better: what is seen after the switch then tells of what came with it.

        Where half of it was bad, or nobody knows, it tells nothing: what served before is no cure.
        """
        return self.asked > 2 * self.bad

    def __str__(self) -> str:
        seen = f"{self.bad} of {self.asked} answers were bad" if self.asked else "nobody got an answer"
        return f"{seen} before the switch"


def weigh_faults(faults: Sequence[str], before: Optional[Before]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of what was answered badly since the switch: what is held against the release, and what is only in doubt. Pure.

    Args:
        faults: in words.
        before: what was seen before; None where a release has to prove itself, whatever was.
    """
    if before is None or before.speaks:
        return tuple(faults), ()
    return (), tuple(f"{fault}, which proves nothing: {before}" for fault in faults)


class Beforehand:
    """Asks over and over, until it is told to stop."""

    def __init__(self, questions: Sequence[Question], headers: Callable[[], Mapping[str, str]]) -> None:
        self._questions = questions
        self._headers = headers
        self._stop = threading.Event()
        self._seen = Before()

    @contextlib.contextmanager
    def asking(self) -> Iterator[Beforehand]:
        """Ask until the block is left, or ``stop`` is called; what is awaited then is forgotten."""
        threading.Thread(target=self._ask, name="beforehand", daemon=True).start()
        try:
            yield self
        finally:
            self._stop.set()

    def stop(self) -> Before:
        """What was seen up to now."""
        self._stop.set()
        return self._seen

    def _ask(self) -> None:
        while self._questions:
            for one in self._questions:
                answer = one.ask(headers=self._headers())
                if self._stop.is_set():
                    return
                self._seen = Before(self._seen.asked + 1, self._seen.bad + bool(one.fault(answer)))
                if self._stop.wait(_SPACING):
                    return
            if self._stop.wait(_EVERY):
                return
