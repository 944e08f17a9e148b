"""What a killed agent leaves beside its work: half-written files, half-made folders, registry credentials."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

from .atomic import remove_path
from .credentials import drop_credentials, sweep_credentials
from .paths import Paths
from .task import credentials_of, read_request

_SCRATCH = re.compile(r"\.(.+)\.[0-9a-f]{12}|\.new-.+|\.incoming-.+")
"""The names of ``atomic``, ``vault`` and ``intake`` for what is not whole yet."""
_STALE = 3600.0


def sweep_leftovers(paths: Paths) -> list[Path]:
    """Remove what nobody will finish; call it under the app's lock.

    What is written without the lock (secrets and requests that arrive, the launcher, the way to a page) is spared for
    an hour.

    Returns: what was removed.
    """
    found = [*_scratch(paths.home, paths.run, paths.routes, paths.releases, paths.files)]
    unlocked = (paths.launcher.name, paths.maintenance.name)
    doomed = [
        entry for entry in found if not any(name in entry.name for name in unlocked) or _is_stale(entry)
    ]
    secrets = paths.secrets.glob("*") if paths.secrets.is_dir() else ()
    doomed += [entry for entry in _scratch(paths.tasks, *secrets) if _is_stale(entry)]
    for entry in doomed:
        remove_path(entry)
    return doomed


def drop_login(paths: Paths, task: str) -> None:
    """Remove the registry credentials of a task that is dead, and those that nobody has asked for in an hour."""
    drop_credentials(credentials_of(read_request(paths.task(task))))
    sweep_credentials()


def _scratch(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        with contextlib.suppress(OSError):
            yield from (entry for entry in folder.iterdir() if _SCRATCH.fullmatch(entry.name))


def _is_stale(entry: Path) -> bool:
    with contextlib.suppress(OSError):
        return time.time() - entry.lstat().st_mtime > _STALE
    return False
