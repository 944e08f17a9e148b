"""Submodules that a checkout does not have: git leaves an empty folder there, which would be built or shipped as it is."""

from __future__ import annotations

import re
from os import scandir
from pathlib import Path

from fairlead.dockerignore import is_ignored
from fairlead.errors import InputError
from fairlead.sources import is_below, real_path, repository_of

_PATH = re.compile(r'^\s*path\s*=\s*"?(?P<path>[^"\n]*?)"?\s*$', re.MULTILINE)
_MOST_BYTES = 1 << 20


def submodules_at(folder: Path) -> tuple[str, ...]:
    """The submodules in a folder, or around it, by their paths in the repository; whether they are there or not."""
    home = repository_of(str(folder))
    try:
        with Path(home, ".gitmodules").open(encoding="utf-8", errors="replace") as stream:
            text = stream.read(_MOST_BYTES)
    except OSError:
        return ()
    real = real_path(str(folder))
    return tuple(
        path
        for path in sorted({match["path"].strip("/") for match in _PATH.finditer(text)} - {""})
        if ".." not in path.split("/")
        and (is_below(f"{home}/{path}", real) or is_below(real, f"{home}/{path}"))
    )


def missing_submodules(folder: Path) -> tuple[str, ...]:
    """Those of ``submodules_at`` that are not there."""
    paths = submodules_at(folder)
    home = repository_of(str(folder)) if paths else ""
    return tuple(path for path in paths if _is_empty(Path(home, path)))


def refuse_missing_submodules(image: str, context: Path, ignore: str) -> None:
    """Refuse to build an image from a folder in which a submodule is not there.

    Args:
        image: its name.
        context: the folder.
        ignore: the text of its ``.dockerignore``: what that leaves out is not missed.

    Raises:
        InputError: one is not there.
    """
    home = repository_of(str(context))
    for path in missing_submodules(context):
        inside = f"{home}/{path}".removeprefix(f"{real_path(str(context))}/")
        if not is_ignored(inside, ignore):
            raise InputError(
                f"the submodule {path} is not there, and the image {image} is built from a folder that it is in",
                why="an empty folder would go into the image in its place",
                fix=f"`git submodule update --init {path}` (in a workflow: `submodules: true`, where it calls Fairlead's or at actions/checkout), "
                "or name it in .dockerignore",
            )


def _is_empty(folder: Path) -> bool:
    """Whether nothing lies there; what cannot be looked at is told by who reads it."""
    try:
        with scandir(folder) as entries:
            return next(entries, None) is None
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False
