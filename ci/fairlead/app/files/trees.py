"""Files and folders of the repository by their content, so that an unchanged one keeps its path on the server."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairlead.lfs import is_pointer
from fairlead.sources import is_gits
from fairlead.submodules import missing_submodules

MAX_BYTES = 32 * 1024 * 1024
"""Most bytes of one mounted file or folder: configuration, not data."""
MAX_FILES = 2_000
_MAX_DEPTH = 32
_EXECUTABLE = 0o100


class TreeRefusedError(Exception):
    """A file or folder that can't be carried to a server; the message says why."""


@dataclass(frozen=True)
class Tree:
    """A file or folder: its entry in a release document, and its contents by SHA-256."""

    entry: Mapping[str, Any]
    blobs: Mapping[str, bytes] = field(repr=False)

    @property
    def digest(self) -> str:
        """The name of the tree: the SHA-256 of its entry."""
        return canonical_hash(self.entry)


def canonical_hash(value: Any) -> str:
    """The SHA-256 (hex) of a value's canonical JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def file_tree(content: bytes, *, executable: bool = False) -> Tree:
    """A tree of one file."""
    digest = hashlib.sha256(content).hexdigest()
    return Tree({"kind": "file", "sha256": digest, "mode": _mode(executable)}, {digest: content})


def load_tree(path: Path, repository: Path) -> Tree:
    """Read a file or folder; symbolic links are followed within the repository.

    Modes are 0644 or 0755, so that the hash does not depend on a umask. A ``.git`` folder is left out.

    Raises:
        TreeRefusedError: it is missing, too large, leaves the repository, or is no file or folder.
    """
    for missing in missing_submodules(path):
        raise TreeRefusedError(
            f"the submodule {missing} is not there; run `git submodule update --init {missing}` (in a workflow: `submodules: true`)"
        )
    try:
        return _load(_inside(path, repository), repository)
    except OSError as error:
        raise TreeRefusedError(f"it can't be read: {error.strerror}") from error


def load_names(folder: Path, names: Iterable[str], repository: Path) -> Tree:
    """Read these files of a folder, as ``load_tree`` does, and nothing else that lies in it.

    Raises:
        TreeRefusedError: one is too large, leaves the repository, or is no file.
    """
    entries: dict[str, dict[str, str]] = {}
    blobs: dict[str, bytes] = {}
    room = MAX_BYTES
    for name in names:
        file = _inside(folder / name, repository)
        content = _read(file, room)
        room -= len(content)
        digest = hashlib.sha256(content).hexdigest()
        entries[name] = {"sha256": digest, "mode": _mode(_is_executable(file))}
        blobs[digest] = content
    if len(entries) > MAX_FILES:
        raise TreeRefusedError(f"it holds more than {MAX_FILES:,} files")
    return Tree({"kind": "dir", "entries": entries}, blobs)


def _load(real: Path, repository: Path) -> Tree:
    if real.is_file():
        return file_tree(_read(real, MAX_BYTES), executable=_is_executable(real))
    entries: dict[str, dict[str, str]] = {}
    blobs: dict[str, bytes] = {}
    room = MAX_BYTES
    for name, file in _files(real, repository, "", _MAX_DEPTH):
        content = _read(file, room)
        room -= len(content)
        if len(entries) >= MAX_FILES:
            raise TreeRefusedError(f"it holds more than {MAX_FILES:,} files")
        digest = hashlib.sha256(content).hexdigest()
        entries[name] = {"sha256": digest, "mode": _mode(_is_executable(file))}
        blobs[digest] = content
    return Tree({"kind": "dir", "entries": entries}, blobs)


def _files(folder: Path, repository: Path, prefix: str, depth: int) -> Iterator[tuple[str, Path]]:
    if depth == 0:
        raise TreeRefusedError(
            f"it is deeper than {_MAX_DEPTH} folders: does a symbolic link lead back into it?"
        )
    for child in sorted(folder.iterdir()):
        if child.name == ".git":
            continue
        real = _inside(child, repository)
        if real.is_dir():
            yield from _files(real, repository, f"{prefix}{child.name}/", depth - 1)
        else:
            yield f"{prefix}{child.name}", real


def _inside(path: Path, repository: Path) -> Path:
    """The real path, which must lie in the repository and be a file or a folder."""
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise TreeRefusedError("it is not in the repository") from error
    home = repository.resolve()
    if not real.is_relative_to(home):
        raise TreeRefusedError(
            f"{path.name} leads out of the repository" if path.is_symlink() else "it lies outside"
        )
    if is_gits(str(real), str(home)):
        raise TreeRefusedError(f"{path.name} is git's own: logins may stand there")
    if not real.is_file() and not real.is_dir():
        raise TreeRefusedError(f"{path.name} is neither a file nor a folder")
    return real


def _read(file: Path, room: int) -> bytes:
    try:
        if file.stat().st_size > room:
            raise TreeRefusedError(f"it is larger than {MAX_BYTES // 2**20} MiB")
        content = file.read_bytes()
    except OSError as error:
        raise TreeRefusedError(f"{file.name} can't be read: {error.strerror}") from error
    if is_pointer(content):
        raise TreeRefusedError(
            f"{file.name} is a pointer of Git LFS, and not the file; run `git lfs pull` (in a workflow: `lfs: true`)"
        )
    return content


def _is_executable(file: Path) -> bool:
    return bool(file.stat().st_mode & _EXECUTABLE)


def _mode(executable: bool) -> str:
    return "0755" if executable else "0644"
