"""Registry credentials: in memory-backed files only, one folder a task, gone when the task is."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from ..wire.plainjson import parse_json

_PLACES = ("/dev/shm", "/run/user/{uid}")  # noqa: S108 - not predictable: mkdtemp makes the name, 0700 the folder
_PREFIX = "fairlead-login-"
_STALE = 3600.0
_WORDS = frozenset({"auth", "username", "password", "identitytoken", "registrytoken", "email"})
"""What Docker keeps of a login."""


def parse_credentials(config: bytes) -> bytes:
    """Docker's ``config.json`` with the logins that came, and with nothing else: the rest of it names programs to start. Pure.

    Raises:
        ValueError: more came, or no logins.
    """
    raw = parse_json(config)
    auths = raw.get("auths", {}) if isinstance(raw, Mapping) and raw.keys() <= {"auths"} else None
    if not isinstance(auths, Mapping) or not all(map(_is_login, auths.values())):
        raise ValueError("it is no logins")
    return json.dumps({"auths": auths}).encode()


def _is_login(login: object) -> bool:
    return (
        isinstance(login, Mapping)
        and login.keys() <= _WORDS
        and all(isinstance(word, str) for word in login.values())
    )


def write_credentials(config: bytes) -> Path:
    """Write Docker's ``config.json`` (``{"auths": …}``) where only this user reads it, and return its path.

    Raises:
        OSError: no space.
    """
    sweep_credentials()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_place()))
    path = folder / "config.json"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(config)
    return path


def drop_credentials(path: Path | None) -> None:
    """Remove the credentials and their folder; what is gone already is no error."""
    if path is None:
        return
    with contextlib.suppress(OSError):
        path.unlink()
    if path.parent.name.startswith(_PREFIX):
        shutil.rmtree(path.parent, ignore_errors=True)


def sweep_credentials() -> None:
    """Remove what killed tasks left: folders of ours that are older than an hour."""
    for folder in _place().glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            found = folder.lstat()
            if found.st_uid == os.getuid() and time.time() - found.st_mtime > _STALE:
                shutil.rmtree(folder, ignore_errors=True)


def _place() -> Path:
    for place in _PLACES:
        folder = Path(place.format(uid=os.getuid()))
        if os.access(folder, os.W_OK | os.X_OK):
            return folder
    return Path(tempfile.gettempdir())
