"""One at a time, and who waits knows for whom."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.host.disk.lock import Holder, hold_lock, is_locked, read_holder
from fairlead.host.wire.errors import LockFault

HOLDER = Holder(what="deploy of 1a2b3c4", by="alice", task="t-1", pid=os.getpid(), since=time.time())


def test_second_is_told_who_holds_it(tmp_path: Path) -> None:
    """Waiting is bounded, and its end says what to do."""
    path = tmp_path / "lock"
    told: list[str] = []
    with hold_lock(path, HOLDER, wait=0, on_wait=told.append):
        assert is_locked(path)
        second = hold_lock(path, HOLDER, wait=0.2, on_wait=told.append)
        with pytest.raises(LockFault, match="deploy of 1a2b3c4 by alice") as caught:
            second.__enter__()
    assert "waited 0.2 s" in caught.value.why
    assert len(told) == 1
    assert not is_locked(path)
    assert read_holder(path) is None


def test_no_wait_fails_at_once(tmp_path: Path) -> None:
    """Without a word of waiting."""
    path = tmp_path / "lock"
    with hold_lock(path, HOLDER, wait=0, on_wait=print), pytest.raises(LockFault):
        hold_lock(path, HOLDER, wait=0, on_wait=pytest.fail).__enter__()


def test_a_brief_holder_is_waited_for_even_by_who_does_not_wait(tmp_path: Path) -> None:
    """Its deploy is over: nobody should hear of it any more."""
    path = tmp_path / "lock"
    first = hold_lock(path, replace(HOLDER, brief=True), wait=0, on_wait=pytest.fail)
    first.__enter__()
    threading.Timer(0.3, first.__exit__, (None, None, None)).start()
    with hold_lock(path, HOLDER, wait=0, on_wait=pytest.fail):
        assert read_holder(path) == HOLDER


def test_a_dead_holders_name_does_not_lock(tmp_path: Path) -> None:
    """The kernel frees the lock; what stands in the file is only a name."""
    path = tmp_path / "lock"
    path.write_text('{"what": "deploy", "by": "", "task": "t", "pid": 1, "since": 0}')
    assert not is_locked(path)
    with hold_lock(path, HOLDER, wait=0, on_wait=pytest.fail):
        assert read_holder(path) == HOLDER
