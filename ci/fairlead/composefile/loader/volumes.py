"""The short form of ``volumes``. Pure. Source: ``format/volume.go`` of compose-go."""

from __future__ import annotations

import posixpath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PROPAGATIONS = frozenset({"rprivate", "private", "rshared", "shared", "rslave", "slave"})
_LABELS = frozenset({"z", "Z"})
_SHORT = 2


def parse_volume(text: str) -> dict[str, Any] | None:
    """The mount that ``./a:/b:ro`` or ``data:/b`` or ``/b`` says; None if it can't be read."""
    if not text:
        return None
    if len(text.encode()) <= _SHORT:
        return {"type": "volume", "target": clean_target(text)}
    parts = _parts(text)
    if any(not part for part in parts) or len(parts) > 3:
        return None
    source, target = (parts[0], parts[1]) if len(parts) > 1 else ("", parts[0])
    options = parts[2].split(",") if len(parts) > 2 else []
    is_bind = _is_path(source)
    volume: dict[str, Any] = {"type": "bind" if is_bind else "volume"}
    if source:
        volume["source"] = source
    volume["target"] = clean_target(target)
    modes = [option for option in options if option in {"ro", "rw"}]
    if modes and modes[-1] == "ro":
        volume["read_only"] = True
    bind = _bind_options(options)
    if is_bind:
        bind["create_host_path"] = True
    if bind or is_bind:
        volume["bind"] = bind
    if not is_bind or "nocopy" in options:
        volume["volume"] = {"nocopy": True} if "nocopy" in options else {}
    return volume


def _bind_options(options: list[str]) -> dict[str, Any]:
    bind: dict[str, Any] = {}
    for option in options:
        if option in _PROPAGATIONS:
            bind["propagation"] = option
        elif option in _LABELS:
            bind["selinux"] = option
    return bind


def _parts(text: str) -> list[str]:
    """The text between colons; the colon of a Windows drive is none of them."""
    parts: list[str] = []
    start = 0
    for index, character in enumerate(text):
        is_drive = index - start == 1 and text[start].isalpha()
        if character == ":" and not is_drive:
            parts.append(text[start:index])
            start = index + 1
    parts.append(text[start:])
    return parts


def _is_path(source: str) -> bool:
    if not source:
        return False
    return source[0] in "./~" or source.startswith("\\\\") or (source[1:2] == ":" and source[0].isalpha())


def volume_target(text: str) -> str | None:
    """Where a short form mounts."""
    volume = parse_volume(text)
    return None if volume is None else volume["target"]


def clean_target(target: str) -> str:
    """A path in a container without what does not change it, as Go's ``path.Clean``."""
    if not target:
        return ""
    # POSIX lets two leading slashes mean something of their own; Go does not.
    return (
        posixpath.normpath("/" + target.lstrip("/")) if target.startswith("/") else posixpath.normpath(target)
    )
