"""Which files git tracks below a folder, read from the index: no process, and nothing of its configuration.

A checkout in CI has what is tracked and nothing else; a laptop has more. What is decided of a folder must be the same.
"""

from __future__ import annotations

import os
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_FIXED = 62
"""Bytes of an entry before its name: times, numbers, mode, owner, size, the SHA-1 and the flags."""
_EXTENDED = 0x4000
_MOST_BYTES = 256 * 1024 * 1024


def names_below(folder: str, repository: str) -> tuple[str, ...]:
    """The names of the files below a folder, relative to it: those that git tracks, or all where git can't tell."""
    inside = os.path.relpath(folder, repository)
    tracked = _tracked(*_index_of(repository))
    if tracked is None:
        return tuple(_on_disk(folder))
    prefix = "" if inside == "." else f"{inside}/"
    return tuple(name[len(prefix) :] for name in tracked if name.startswith(prefix))


def is_tracked(file: str, repository: str) -> bool:
    """Whether git tracks a file; also where it can't tell."""
    tracked = _tracked(*_index_of(repository))
    return tracked is None or os.path.relpath(file, repository) in tracked


def parse_index(content: bytes) -> tuple[str, ...] | None:
    """The names in an index of git's, of version 2, 3 or 4; None if it is something else, or only a part. Pure."""
    if content[:4] != b"DIRC" or len(content) < 12:
        return None
    version, count = int.from_bytes(content[4:8], "big"), int.from_bytes(content[8:12], "big")
    if version not in {2, 3, 4}:
        return None
    names: list[str] = []
    place, last = 12, b""
    try:
        for _ in range(count):
            start, place = place, place + _FIXED
            if content[start + 60] << 8 & _EXTENDED:
                place += 2
            kept = b""
            if version == 4:
                cut, place = _varint(content, place)
                kept = last[: len(last) - cut]
            end = content.index(b"\0", place)
            last = kept + content[place:end]
            place = end + 1 if version == 4 else start + (end - start + 8) // 8 * 8
            names.append(last.decode("utf-8", "surrogateescape"))
    except (IndexError, ValueError):
        return None
    # A shared index elsewhere holds the rest of it; names that are none are another hash's.
    is_split = content[place : place + 4] == b"link"
    return None if is_split or not all(name.isprintable() for name in names) else tuple(names)


def _varint(content: bytes, place: int) -> tuple[int, int]:
    value = content[place] & 0x7F
    while content[place] & 0x80:
        place += 1
        value = (value + 1) << 7 | content[place] & 0x7F
    return value, place + 1


def _index_of(repository: str) -> tuple[str, int]:
    """The index of a repository or worktree, and when it was written; empty where there is none."""
    git = f"{repository}/.git"
    try:
        if os.path.isfile(git):  # noqa: PTH113 - never raises
            with open(git, encoding="utf-8") as stream:  # noqa: PTH123 - no import for it
                git = os.path.join(repository, stream.read(4096).removeprefix("gitdir:").strip())  # noqa: PTH118 - no import for it
        return f"{git}/index", os.stat(f"{git}/index").st_mtime_ns  # noqa: PTH116 - no import for it
    except (OSError, ValueError):
        return "", 0


@lru_cache(maxsize=8)
def _tracked(index: str, _written: int) -> tuple[str, ...] | None:
    try:
        with open(index, "rb") as stream:  # noqa: PTH123 - no import for it
            content = stream.read(_MOST_BYTES + 1)
    except OSError:
        return None
    return parse_index(content) if len(content) <= _MOST_BYTES else None


def _on_disk(folder: str) -> Iterator[str]:
    for path, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in sorted(files):
            yield os.path.relpath(f"{path}/{name}", folder)
