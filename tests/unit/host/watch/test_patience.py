from __future__ import annotations

import itertools

from fairlead.host.watch.patience import pause_for, wait_until


def test_what_has_taken_long_is_looked_at_less_often() -> None:
    assert pause_for(0.0, 0.05) == 0.05
    assert pause_for(20.0, 0.05) == 1.0
    assert pause_for(20.0, 0.05, share=0.1) == 2.0
    assert pause_for(20.0, 3.0) == 3.0, "a look that costs much is not made more often than it may"


def test_what_becomes_true_is_seen_and_what_does_not_is_given_up() -> None:
    looks = iter([False, False, True])
    assert wait_until(lambda: next(looks), timeout=5, poll=0.001)
    asked = itertools.count()
    assert not wait_until(lambda: next(asked) < 0, timeout=0.3, poll=0.0001)
    assert 10 < next(asked) < 200, "at first every tenth of a millisecond, then less and less"
