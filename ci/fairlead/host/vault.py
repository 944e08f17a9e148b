"""Secrets and config files on the server, each under the hash of its content.

What is stored once stays where it is: a container that a release carries over keeps its paths.
The folder ``secrets`` is closed to everybody but its owner; the files in it are readable by all,
because a container reads them as whatever user its image runs as.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path

from .atomic import make_folder, sync_folder, write_file
from .document import is_inside
from .errors import InputFault
from .paths import DIGEST, Paths
from .release import FileTree

_SECRET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_SECRET_MODE = 0o444


def store_secret(paths: Paths, name: str, value: bytes) -> str:
    """Store a secret and return its sha256. One that is there already only becomes young again.

    Raises:
        InputFault: the name is none.
        OSError: no space, no permission.
    """
    if not _SECRET_NAME.fullmatch(name):
        raise InputFault(f"{name[:60]!r} is no name of a secret")
    sha256 = hashlib.sha256(value).hexdigest()
    make_folder(paths.home)
    make_folder(paths.secrets, 0o700)
    make_folder(paths.secrets / name)
    path = paths.secret(name, sha256)
    if has_secret(paths, name, sha256):
        os.utime(path)
    else:
        write_file(path, value, _SECRET_MODE)
    return sha256


def has_secret(paths: Paths, name: str, sha256: str) -> bool:
    """Whether this very value is stored, its content checked."""
    try:
        return hashlib.sha256(paths.secret(name, sha256).read_bytes()).hexdigest() == sha256
    except OSError:
        return False


def store_tree(paths: Paths, tree: str, spec: FileTree, blobs: Path) -> None:
    """Put a config file or folder into its place, whole or not at all, each blob checked against its hash.

    Args:
        tree: the hash by which the release document calls it.
        spec: what it is made of.
        blobs: the folder that holds the blobs, named by their sha256.

    Raises:
        InputFault: a blob is missing or is not what its name says.
        OSError: no space, no permission.
    """
    target = paths.file(tree)
    if target.exists() or target.is_symlink():
        os.utime(target)
        return
    if not DIGEST.fullmatch(tree):
        raise InputFault(f"{tree[:80]!r} is no name of a file")
    make_folder(paths.files)
    scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=paths.files))
    try:
        scratch.chmod(0o755)
        _unpack(scratch, spec, blobs)
        (scratch if spec.is_folder else scratch / "file").rename(target)
        sync_folder(paths.files)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _unpack(folder: Path, spec: FileTree, blobs: Path) -> None:
    for path, (sha256, mode) in spec.entries.items():
        # "file" stands for the one file of a tree that is no folder; checked again: this is where paths become files.
        relative = path if spec.is_folder else "file"
        if not is_inside(relative):
            raise InputFault(f"{path[:100]!r} leaves its folder")
        target = folder / relative
        make_folder(target.parent)
        write_file(target, _read_blob(blobs, sha256), mode)


def _read_blob(blobs: Path, sha256: str) -> bytes:
    try:
        content = (blobs / sha256).read_bytes()
    except FileNotFoundError:
        raise InputFault(
            f"the config file with the hash {sha256[:12]} was not sent",
            fix="run the deploy again; if it stays, report it",
        ) from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise InputFault(
            f"the config file with the hash {sha256[:12]} arrived damaged", fix="run the deploy again"
        )
    return content
