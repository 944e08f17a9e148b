"""The agent as one file: a zipapp of ``fairlead.host``, the same bytes on every machine.

Its name is its sha256, and a server takes each name once (``/srv/fairlead/agents/<sha256>``, unpacked). So nothing of the machine that made it may show:
files in order, one date, fixed modes, no compression (zlib's output differs between its versions).
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

_PACKAGE = "fairlead_host"
_DATE = (1980, 1, 1, 0, 0, 0)
_MAIN = f"""\
import sys

from {_PACKAGE}.__main__ import main

sys.exit(main())
"""


@dataclass(frozen=True)
class Agent:
    """The bytes of the agent and their sha256, which is its name on a server."""

    content: bytes
    sha256: str


@cache
def build_agent() -> Agent:
    """Build the agent from the package that is installed here."""
    content = render_zipapp(dict(_sources(resources.files("fairlead.host"), "")))
    return Agent(content, hashlib.sha256(content).hexdigest())


def render_zipapp(sources: dict[str, bytes]) -> bytes:
    """A zipapp that runs the module ``__main__`` of the sources, which are paths in the package and their texts."""
    buffer = io.BytesIO()
    files = {f"{_PACKAGE}/{name}": text for name, text in sources.items()}
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, text in sorted({**files, "__main__.py": _MAIN.encode()}.items()):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, text)
    return buffer.getvalue()


def _sources(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _sources(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".py"):
            yield prefix + entry.name, entry.read_bytes()
