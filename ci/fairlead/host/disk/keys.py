"""The keys by which the values of an app's secrets are named, beside the values."""

from __future__ import annotations

import os

from ..wire.errors import InputFault
from ..wire.marks import KEY
from .atomic import make_folder, sync_folder
from .paths import Paths

_MOST_KEYS = 100


def read_keys(paths: Paths) -> tuple[bytes, ...]:
    """The keys that this host knows for an app, the one to use first."""
    try:
        lines = paths.marks.read_text("ascii").split()
    except (OSError, ValueError):
        return ()
    return tuple(bytes.fromhex(line) for line in lines if KEY.fullmatch(line))


def keep_key(paths: Paths, key: bytes) -> None:
    """Remember a key, after those that are known already. Needs no lock.

    Raises:
        InputFault: there are too many.
        OSError: no space, no permission.
    """
    known = read_keys(paths)
    if key in known:
        return
    if len(known) >= _MOST_KEYS:
        raise InputFault(
            f"{paths.app} has {_MOST_KEYS} keys for the names of its secrets: that is no use of ours"
        )
    make_folder(paths.secrets)
    handle = os.open(
        paths.marks, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
    )
    try:
        os.write(handle, f"\n{key.hex()}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    sync_folder(paths.secrets)
