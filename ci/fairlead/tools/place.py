"""Put a fetched program where it belongs: checked, executable, and at once."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from fairlead.errors import CommandFailedError


def checksum(file: Path) -> str:
    """The sha256 of a file, in hex."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def verify_checksum(file: Path, expected: str) -> None:
    """Hold a file to its sha256.

    Raises:
        CommandFailedError: the file is another one.
    """
    actual = checksum(file)
    if actual != expected:
        raise CommandFailedError(
            f"{file.name} is not the file it should be",
            why=f"its sha256 is {actual}, not {expected}",
            fix="somebody between you and the source changes files: find out who",
        )


def place_program(fetched: Path, target: Path) -> Path:
    """Move a program to ``target``, executable; whoever looks sees all of it or nothing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # The draft lies beside the target: a rename is atomic on one file system only.
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        shutil.copyfile(fetched, draft)
        draft.chmod(0o755)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target
