"""Writes that a power cut leaves either undone or whole: write, fsync, rename, fsync of the folder."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path


def write_file(path: Path, content: bytes, mode: int = 0o644) -> None:
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


def make_folder(path: Path, mode: int = 0o755) -> None:
    """Make the folder and its parents where missing; its mode is ``mode`` whatever the umask says."""
    if path.is_dir():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(exist_ok=True)
    path.chmod(mode)
    sync_folder(path.parent)


def remove_path(path: Path) -> None:
    """Remove a file, a link or a whole folder; what is gone already is no error."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable, not only the files behind them."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(6)}")
