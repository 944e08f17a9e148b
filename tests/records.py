"""What the engine keeps of builds that are over, forgotten before the tests: containerd goes through it at each start.

BuildKit keeps a record of every build for two days, of nine blobs each. With 2,700 records a start and a removal of a
container took containerd 0.35 s of processor time instead of 0.12 s, and the tests start two thousand.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

# The engine's own containerd, or that of the machine.
_SOCKETS = (Path("/run/docker/containerd/containerd.sock"), Path("/run/containerd/containerd.sock"))
_AT_ONCE = 400
_OVER_SECONDS = 3600.0
"""No build of the tests takes so long: the record of one that goes on stays."""


def forget_builds() -> None:
    """Forget the records of builds that are over, however this engine lets one; where it does not, they stay."""
    if _run("docker", "buildx", "history", "rm", "--all") is None:
        # Before buildx 0.20 no command does it: a record lives by its lease.
        for socket in filter(Path.exists, _SOCKETS):
            _forget_leases(socket)


def _forget_leases(socket: Path) -> None:
    ask = ("ctr", "--address", str(socket), "--namespace", "moby_history", "leases")
    over = list(find_over(_run(*ask, "ls") or "", time.time()))
    for start in range(0, len(over), _AT_ONCE):
        _run(*ask, "delete", *over[start : start + _AT_ONCE])


def find_over(table: str, now: float) -> Iterator[str]:
    """The leases of records that are old enough to be of a build that is over, out of ``ctr leases ls``."""
    for line in table.splitlines():
        match line.split():
            case [name, when, *_] if name.startswith("ref_") and now - _seconds(when) > _OVER_SECONDS:
                yield name


def _seconds(when: str) -> float:
    return datetime.fromisoformat(when).timestamp()


def _run(*words: str) -> str | None:
    """What it prints, or None where it is not there or does not do it."""
    try:
        done = subprocess.run(
            words, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
