"""Doing the same with several things at once, where each of them is mostly waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def each(
    call: Callable[[Item], Answer], items: Iterable[Item], *, at_once: int | None = None
) -> list[Answer]:
    """What the call answers for every item, in their order; the first error, once all that began have ended.

    Args:
        call: what to do with one of them, in a thread.
        items: all of them.
        at_once: so many threads; None: as many as there are items.
    """
    found = list(items)
    if not found:
        return []
    with ThreadPoolExecutor(at_once or len(found)) as pool:
        return list(pool.map(call, found))
