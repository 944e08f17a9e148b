"""Where Fairlead keeps what it can make again: outside the clone, one folder for all clones."""

from __future__ import annotations

import os
from pathlib import Path


def cache_dir() -> Path:
    """The cache folder: ``FAIRLEAD_CACHE``, else ``fairlead`` in the user's cache folder. Not made here."""
    chosen = os.environ.get("FAIRLEAD_CACHE")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "fairlead"
