"""Fetch a program from its publisher's own release, held to the checksums of the catalog."""

from __future__ import annotations

import platform
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from fairlead import files
from fairlead.errors import CommandFailedError
from fairlead.tools.catalog import Architecture, Release
from fairlead.tools.place import verify_checksum
from fairlead.web import open_session

_TIMEOUT = (10.0, 30.0)
_SECONDS = 600.0
_LARGEST = 1 << 30
_PIECE = 1 << 20


def fetch_release(
    release: Release,
    program: str,
    architecture: Architecture | None,
    folder: Path,
    on_line: Callable[[str], None],
) -> Path:
    """Download the archive for this machine into ``folder``, take ``program`` out, and return its path there.

    Raises:
        CommandFailedError: there is none for this machine, it cannot be had, or a checksum differs.
    """
    asset = release.assets.get(architecture) if architecture else None
    if architecture is None or asset is None:
        raise CommandFailedError(
            f"there is no {release} for this machine ({sys.platform} {platform.machine()})"
        )
    archive = folder / "archive"
    url = release.url(asset)
    on_line(f"downloading {url}")
    download(url, archive)
    verify_checksum(archive, asset.archive, asset.name)
    unpacked = folder / "program"
    take_out(archive, program, unpacked)
    if asset.program:
        verify_checksum(unpacked, asset.program, program)
    return unpacked


def download(url: str, path: Path) -> None:
    """Download a file, in a time and of a size that end.

    Raises:
        CommandFailedError: it cannot be had.
    """
    import requests

    with open_session() as session:
        try:
            with session.get(url, timeout=_TIMEOUT, stream=True) as answer, files.draft(path) as file:
                answer.raise_for_status()
                for piece in _bounded(answer.iter_content(_PIECE), url):
                    file.write(piece)
        except requests.RequestException as error:
            raise CommandFailedError(f"{url} cannot be had", why=str(error)[:300]) from error


def _bounded(pieces: Iterator[bytes], url: str) -> Iterator[bytes]:
    deadline, size = time.monotonic() + _SECONDS, 0
    for piece in pieces:
        size += len(piece)
        if size > _LARGEST or time.monotonic() > deadline:
            raise CommandFailedError(f"{url} is larger than 1 GiB, or takes longer than {_SECONDS:g} s")
        yield piece


def take_out(archive: Path, program: str, target: Path) -> None:
    """Take one file out of an archive that is known for what it is; nothing else of it is looked at.

    Raises:
        CommandFailedError: it is not in there.
    """
    try:
        with tarfile.open(archive, "r:gz") as opened:
            member = opened.getmember(program)
            packed = opened.extractfile(member) if member.isfile() and member.size <= _LARGEST else None
            if packed is None:
                raise CommandFailedError(f"{program} in the archive is no file")
            files.copy(packed, target)
    except (tarfile.TarError, KeyError, EOFError) as error:
        raise CommandFailedError(f"the archive does not hold {program}", why=str(error)) from error
