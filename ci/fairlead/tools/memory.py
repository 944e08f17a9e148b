"""What programs said when they were asked for their version, so that they are asked once.

A program is known by its path, its size and its time of change. The file is a convenience:
when it can't be read or written, the program is asked again.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from fairlead import files
from fairlead.tools.cache import cache_dir


def recall(path: Path, mark: str) -> str | None:
    """What the program at ``path`` said, if it is still the one that ``mark`` names."""
    entry = _read().get(str(path))
    return entry[1] if entry is not None and entry[0] == mark else None


def remember(path: Path, mark: str, said: str) -> None:
    """Keep what a program said."""
    # Path.exists() raises where a folder may not be looked into.
    entries = {known: entry for known, entry in _read().items() if os.path.exists(known)}  # noqa: PTH110 - never raises
    entries[str(path)] = (mark, said)
    file = _file()
    with contextlib.suppress(OSError):
        files.write(files.settled(file), json.dumps(entries, indent=1))


def _file() -> Path:
    return cache_dir() / "tools" / "versions.json"


def _read() -> dict[str, tuple[str, str]]:
    try:
        stored = json.loads(_file().read_text(encoding="utf-8"))
        return {path: (str(mark), str(said)) for path, (mark, said) in stored.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
