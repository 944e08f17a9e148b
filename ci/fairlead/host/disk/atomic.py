"""Writes that a power cut leaves either undone or whole: write, fsync, rename, fsync of the folder."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import IO

_MOST_FOLDERS = 1 << 20
"""So many are removed: somebody may be at work there, and make more of them."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


SHOWN_FILE = 0o644
SHOWN_FOLDER = 0o755
"""For what a container reads, as whatever user its image says. All else is for the agent's user alone."""


def write_file(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace ``path`` by a file of this content, at once; a reader sees the old one or the new one.

    Raises:
        OSError: no space, no permission.
    """
    scratch = _beside(path)
    try:
        handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            # The umask must not narrow what a container's user has to read.
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        scratch.replace(path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def open_private(path: Path) -> IO[str]:
    """Open a file to add to it, which is for this user alone, also one that an older agent made for everybody.

    Raises:
        OSError: no space, no permission.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    os.fchmod(handle, 0o600)
    return os.fdopen(handle, "a", encoding="utf-8")


def point_link(link: Path, target: str) -> None:
    """Make ``link`` a symlink to ``target`` by one rename(2), whatever stood there before.

    Raises:
        OSError: no permission, or ``link`` is a folder.
    """
    scratch = _beside(link)
    try:
        scratch.symlink_to(target)
        scratch.replace(link)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    sync_folder(link.parent)


def make_folder(path: Path, mode: int = 0o700) -> None:
    """Make the folder and its parents where missing; the mode of each is ``mode`` whatever the umask says."""
    if path.is_dir():
        return
    make_folder(path.parent, mode)
    path.mkdir(exist_ok=True)
    path.chmod(mode)
    sync_folder(path.parent)


def remove_path(path: Path) -> None:
    """Remove a file, a link or a whole folder; what is gone already is no error, and what may not be removed stays.

    A container may have made the folder: deeper than Python calls itself or a path has characters. So what lies deeper is
    moved up into the folder first, level by level, and none of its links is followed.
    """
    try:
        top = os.open(path, _FOLDER)
    except OSError:
        with contextlib.suppress(IsADirectoryError, PermissionError):
            path.unlink(missing_ok=True)
        return
    try:
        left = _unlink_all(top)
        room = _MOST_FOLDERS
        while left and room:
            _lift(top, left.pop(), left)
            room -= 1
    finally:
        os.close(top)
    with contextlib.suppress(OSError):
        path.rmdir()


def _unlink_all(handle: int) -> list[str]:
    """Remove what is no folder; the names of the folders."""
    folders = []
    with contextlib.suppress(OSError), os.scandir(handle) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
                continue
            with contextlib.suppress(OSError):
                os.unlink(entry.name, dir_fd=handle)
    return folders


def _lift(top: int, name: str, left: list[str]) -> None:
    """Remove a folder in another one, whose own folders are moved there, to be removed in turn."""
    try:
        handle = os.open(name, _FOLDER, dir_fd=top)
    except OSError:
        return
    try:
        for below in _unlink_all(handle):
            lifted = secrets.token_hex(12)
            with contextlib.suppress(OSError):
                os.rename(below, lifted, src_dir_fd=handle, dst_dir_fd=top)
                left.append(lifted)
    finally:
        os.close(handle)
    with contextlib.suppress(OSError):
        os.rmdir(name, dir_fd=top)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable, not only the files behind them."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(6)}")
