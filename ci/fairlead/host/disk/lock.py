"""One command at a time for an app: flock(2), which the kernel frees when its holder dies.

The file names the holder, so that who waits can say for whom.
The descriptor is handed down to ``docker`` and ``docker-compose`` (see ``engine``):
should the agent be killed while one of them works, the lock is free only when that has ended too.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ..wire.errors import LockFault
from ..wire.plainjson import parse_json

_POLL = 0.1
_BRIEF = 30.0
"""Longest wait in seconds for a holder that is brief."""


@dataclass(frozen=True)
class Holder:
    """Who holds the lock: what it does (``deploy of 1a2b3c4``), for whom, since when (epoch seconds).

    One that is ``brief`` holds it for a few seconds, after its work is done: everybody waits for it.
    """

    what: str
    by: str
    task: str
    pid: int
    since: float
    brief: bool = False

    def __str__(self) -> str:
        ago = max(0, round(time.time() - self.since))
        return f"{self.what} by {self.by or 'somebody'}, for {ago} s (task {self.task}, process {self.pid})"


@contextlib.contextmanager
def hold_lock(
    path: Path,
    holder: Holder,
    *,
    wait: float,
    on_wait: Callable[[str], None],
    checkpoint: Callable[[], None] = lambda: None,
) -> Iterator[int]:
    """Hold the app's lock and yield its descriptor.

    Args:
        path: the lock file; it stays when the lock is free.
        holder: what others are told while it is held.
        wait: seconds to wait for another holder; 0 does not wait.
        on_wait: called once with a sentence that says who holds the lock.
        checkpoint: called while it waits; what it raises ends the waiting.

    Raises:
        LockFault: it was not free in time.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(handle, path, wait, on_wait, checkpoint)
        while not _is_at(handle, path):
            # The app was removed, and the file with it, while this waited for it.
            os.close(handle)
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            _take(handle, path, wait, on_wait, checkpoint)
        # The lock is held, whether there is room for a name or not.
        with contextlib.suppress(OSError):
            _name_holder(handle, holder)
        try:
            yield handle
        finally:
            os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def read_holder(path: Path) -> Holder | None:
    """Who holds the lock by the file's account, or None; a dead holder's name may still stand there."""
    try:
        raw = parse_json(path.read_bytes()[:4096] or b"null")
        return _holder(raw) if isinstance(raw, Mapping) else None
    except (OSError, ValueError, TypeError):
        return None


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock now."""
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _take(
    handle: int, path: Path, wait: float, on_wait: Callable[[str], None], checkpoint: Callable[[], None]
) -> None:
    started = time.monotonic()
    deadline = started + wait
    announced = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = read_holder(path)
            who = str(holder) if holder else "another command that has not said its name yet"
            # Without a name it has just come, or is about to go.
            brief = (holder is None or holder.brief) and time.monotonic() < started + _BRIEF
            if time.monotonic() >= deadline and not brief:
                raise LockFault(
                    f"the app is held by {who}",
                    why=f"waited {wait:g} s for it" if wait else "and this command was told not to wait",
                    fix="run it again when the other one has ended; `fairlead status` shows how far it is",
                ) from None
            if not announced and not brief:
                on_wait(f"waiting for {who}")
                announced = True
            checkpoint()
            time.sleep(_POLL)
        else:
            return


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _name_holder(handle: int, holder: Holder) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, json.dumps(asdict(holder)).encode(), 0)


def _holder(raw: Mapping[str, object]) -> Holder:
    return Holder(
        what=str(raw["what"]),
        by=str(raw["by"]),
        task=str(raw["task"]),
        pid=int(str(raw["pid"])),
        since=float(str(raw["since"])),
        brief=raw.get("brief") is True,
    )
