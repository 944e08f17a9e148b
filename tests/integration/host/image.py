"""The one tiny image of these tests: Caddy, and nothing else."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Callable

from fairlead.host.engine import Engine


def build_image(caddy: Callable[[], bytes], name: str, mark: str) -> str:
    """Import an image that holds Caddy and nothing else, once; return its reference by digest."""
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
        program = tarfile.TarInfo("caddy")
        program.size, program.mode = len(caddy), 0o755
        archive.addfile(program, io.BytesIO(caddy))
        for folder in ("tmp", "data"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
            archive.addfile(entry)
    argv = ["docker", "import", "--change=ENV HOME=/tmp", "--change=STOPSIGNAL SIGTERM", "-", tag]
    subprocess.run(argv, input=buffer.getvalue(), check=True, capture_output=True)
