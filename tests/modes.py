"""What of an agent's files others of its host may read: what stands here with its reason, and nothing else."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Open:
    """Files that somebody else may read, by a pattern of their path below the root."""

    pattern: str
    folder: int | None
    file: int | None
    reason: str

    def allows(self, path: str, mode: int, *, is_folder: bool) -> bool:
        wanted = self.folder if is_folder else self.file
        return re.fullmatch(self.pattern, path) is not None and mode == wanted


_PROXY = "the proxy reads it, in its container, as whatever user its image says"
APP = r"(?!edge\b|agents\b|removed\.)[a-z][a-z0-9-]*"
OPEN = (
    Open(APP, 0o755, None, f"{_PROXY}: it is mounted there, without its folders that are closed"),
    Open(rf"{APP}/(routes|carried|drained|maintenance\.d)(/.*)?", 0o755, 0o644, _PROXY),
    Open(rf"{APP}/switch\.caddy", None, 0o644, _PROXY),
    Open(
        rf"{APP}/run", 0o1777, None, "the proxy makes its admin socket in it; what others made stays theirs"
    ),
    Open(rf"{APP}/run/dark-token", None, 0o644, _PROXY),
    Open(rf"{APP}/secrets/[^/]+/[^/]+", None, 0o444, "a service reads it as its user; the folder is closed"),
    Open(
        rf"{APP}/files/[^/]+(/.*)?",
        0o755,
        0o644,
        "config files have the repository's mode; the folder is closed",
    ),
    Open(r"edge", 0o755, None, f"{_PROXY}: the edge, which closes it where it has the folder's group"),
    Open(r"(edge)", 0o750, None, "closed: the edge is in the folder's group"),
    Open(r"edge/(hosts|apps)(/.*)?", 0o755, 0o644, f"{_PROXY}: the edge"),
    Open(r"edge/(Caddyfile|acme-root\.pem)", None, 0o644, f"{_PROXY}: the edge"),
    Open(r"edge/run", 0o1777, None, "the edge makes its admin socket in it"),
)
_FOREIGN = re.compile(rf"{APP}/(data|data\.new)/.*|({APP}|edge)/run/(?!dark-token).*|agents(/.*)?")
"""What containers made, or whoever installed the agent."""


def find_loose(root: Path) -> list[str]:
    """Every file and folder below a host's root that others may look at, though nobody has a reason to."""
    return [
        f"{path} is {mode:04o}"
        for path, mode, is_folder in _walk(root)
        if mode & 0o077
        and not _FOREIGN.fullmatch(path)
        and not any(one.allows(path, mode, is_folder=is_folder) for one in OPEN)
    ]


def find_unused(root: Path) -> list[str]:
    """The patterns that nothing below a root needs."""
    found = list(_walk(root))
    return [
        one.pattern
        for one in OPEN
        if not any(one.allows(path, mode, is_folder=is_folder) for path, mode, is_folder in found)
    ]


def _walk(root: Path) -> Iterator[tuple[str, int, bool]]:
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            try:
                found = path.lstat()
            except FileNotFoundError:
                continue
            if not stat.S_ISLNK(found.st_mode):
                yield str(path.relative_to(root)), stat.S_IMODE(found.st_mode), stat.S_ISDIR(found.st_mode)
