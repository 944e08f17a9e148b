"""A Caddyfile of the repository's own: which of its lines would lead to the release that serves."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.sources import SourceRefusedError, read_source, repository_of

_MAX_BYTES = 256 * 1024
_PROXIED = re.compile(
    r"\s*reverse_proxy\s+(?:[/*@]\S*\s+)?(?:http://)?(?P<service>[A-Za-z0-9_.-]+):(?P<port>[0-9]{1,5})(?![^\s])"
)


@dataclass(frozen=True)
class Handover:
    """A line that says ``reverse_proxy SERVICE:PORT``."""

    file: str
    line: int
    service: str
    port: int

    @property
    def before(self) -> str:
        return f"reverse_proxy {self.service}:{self.port}"

    @property
    def after(self) -> str:
        return f"import switch {self.service} {self.port}"


def find_handovers(services: Mapping[str, Any], folder: Path, root: Path) -> tuple[Handover, ...]:
    """The lines of Caddyfiles that services mount which lead to another service, in their order."""
    found = [
        one for path in sorted(_mounted(services, folder)) for one in _read_handovers(path, services, root)
    ]
    return tuple(found)


def _mounted(services: Mapping[str, Any], folder: Path) -> set[Path]:
    """The Caddyfiles that the compose file mounts, by their path or in a folder."""
    places = set()
    for service in services.values():
        volumes = service.get("volumes") if isinstance(service, dict) else None
        for volume in volumes if isinstance(volumes, list) else ():
            source = volume.get("source") if isinstance(volume, dict) else str(volume).partition(":")[0]
            if isinstance(source, str) and source.startswith("."):
                places.add(Path(os.path.normpath(folder / source)))
    names = {place if place.name.endswith("Caddyfile") else place / "Caddyfile" for place in places}
    return {name for name in names if name.is_file()}


def _read_handovers(path: Path, services: Mapping[str, Any], root: Path) -> Iterator[Handover]:
    try:
        raw = read_source(str(path), [repository_of(str(root))], _MAX_BYTES)
    except (OSError, SourceRefusedError):
        return
    for number, line in enumerate(raw.decode("utf-8", "replace").splitlines(), 1):
        match = _PROXIED.match(line)
        if match and match["service"] in services:
            yield Handover(os.path.relpath(path, root), number, match["service"], int(match["port"]))
