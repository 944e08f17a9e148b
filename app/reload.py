"""``python -m app.reload ROLE``, for development: starts a role, and starts it anew when its source changes."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from app.__main__ import main

SOURCE = Path(__file__).parent
PAUSE = 0.5
"""Seconds between two looks at the source."""


def read_state(source: Path) -> dict[Path, int]:
    """When each source file was last changed (nanoseconds)."""
    return {
        path: path.stat().st_mtime_ns
        for path in source.rglob("*")
        if path.suffix != ".pyc" and path.is_file()
    }


def _watch(before: dict[Path, int]) -> None:
    while read_state(SOURCE) == before:
        time.sleep(PAUSE)
    # Takes the place of this process: same id, same container; its sockets close by themselves.
    os.execv(sys.executable, [sys.executable, "-m", "app.reload", *sys.argv[1:]])  # noqa: S606  itself, no shell


if __name__ == "__main__":
    threading.Thread(target=_watch, args=(read_state(SOURCE),), daemon=True).start()
    sys.exit(main(sys.argv[1:]))
