"""One layer of an image: a gzipped tar, written once, whose digests depend on nothing but its content."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tarfile
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

# Loopback is quicker than a better compression.
_LEVEL = 1
_GZIP = 31


@dataclass(frozen=True)
class Entry:
    """A file, a symlink (``link``) or a folder (``content`` is None) that is written from here."""

    path: str
    content: bytes | None = None
    mode: int = 0o644
    link: str = ""
    owner: int = 0
    group: int = 0
    capability: bytes = b""


@dataclass(frozen=True)
class Layer:
    """A finished layer.

    ``digest`` is that of the blob, ``diff_id`` that of the tar inside; ``size`` in bytes of the blob.
    """

    digest: str
    diff_id: str
    size: int


class LayerWriter:
    """Writes a layer into a folder of blobs; of two entries for one folder the first stays.

    Args:
        blobs: the folder ``blobs/sha256`` of an image layout.
        made_at: the modification time of everything that has none of its own, in seconds.
    """

    def __init__(self, blobs: Path, made_at: int) -> None:
        blobs.mkdir(parents=True, exist_ok=True)
        self._blobs = blobs
        self._made_at = made_at
        descriptor, name = tempfile.mkstemp(dir=blobs.parent, prefix=".layer-")
        self._part = Path(name)
        self._sink = _HashingGzip(os.fdopen(descriptor, "wb"))
        self._tar = tarfile.TarFile(fileobj=self._sink, mode="w", format=tarfile.PAX_FORMAT)  # type: ignore[arg-type] # asks for write() and tell() only
        self._folders: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sink.close()
        self._part.unlink(missing_ok=True)

    def copy(self, member: tarfile.TarInfo, content: IO[bytes] | None) -> None:
        """Take a member of another tar over. Names of owners are dropped: numbers count."""
        if member.isdir():
            if member.name in self._folders:
                return
            self._folders.add(member.name)
        member.uname = member.gname = ""
        member.mtime = int(member.mtime)
        member.pax_headers = {}
        self._tar.addfile(member, content)

    def add(self, entry: Entry) -> None:
        """Write an entry. Folders above it that nobody wrote are made by whoever unpacks the layer."""
        info = self._info(entry.path, _kind(entry), entry.mode)
        info.uid, info.gid, info.linkname = entry.owner, entry.group, entry.link
        content = entry.content or b""
        info.size = len(content)
        if entry.capability:
            info.pax_headers = {"SCHILY.xattr.security.capability": entry.capability.decode("latin-1")}
        self._tar.addfile(info, io.BytesIO(content))

    def finish(self) -> Layer:
        """Close the layer and put it among the blobs."""
        self._tar.close()
        layer = self._sink.finish()
        self._part.chmod(stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IROTH)
        self._part.replace(self._blobs / layer.digest.removeprefix("sha256:"))
        return layer

    def _info(self, path: str, kind: bytes, mode: int) -> tarfile.TarInfo:
        info = tarfile.TarInfo(path)
        info.type, info.mode, info.mtime = kind, mode, self._made_at
        return info


class _HashingGzip:
    """A file that compresses what is written, and hashes both sides."""

    def __init__(self, output: IO[bytes]) -> None:
        self._output = output
        # wbits 31 is gzip with a header that holds no time and no name.
        self._gzip = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        self._inside = hashlib.sha256()
        self._outside = hashlib.sha256()
        self._size = 0
        self._written = 0

    def write(self, content: bytes) -> int:
        self._inside.update(content)
        self._written += len(content)
        self._emit(self._gzip.compress(content))
        return len(content)

    def tell(self) -> int:
        return self._written

    def finish(self) -> Layer:
        self._emit(self._gzip.flush())
        self.close()
        return Layer(
            digest=f"sha256:{self._outside.hexdigest()}",
            diff_id=f"sha256:{self._inside.hexdigest()}",
            size=self._size,
        )

    def close(self) -> None:
        self._output.close()

    def _emit(self, content: bytes) -> None:
        self._outside.update(content)
        self._size += len(content)
        self._output.write(content)


def _kind(entry: Entry) -> bytes:
    if entry.link:
        return tarfile.SYMTYPE
    return tarfile.DIRTYPE if entry.content is None else tarfile.REGTYPE
