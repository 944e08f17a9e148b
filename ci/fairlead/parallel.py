"""Doing the same with several things at once, where each of them is mostly waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar, cast

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def each(
    call: Callable[[Item], Answer],
    items: Iterable[Item],
    *,
    at_once: int | None = None,
    fail_fast: bool = False,
) -> list[Answer]:
    """What the call answers for every item, in their order; the first error of that order, once all have ended.

    Args:
        call: what to do with one of them, in a thread.
        items: all of them. Each is done, whatever becomes of the others: a server is repaired though another is down.
        at_once: so many threads; None: as many as there are items.
        fail_fast: begin no more once one has failed, where one answer is worth nothing without the others.
    """
    found = list(items)
    if not found:
        return []
    over = Event()

    def run(item: Item) -> Answer | None:
        if over.is_set():
            return None
        try:
            return call(item)
        except BaseException:
            if fail_fast:
                over.set()
            raise

    with ThreadPoolExecutor(at_once or len(found)) as pool:
        begun = [pool.submit(run, item) for item in found]
        try:
            wait(begun)
        finally:
            # After an interrupt no more are begun, either.
            over.set()
    # What was not begun has no answer, but then there is an error to raise.
    return cast("list[Answer]", [one.result() for one in begun])
