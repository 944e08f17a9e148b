"""The tar that BuildKit exports becomes an OCI layout, safely: only blobs, each proved by its name."""

from __future__ import annotations

import hashlib
import re
import tarfile
from pathlib import Path
from typing import IO

from fairlead.image.layout import broken, hash_file

_BLOB = re.compile(r"^blobs/sha256/([0-9a-f]{64})$")
_DOCUMENTS = ("oci-layout", "index.json")
_LARGEST_DOCUMENT = 1 << 20
_CHUNK = 1 << 20


def unpack_archive(archive: Path, folder: Path) -> None:
    """Unpack an OCI archive into ``folder``. Blobs that are there already, and whole, are not written again.

    Raises:
        CommandFailedError: the archive is broken, or holds anything but an OCI layout.
    """
    (folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
    found = set()
    try:
        with tarfile.open(archive, "r:") as tar:
            for member in tar:
                name = member.name.removeprefix("./")
                if member.isdir() or name.endswith("/"):
                    continue
                content = tar.extractfile(member) if member.isreg() else None
                if content is None:
                    raise broken(archive, f"{name} is no plain file")
                _take(name, member.size, content, folder)
                found.add(name)
    except (tarfile.TarError, EOFError) as error:
        raise broken(archive, str(error)) from error
    for name in _DOCUMENTS:
        if name not in found:
            raise broken(archive, f"{name} is missing")


def _take(name: str, size: int, content: IO[bytes], folder: Path) -> None:
    blob = _BLOB.match(name)
    if blob:
        path = folder / name
        is_there = path.is_file() and not path.is_symlink() and path.stat().st_size == size
        if not (is_there and hash_file(path) == f"sha256:{blob[1]}"):
            _write_blob(content, path, blob[1])
    elif name in _DOCUMENTS:
        if size > _LARGEST_DOCUMENT:
            raise broken(folder, f"{name} is too large")
        (folder / name).write_bytes(content.read())
    elif name != "manifest.json":  # Docker's own list, for `docker load`: the index says the same
        raise broken(folder, f"{name} does not belong into an OCI layout")


def _write_blob(content: IO[bytes], path: Path, name: str) -> None:
    """Write to the side and rename, so that a blob under its name is always whole."""
    digest = hashlib.sha256()
    partial = path.with_name(f"{name}.partial")
    with partial.open("wb") as stream:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            stream.write(chunk)
    if digest.hexdigest() != name:
        partial.unlink()
        raise broken(path.parent, f"the blob {name} does not match its name")
    partial.replace(path)
