"""Read a ``.deb``: an ``ar`` archive of ``debian-binary``, ``control.tar.*`` and ``data.tar.*`` (deb(5))."""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path

from fairlead.errors import CommandFailedError

_MAGIC = b"!<arch>\n"
_HEADER = 60
_OPENERS: dict[str, Callable[[bytes], bytes]] = {"": bytes, ".xz": lzma.decompress, ".gz": gzip.decompress}


def read_member(deb: Path, stem: str) -> tarfile.TarFile:
    """The tar inside a ``.deb``: ``control.tar`` or ``data.tar``, whatever it is compressed with.

    Raises:
        CommandFailedError: the file is no package, or is compressed in a way that Python cannot read.
    """
    name, raw = _find(deb.read_bytes(), stem, deb)
    opener = _OPENERS.get(name.removeprefix(stem))
    if opener is None:
        raise CommandFailedError(f"{deb.name}: {name} is compressed in a way that is not known here")
    return tarfile.open(fileobj=io.BytesIO(opener(raw)), mode="r:")


def read_control(deb: Path) -> dict[str, bytes]:
    """The files of the control archive by name, such as ``control``, ``md5sums`` and ``postinst``."""
    with read_member(deb, "control.tar") as tar:
        return {
            member.name.removeprefix("./"): _content(tar, member)
            for member in tar.getmembers()
            if member.isfile()
        }


def read_files(deb: Path, folder: str) -> dict[str, bytes]:
    """The regular files below a folder of the data archive, by path without a leading slash."""
    with read_member(deb, "data.tar") as tar:
        return {
            path: _content(tar, member)
            for member in tar.getmembers()
            if member.isfile() and (path := member.name.removeprefix("./")).startswith(folder)
        }


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = tar.extractfile(member)
    return stream.read() if stream else b""


def _find(content: bytes, stem: str, deb: Path) -> tuple[str, bytes]:
    if not content.startswith(_MAGIC):
        raise CommandFailedError(f"{deb.name} is not a Debian package", fix=f"remove {deb} and run again")
    offset = len(_MAGIC)
    while offset + _HEADER <= len(content):
        header = content[offset : offset + _HEADER]
        name = header[:16].decode("ascii").strip().rstrip("/")
        size = int(header[48:58])
        start = offset + _HEADER
        if name.startswith(stem):
            return name, content[start : start + size]
        offset = start + size + size % 2
    raise CommandFailedError(f"{deb.name} holds no {stem}", fix=f"remove {deb} and run again")
