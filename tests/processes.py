"""Whether a process of somebody else's runs, as tests look at it."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path


def runs(pid: int) -> bool:
    """Whether it has not ended; one that has, and that nobody has waited for yet, does not run.

    In a container whose first process reaps nobody, what has ended stays in ``/proc`` for good.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    # Its name, in parentheses, may hold anything. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


def wait_ended(pid: int, seconds: float) -> None:
    """Wait for the end of a process that is not this one's child.

    Raises:
        TimeoutExpired: it runs on.
    """
    deadline = time.monotonic() + seconds
    while runs(pid):
        if time.monotonic() > deadline:
            raise subprocess.TimeoutExpired(f"the process {pid}", seconds)
        time.sleep(0.02)
