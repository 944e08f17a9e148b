"""When a notification is tried again, and when it is given up."""

from __future__ import annotations

GIVE_UP_AFTER = 24
"""Attempts; with the delays below, about eight hours."""

_FIRST, _LONGEST = 2.0, 1800.0
_TEMPORARY = frozenset({408, 425, 429})


def plan_retry(attempt: int, jitter: float, asked: float = 0.0) -> float:
    """Seconds to wait after the ``attempt``-th failure (from 1).

    Doubles up to half an hour; ``jitter`` (0 to 1) takes up to half of it off, so that many do not return at once.
    ``asked`` is what the receiver itself asked for (``Retry-After``), kept below the longest.
    """
    delay = min(_LONGEST, _FIRST * 2.0 ** min(attempt - 1, 20))
    return max(delay * (1 - jitter / 2), min(asked, _LONGEST))


def judge_status(status: int) -> str:
    """What an HTTP status means for a delivery: ``delivered``, ``retry`` or ``rejected`` (never again)."""
    if 200 <= status < 300:
        return "delivered"
    if 400 <= status < 500 and status not in _TEMPORARY:
        return "rejected"
    return "retry"
