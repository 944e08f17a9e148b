"""Put a fetched program where it belongs: checked, executable, and at once."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fairlead import files
from fairlead.errors import CommandFailedError


def checksum(file: Path) -> str:
    """The sha256 of a file, in hex."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def verify_checksum(file: Path, expected: str, name: str = "") -> None:
    """Hold a file to its sha256; ``name`` is what it is called where its own name says nothing.

    Raises:
        CommandFailedError: the file is another one.
    """
    actual = checksum(file)
    if actual != expected:
        raise CommandFailedError(
            f"{name or file.name} is not the file it should be",
            why=f"its sha256 is {actual}, not {expected}",
            fix="somebody between you and the source changes files: find out who",
        )


def place_program(fetched: Path, target: Path) -> Path:
    """Move a program to ``target``, executable; whoever looks sees all of it or nothing."""
    with files.opened(fetched) as source:
        files.copy(source, files.settled(target), mode=0o755)
    return target
