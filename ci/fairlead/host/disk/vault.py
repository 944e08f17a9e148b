"""Secrets and config files on the server, each under a name that is made from its content.

What is stored once stays where it is: a container that a release carries over keeps its paths. The name is worked
out here, by whoever stores, and what lies there is looked at again by whoever takes it a second time: a name is
believed neither from a client nor from the disk.
The folder ``secrets`` is closed to everybody but its owner; the files in it are readable by all,
because a container reads them as whatever user its image runs as.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..wire.errors import InputFault
from ..wire.marks import all_marks
from ..wire.names import DIGEST
from ..wire.reading.tree import is_inside
from ..wire.release import FileTree, tree_digest
from .atomic import SHOWN_FOLDER, make_folder, sync_folder, write_file
from .keys import read_keys
from .paths import Paths

if TYPE_CHECKING:
    from ..wire.status import HostMarks

_SECRET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_SECRET_MODE = 0o444


def store_secret(paths: Paths, name: str, value: bytes, mark: str = "") -> str:
    """Store a value of a secret and return what it is called. One that is there already only becomes young again.

    Args:
        mark: what it is to be called; its sha256 where nothing is said.

    Raises:
        InputFault: the name is none.
        OSError: no space, no permission.
    """
    if not _SECRET_NAME.fullmatch(name):
        raise InputFault(f"{name[:60]!r} is no name of a secret")
    mark = mark or hashlib.sha256(value).hexdigest()
    make_folder(paths.home, SHOWN_FOLDER)
    make_folder(paths.secrets)
    make_folder(paths.secrets / name)
    path = paths.secret(name, mark)
    if has_secret(paths, name, mark):
        os.utime(path)
    else:
        write_file(path, value, _SECRET_MODE)
    return mark


def has_secret(paths: Paths, name: str, mark: str) -> bool:
    """Whether this very value is stored, its content checked."""
    try:
        return mark in all_marks(name, paths.secret(name, mark).read_bytes(), read_keys(paths))
    except OSError:
        return False


def read_marks(paths: Paths, serving: Mapping[str, str]) -> HostMarks:
    """How a client is to name values: by the key of this host, and as before what serves under its sha256.

    Args:
        serving: the secrets of the release that serves, name -> mark.
    """
    from ..wire.status import HostMarks

    keys = read_keys(paths)
    plain = {}
    for name, mark in serving.items():
        with contextlib.suppress(OSError):
            if hashlib.sha256(paths.secret(name, mark).read_bytes()).hexdigest() == mark:
                plain[name] = mark
    return HostMarks(keys[0].hex() if keys else None, plain)


def store_tree(paths: Paths, tree: str, spec: FileTree, blobs: Path) -> str:
    """Put a config file or folder into its place, whole or not at all, each blob checked against its hash.

    One that is there already is compared byte for byte, and replaced where it is something else: what has it mounted
    keeps what it has, who is started from now on gets what the name says.

    Args:
        tree: the hash by which the release document calls it.
        spec: what it is made of.
        blobs: the folder that holds the blobs, named by their sha256.

    Returns: what was wrong with the one that was there, empty where nothing was.

    Raises:
        InputFault: a blob is missing or is not what its name says, or the tree is not.
        OSError: no space, no permission.
    """
    target = paths.file(tree)
    if not DIGEST.fullmatch(tree) or tree_digest(spec) != tree:
        raise InputFault(f"{tree[:80]!r} is not the name of this file: it is made from the content")
    wrong = ""
    if os.path.lexists(target):
        wrong = find_difference(target, spec)
        if not wrong:
            os.utime(target)
            return ""
    make_folder(paths.files)
    scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=paths.files))
    try:
        scratch.chmod(SHOWN_FOLDER)
        _unpack(scratch, spec, blobs)
        if wrong:
            # Beside it rather than gone: a container may have it mounted. It is removed with what nobody needs.
            aside = target.with_name(secrets.token_hex(32))
            target.rename(aside)
            if not aside.is_symlink():
                os.utime(aside)
        (scratch if spec.is_folder else scratch / "file").rename(target)
        sync_folder(paths.files)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return wrong


def find_difference(path: Path, spec: FileTree) -> str:
    """In words, how a file or folder differs from what it should be; empty where every name, mode and byte is as told.

    Raises:
        OSError: it cannot be read.
    """
    if not spec.is_folder:
        sha256, mode = spec.entries[""]
        return _file_difference(path, sha256, mode) if os.path.lexists(path) else "it is not there"
    if path.is_symlink() or not path.is_dir():
        return "it is no folder"
    folders = {str(parent) for name in spec.entries for parent in Path(name).parents}
    found = set()
    for entry in _walk(path):
        name = entry.relative_to(path).as_posix()
        if name in folders and not entry.is_symlink() and entry.is_dir():
            continue
        if name not in spec.entries:
            return f"it holds {name[:100]!r}, which does not belong there"
        difference = _file_difference(entry, *spec.entries[name])
        if difference:
            return f"{name[:100]!r}: {difference}"
        found.add(name)
    missing = sorted(set(spec.entries) - found)
    return f"it lacks {missing[0][:100]!r}" if missing else ""


def _walk(folder: Path) -> Iterator[Path]:
    """Everything below a folder; no link is followed."""
    for entry in sorted(folder.iterdir()):
        yield entry
        if not entry.is_symlink() and entry.is_dir():
            yield from _walk(entry)


def _file_difference(path: Path, sha256: str, mode: int) -> str:
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        return "it is no file"
    if stat.S_IMODE(found.st_mode) != mode:
        return f"its mode is {stat.S_IMODE(found.st_mode):04o} and should be {mode:04o}"
    return "" if hashlib.sha256(path.read_bytes()).hexdigest() == sha256 else "its content is another"


def _unpack(folder: Path, spec: FileTree, blobs: Path) -> None:
    for path, (sha256, mode) in spec.entries.items():
        # "file" stands for the one file of a tree that is no folder; checked again: this is where paths become files.
        relative = path if spec.is_folder else "file"
        if not is_inside(relative):
            raise InputFault(f"{path[:100]!r} leaves its folder")
        target = folder / relative
        make_folder(target.parent, SHOWN_FOLDER)
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
