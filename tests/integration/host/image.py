"""The one tiny image of these tests: Caddy, and a program for health checks that costs next to nothing."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

from fairlead.host.engine.engine import Engine

_TINY = "docker-init"
"""A static program that comes with the engine; Caddy takes ten times as long to say its version."""


def build_image(caddy: Callable[[], bytes], name: str, mark: str) -> str:
    """Import an image that holds ``/caddy`` and ``/check``, once; return its reference by digest."""
    engine = Engine.connect()
    found = engine.image(f"{name}:{mark}")
    if found is None:
        _import_image(caddy(), f"{name}:{mark}")
        found = engine.image(f"{name}:{mark}")
    assert found is not None
    return f"{name}@{found['RepoDigests'][0].partition('@')[2]}"


def _import_image(caddy: bytes, tag: str) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in (("caddy", caddy), ("check", _read_check() or caddy)):
            program = tarfile.TarInfo(name)
            program.size, program.mode = len(content), 0o755
            archive.addfile(program, io.BytesIO(content))
        for folder in ("tmp", "data"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
            archive.addfile(entry)
    # As stock Caddy has it: found by its name, and what runs where nothing else is said.
    command = ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
    changes = [
        "ENV HOME=/tmp PATH=/ XDG_CONFIG_HOME=/tmp XDG_DATA_HOME=/data",
        "STOPSIGNAL SIGTERM",
        f"CMD {json.dumps(command)}",
    ]
    argv = ["docker", "import", *(f"--change={one}" for one in changes), "-", tag]
    subprocess.run(argv, input=buffer.getvalue(), check=True, capture_output=True)


def _read_check() -> bytes:
    """What ends well with ``--version`` and badly with nonsense, as Caddy does; empty where it is not found."""
    found = shutil.which(_TINY)
    return Path(found).read_bytes() if found else b""
