"""Secrets as environment variables: how a value gets into a container and stands in no file but its own.

A project says `${FAIRLEAD_VALUE_<mark>}` where the value belongs, and a label of the service tells where the value lies.
Whoever runs Compose reads it there and hands it over in Compose's own environment, for as long as that runs. From then
on the engine knows it, and `docker inspect` shows it; the container keeps it until it is made anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..wire import labels
from ..wire.plainjson import parse_json
from ..wire.release import Release, Service
from ..wire.value import as_variable

_PREFIX = "FAIRLEAD_VALUE_"


def variables_of(service: Service, release: Release) -> dict[str, str]:
    """Its variables with values from secrets, as a project says them; Compose refuses to start it without one. Pure."""
    return {
        mount.variable: f"${{{_PREFIX}{release.secrets[mount.secret]}"
        f":?the value of the secret {mount.secret} is not on this host}}"
        for mount in service.mounts
        if mount.variable and mount.secret is not None
    }


def render_label(sources: Iterable[Path]) -> dict[str, str]:
    """The label that tells where the values lie; none where there are none. Pure."""
    paths = sorted({str(source) for source in sources})
    return {labels.VARIABLES: json.dumps(paths).replace("$", "$$")} if paths else {}


def parse_label(marks: Mapping[str, Any]) -> tuple[str, ...]:
    """Where the values lie, by a container's labels: an image may say anything there. Pure."""
    try:
        found = parse_json(marks.get(labels.VARIABLES) or "[]")
    except (ValueError, TypeError):
        return ()
    return tuple(path for path in found if isinstance(path, str)) if isinstance(found, list) else ()


def read_values(file: Path) -> dict[str, str]:
    """What Compose has to find in its environment for this project; a value that is gone is left out.

    Raises:
        InputFault: a value cannot be a variable.
    """
    if labels.VARIABLES.encode() not in (text := _read(file)):
        return {}
    found: dict[str, str] = {}
    for labels_of in _labels(text):
        marks = {key: str(value).replace("$$", "$") for key, value in labels_of.items()}
        for path in map(Path, parse_label(marks)):
            content = _read(path)
            if content:
                found[f"{_PREFIX}{path.name}"] = as_variable(path.parent.name, content)
    return found


def _labels(text: bytes) -> list[Mapping[str, Any]]:
    """The labels of the services of a project; none of one that is damaged, of which Compose has its own words."""
    try:
        found = [service.get("labels") for service in parse_json(text)["services"].values()]
    except (ValueError, LookupError, TypeError, AttributeError):
        return []
    return [one for one in found if isinstance(one, Mapping)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
