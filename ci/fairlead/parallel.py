"""Doing the same with several things at once, where each of them is mostly waiting."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Protocol, TypeVar, cast

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_LAST_SECONDS = 2.0
"""For a program that was asked to end. A job that is cancelled is killed after ten, the second signal comes after 7.5."""


class Program(Protocol):
    """What runs beside this process."""

    def terminate(self) -> None: ...
    def kill(self) -> None: ...


class _Crew:
    """The threads of one call of ``each``, and of those within it: the programs that they wait for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._awaited: list[Program] = []
        self.is_dismissed = False

    @contextlib.contextmanager
    def awaiting(self, program: Program) -> Iterator[None]:
        with self._lock:
            self._awaited.append(program)
        try:
            if self.is_dismissed:
                program.kill()
            yield
        finally:
            with self._lock:
                self._awaited.remove(program)

    def dismiss(self) -> None:
        self.is_dismissed = True
        for program in self._now():
            program.terminate()

    def kill(self) -> None:
        for program in self._now():
            program.kill()

    def _now(self) -> list[Program]:
        with self._lock:
            return list(self._awaited)


class _Thread(threading.local):
    crew: _Crew | None = None


_THREAD = _Thread()


@contextlib.contextmanager
def awaiting(program: Program) -> Iterator[None]:
    """Have a program end that this thread waits for, when ``each``, of which it is a thread, is interrupted.

    Raises:
        KeyboardInterrupt: so it was: what this thread had in hand is over.
    """
    crew = _THREAD.crew
    if crew is None:
        yield
        return
    try:
        with crew.awaiting(program):
            yield
    finally:
        if crew.is_dismissed:
            raise KeyboardInterrupt


def each(
    call: Callable[[Item], Answer],
    items: Iterable[Item],
    *,
    at_once: int | None = None,
    fail_fast: bool = False,
) -> list[Answer]:
    """What the call answers for every item, in their order; the first error of that order, once all have ended.

    When it is interrupted, what its threads wait for by ``awaiting`` is asked to end, and killed where it does not: of a
    job that is cancelled a program hears nothing itself.

    Args:
        call: what to do with one of them, in a thread.
        items: all of them. Each is done, whatever becomes of the others: a server is repaired though another is down.
        at_once: so many threads; None: as many as there are items.
        fail_fast: begin no more once one has failed, where one answer is worth nothing without the others.
    """
    found = list(items)
    if not found:
        return []
    over = threading.Event()
    crew = _THREAD.crew or _Crew()

    def run(item: Item) -> Answer | None:
        if crew.is_dismissed:
            raise KeyboardInterrupt
        if over.is_set():
            return None
        _THREAD.crew = crew
        try:
            return call(item)
        except BaseException:
            if fail_fast:
                over.set()
            raise

    with ThreadPoolExecutor(at_once or len(found)) as pool:
        begun: list[Future[Answer | None]] = []
        try:
            begun += (pool.submit(run, item) for item in found)
            wait(begun)
        except BaseException:
            crew.dismiss()
            try:
                wait(begun, _LAST_SECONDS)
            finally:
                crew.kill()
            raise
    # What was not begun has no answer, but then there is an error to raise.
    return cast("list[Answer]", [one.result() for one in begun])
