"""What is told or written of an app holds no value of its vault: events, journal, logs, answers.

The host knows every value: the current ones, those of releases that are kept, and those that have just come with a
request. One that was rotated away is known for as long as a process that has seen it runs; its files are gone then.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Optional

from ..wire.mask import Mask
from ..wire.plainjson import parse_json
from .paths import Paths

_LOOK_SECONDS = 1.0
_LARGEST = 1024 * 1024
OURS = frozenset(
    [
        "action",
        "app",
        "container",
        "digest",
        "event",
        "host",
        "image",
        "kind",
        "level",
        "phase",
        "point",
        "previous",
        "release",
        "revision",
        "role",
        "running",
        "schema",
        "service",
        "serving",
        "state",
        "status",
        "task",
        "word",
    ]
)
"""Fields whose texts are names and marks that others go by: a secret `deploy` must not hide what an event is."""


_REMEMBERED: set[bytes] = set()


def remember(values: Iterable[bytes]) -> None:
    """Hide these too, from now on, in whatever this process tells: the registry login of its task."""
    _REMEMBERED.update(values)


class VaultMask:
    """Hides the values of an app's secrets, and those to ``remember``; one that comes meanwhile is known soon after."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._values = set(_REMEMBERED)
        self._seen: frozenset[tuple[str, int, int]] = frozenset()
        self._looked: Optional[float] = None
        self._mask = Mask(self._values)

    def text(self, text: str) -> str:
        return self._current().text(text)

    def document(self, value: Any) -> Any:
        """A JSON value; names and marks of our own stay."""
        return self._current().document(value, OURS)

    def _current(self) -> Mask:
        now = time.monotonic()
        if self._looked is None or now - self._looked > _LOOK_SECONDS:
            self._looked = now
            found = _list_vault(self._paths)
            if found - self._seen:
                self._values |= _read_values(path for path, _, _ in found - self._seen)
                self._mask = Mask(self._values)
                self._seen |= found
        return self._mask


def login_values(config: Optional[Path]) -> set[bytes]:
    """What is secret in the registry credentials of a task."""
    try:
        auths = parse_json(config.read_bytes())["auths"] if config is not None else {}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    found: set[bytes] = set()
    for login in auths.values() if isinstance(auths, Mapping) else ():
        for key, value in login.items() if isinstance(login, Mapping) else ():
            if isinstance(value, str) and key != "username":
                found.add(value.encode())
                found |= _password(value) if key == "auth" else set()
    return found


def _password(auth: str) -> set[bytes]:
    try:
        return {base64.b64decode(auth).partition(b":")[2]}
    except ValueError:
        return set()


def _list_vault(paths: Paths) -> frozenset[tuple[str, int, int]]:
    found = set()
    for entry in paths.secrets.glob("*/*"):
        try:
            stat = entry.stat()
        except OSError:
            continue
        found.add((str(entry), stat.st_mtime_ns, stat.st_size))
    return frozenset(found)


def _read_values(files: Iterable[str]) -> set[bytes]:
    found = set()
    for file in files:
        try:
            with Path(file).open("rb") as stream:
                found.add(stream.read(_LARGEST))
        except OSError:
            continue
    return found
