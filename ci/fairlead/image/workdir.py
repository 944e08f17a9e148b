"""The work directory: where verbs leave documents and images for each other.

It lies in the clone, so the author of the repository could bring one along: links that lead what we write
elsewhere, or a verdict that nobody gave. It is never taken over from there.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fairlead import files
from fairlead.errors import InputError
from fairlead.identity import tracked_below

IGNORE = ".gitignore"
FILES = (IGNORE, "bake.json", "build.json", "build.log", "scan.json", "publish.json", "deploy.json")
FOLDERS = ("dockerfiles", "images", "scan")
"""All that Fairlead writes into it, by itself or by a tool that it starts."""


def claim_work_dir(root: Path, asked: str | Path) -> Path:
    """The work directory, as an absolute path without links: ours, or refused before anything is written.

    Args:
        root: the folder of fairlead.yaml.
        asked: what ``--work-dir`` says, told from there. Outside of the clone it is the user's own choice, and
            may lead through links of his.

    Raises:
        InputError: a part of it is a link or no plain file or folder, or git tracks something of it.
    """
    path = Path(os.path.normpath(root / asked))
    checkouts = files.checkouts(path)
    if checkouts:
        files.refuse_links(path, checkouts[0])
    else:
        path = files.settled(path)
    for entry in _entries(path):
        raise files.refused(entry)
    for checkout in checkouts:
        _refuse_tracked(checkout, path)
    return path


def refuse_odd(folder: Path) -> None:
    """Refuse a work directory of another job, or any folder, that holds links or what is neither file nor folder.

    Raises:
        InputError: it does.
    """
    for entry in _odd(folder):
        raise files.refused(entry)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a document whole or not at all: a reader never sees half of it, and nobody else reads it."""
    prepare_work_dir(path.parent)
    files.write(path, files.encoded(json.dumps(value, indent=2, ensure_ascii=False) + "\n"), mode=0o600)


def prepare_work_dir(folder: Path) -> None:
    """Make the work directory. Git ignores all of it, so that a build leaves the tree clean."""
    if not files.is_file(folder / IGNORE):
        files.write(folder / IGNORE, "*\n")


def _entries(path: Path) -> Iterator[Path]:
    """What of an existing work directory is neither a plain file nor a folder, or the other of the two."""
    if not os.path.lexists(path):
        return
    if not stat.S_ISDIR(path.lstat().st_mode):
        yield path
        return
    for entry in path.iterdir():
        name = entry.name.casefold()
        if name in FILES and not stat.S_ISREG(entry.lstat().st_mode):
            yield entry
        elif name in FOLDERS:
            yield from _odd(entry) if stat.S_ISDIR(entry.lstat().st_mode) else (entry,)


def _odd(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        mode = entry.lstat().st_mode
        if stat.S_ISDIR(mode):
            yield from _odd(entry)
        elif not stat.S_ISREG(mode):
            yield entry


def _refuse_tracked(checkout: Path, path: Path) -> None:
    tracked = tracked_below(path, checkout)
    if tracked:
        more = f" and {len(tracked) - 1} more" if len(tracked) > 1 else ""
        raise InputError(
            f"{checkout / tracked[0]}{more} is tracked by git and lies in the work directory",
            why="what verbs leave there for each other would come from the repository",
            fix=f"`git rm -r --cached {path}` and remove it, or choose another work directory: --work-dir DIR",
        )
