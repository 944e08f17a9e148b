"""Looking again and again while something takes its time: the longer it has taken, the less often.

Every look at a container costs the engine 3 ms, every health check some 100 ms of a processor that the container
which is looked at needs as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable

_SHARE = 0.05


def pause_for(waited: float, least: float, share: float = _SHARE) -> float:
    """Seconds until the next look: what happens meanwhile is noticed late by that share of the time already waited."""
    return max(least, share * waited)


def wait_until(ready: Callable[[], bool], *, timeout: float, poll: float = 0.05) -> bool:
    """Ask until it is so, every ``poll`` seconds at first; False when ``timeout`` seconds have passed."""
    began = time.monotonic()
    while not ready():
        waited = time.monotonic() - began
        if waited >= timeout:
            return False
        time.sleep(min(pause_for(waited, poll), timeout - waited))
    return True
