"""Ctrl-C and SIGTERM while a server works: the first asks it to stop, the second leaves at once.

GitHub Actions cancels a job with SIGINT, SIGTERM after 7.5 s and SIGKILL 2.5 s later: what is asked must be asked by
the first, and told within ten seconds, whatever the server is at.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

PATIENCE = 8.0
"""Seconds between the first signal and the last word."""


@contextlib.contextmanager
def catching_interrupts(on_first: Callable[[], None]) -> Iterator[None]:
    """Call ``on_first`` at the first signal; raise KeyboardInterrupt at the second, or when patience is over.

    ``on_first`` runs in the middle of whatever the main thread does. In any other thread nothing is caught.
    """
    asked, timer = False, (0.0, 0.0)

    def catch(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked, timer
        if asked:
            raise KeyboardInterrupt
        asked = True
        timer = signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        on_first()

    before = {}
    try:
        with contextlib.suppress(ValueError):  # not in the main thread
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
                before[number] = signal.signal(number, catch)
        yield
    finally:
        if asked:
            signal.setitimer(signal.ITIMER_REAL, *timer)
        for number, handler in before.items():
            signal.signal(number, handler)
