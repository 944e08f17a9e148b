"""One at a time: a lock on a file, which the kernel frees when its holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from fairlead.errors import LockedError

_PATIENCE_SECONDS = 1200.0


@contextlib.contextmanager
def locked(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock; when another run holds it, say so by ``on_wait`` and wait for it to end.

    Raises:
        LockedError: it did not end.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _try_lock(descriptor):
            on_wait()
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while not _try_lock(descriptor):
                if time.monotonic() > deadline:
                    raise LockedError(
                        "another `fairlead lab` command has been at work for too long",
                        why=f"it holds {path}",
                        fix="end it, then run this again",
                    )
                time.sleep(0.3)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
