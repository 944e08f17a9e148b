"""What a client sends along with a request, put where it belongs: files, secrets, registry credentials.

Nothing is believed: every part must be one that the release names, and its content must have the hash that
the release gives. A secret goes straight to its place and is written nowhere else.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..disk import atomic, task
from ..disk.credentials import drop_credentials, parse_credentials, write_credentials
from ..disk.keys import keep_key, read_keys
from ..disk.paths import Paths
from ..disk.vault import store_secret
from ..wire.errors import InputFault
from ..wire.frames import FrameReader
from ..wire.marks import all_marks, parse_key
from ..wire.names import DIGEST
from ..wire.reading.tree import parse_tree
from ..wire.release import tree_digest

FILE = "file"
SECRET = "secret"  # noqa: S105 - a kind, not a password
CREDENTIALS = "credentials"
_SMALL = 1024 * 1024


@dataclass(frozen=True)
class Part:
    """One blob: what it is, its name (the hash of a file, the name of a secret), its size in bytes."""

    kind: str
    name: str
    size: int


@dataclass(frozen=True)
class Contents:
    """What a release needs beside its document: hashes of files, and secrets with the names of their values (``marks``).

    ``keys`` are those that came along, by which the names were made.
    """

    files: frozenset[str]
    secrets: Mapping[str, str]
    keys: tuple[bytes, ...] = ()


NOTHING = Contents(frozenset(), {})


def parse_contents(release: Mapping[str, Any], key: object = None) -> Contents:
    """What a release document names; ``key`` is the request's for the names of secrets. The document has been checked before (``release.parse_release``).

    Raises:
        InputFault: a file or folder has a name that is not its own: it would lie there for whoever it belongs to;
            or the key is none.
    """
    files: set[str] = set()
    for name, raw in (release.get("files") or {}).items():
        tree = parse_tree(raw)
        if tree_digest(tree) != name:
            raise InputFault(
                f"the config file or folder {name[:12]} is not what its name says",
                why="the name of a file is the hash of its content, and this host works it out again",
                fix="deploy with an unmodified fairlead",
            )
        files.update(sha256 for sha256, _ in tree.entries.values())
    return Contents(frozenset(files), dict(release.get("secrets") or {}), parse_key(key))


def parse_parts(raw: object, sizes: Sequence[int], contents: Contents) -> list[Part]:
    """What each blob is.

    Raises:
        InputFault: a part that the release does not name, or that is larger than it may be.
    """
    if not isinstance(raw, list) or len(raw) != len(sizes):
        raise InputFault("`parts` must say of each blob what it is")
    parts = [_parse_part(item, size) for item, size in zip(raw, sizes)]
    if [part.kind for part in parts].count(CREDENTIALS) > 1:
        raise InputFault("registry credentials come once")
    for part in parts:
        if part.kind == FILE and part.name not in contents.files:
            raise InputFault(f"the release does not name a file {part.name[:12]}")
        if part.kind == SECRET and part.name not in contents.secrets:
            raise InputFault(f"the release does not name a secret {part.name[:60]!r}")
        if part.kind != FILE and part.size > _SMALL:
            raise InputFault(f"a secret is larger than {_SMALL} bytes")
    return parts


def receive(
    reader: FrameReader, parts: Sequence[Part], contents: Contents, paths: Paths, blobs: Path
) -> Path | None:
    """Take the blobs from the connection; return where the registry credentials lie, if any came.

    Raises:
        InputFault: a blob's content is not what the release says, or one is missing.
        FrameError: the connection ended.
        OSError: the disk is full.
    """
    faults: list[str] = []
    credentials: Path | None = None
    left = [part.size for part in parts]
    keys = (*contents.keys, *read_keys(paths))
    try:
        for key in contents.keys:
            # Before a value is named by it: a name whose key is lost is no name.
            keep_key(paths, key)
        for part in parts:
            pieces = reader.read_blob(left.pop(0))
            if part.kind == FILE:
                faults += _receive_file(pieces, part.name, blobs)
                continue
            value = b"".join(pieces)
            if part.kind == CREDENTIALS:
                try:
                    credentials = write_credentials(parse_credentials(value))
                except ValueError:
                    faults.append("the registry login is none, or more than that: `auths` alone is taken")
            elif contents.secrets[part.name] in all_marks(part.name, value, keys):
                store_secret(paths, part.name, value, contents.secrets[part.name])
            else:
                faults.append(f"the value of the secret {part.name} is not the one that the release names")
        _refuse_if_any([*faults, *_missing(contents, paths, blobs)])
    except BaseException as error:
        drop_credentials(credentials)
        if isinstance(error, OSError):
            # The rest is still on its way: without taking it, no answer could be told from it.
            reader.skip(left)
        raise
    return credentials


def open_task(
    reader: FrameReader, request: Mapping[str, Any], parts: Sequence[Part], contents: Contents, paths: Paths
) -> str:
    """Make the folder of a new task out of a request and its blobs; return the task's id.

    The folder gets its name when it is complete: a half-received request is nothing.
    """
    name = task.new_task_id()
    atomic.make_folder(paths.home, atomic.SHOWN_FOLDER)
    atomic.make_folder(paths.tasks)
    incoming = paths.tasks / f".incoming-{name}"
    credentials: Path | None = None
    atomic.make_folder(incoming / "blobs")
    try:
        credentials = receive(reader, parts, contents, paths, incoming / "blobs")
        document = {**request, "task": name, "credentials": str(credentials) if credentials else None}
        atomic.write_file(incoming / "request.json", json.dumps(document).encode("ascii"))
        incoming.rename(paths.task(name))
    except BaseException:
        drop_credentials(credentials)
        shutil.rmtree(incoming, ignore_errors=True)
        raise
    return name


def _receive_file(pieces: Iterator[bytes], name: str, blobs: Path) -> list[str]:
    digest = hashlib.sha256()
    target = blobs / name
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as stream:
        for piece in pieces:
            digest.update(piece)
            stream.write(piece)
    if digest.hexdigest() == name:
        return []
    target.unlink()
    return [f"the content of the file {name[:12]} has another hash"]


def _refuse_if_any(faults: Sequence[str]) -> None:
    if faults:
        raise InputFault("the bundle is not complete", details=tuple(faults), fix="send it again")


def _missing(contents: Contents, paths: Paths, blobs: Path) -> list[str]:
    files = [
        f"the file {name[:12]} did not come" for name in sorted(contents.files) if not (blobs / name).exists()
    ]
    secrets = [
        f"the secret {name} did not come, and the host does not have this value"
        for name, sha256 in sorted(contents.secrets.items())
        if not paths.secret(name, sha256).exists()
    ]
    return files + secrets


def _parse_part(raw: object, size: int) -> Part:
    if not isinstance(raw, dict):
        raise InputFault("a part must be an object with `kind` and `name`")
    kind, name = raw.get("kind"), raw.get("name", "")
    if kind not in (FILE, SECRET, CREDENTIALS) or not isinstance(name, str):
        raise InputFault("a part is a file, a secret or credentials")
    if kind == FILE and not DIGEST.fullmatch(name):
        raise InputFault("a file is named by its sha256")
    return Part(kind, name, size)
