"""Files of Git LFS that a checkout does not have: a pointer stands there, which would be built or shipped as it is.

A pointer is a text of three lines in the file's place: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
"""

from __future__ import annotations

import os
from pathlib import Path

from fairlead import passed, process
from fairlead.dockerignore import is_ignored
from fairlead.errors import InputError
from fairlead.sources import is_below, real_path, repository_of
from fairlead.submodules import submodules_at

_VERSION = b"version https://git-lfs.github.com/spec/v"
_MOST_BYTES = 1024
"""A pointer has less: the specification says so."""
_MOST_SHOWN = 3
_MOST_LISTED = 1 << 26
_SECONDS = 120.0
"""For git to list them."""


def is_pointer(content: bytes) -> bool:
    """Whether this is what stands in the place of a file that was not fetched. Pure."""
    return len(content) < _MOST_BYTES and content.startswith(_VERSION) and b"\noid sha256:" in content


def large_files(folder: Path) -> tuple[str, ...]:
    """The files below a folder that git keeps in LFS, by their paths in it; none outside of git.

    Those of submodules that are there are among them. A name is as the file system has it (``os.fsdecode``).
    """
    home, real = repository_of(str(folder)), real_path(str(folder))
    found = _own_large_files(folder)
    for path in submodules_at(folder):
        inner = f"{home}/{path}"
        # Not by a link, which might lead back here.
        if is_below(inner, real) and repository_of(inner) == inner:
            inside = os.path.relpath(inner, real)
            found += tuple(f"{inside}/{name}" for name in large_files(Path(inner)))
    return found


def _own_large_files(folder: Path) -> tuple[str, ...]:
    """Without those of submodules: git lists no files of them by attributes."""
    # Which those are, git's attributes say. Asked from a folder it finds them (2.39) from the top only, and tells those
    # that lie elsewhere as well.
    argv = (
        *("git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "safe.bareRepository=explicit"),
        *("ls-files", "-z", "--", ":(top,attr:filter=lfs)"),
    )
    done = process.capture(argv, also=passed.GIT, cwd=folder, most=_MOST_LISTED, timeout=_SECONDS)
    names = os.fsdecode(done.stdout).split("\0") if done.returncode == 0 else []
    return tuple(name for name in names if name and not name.startswith("../"))


def missing_large_files(folder: Path) -> tuple[str, ...]:
    """Those of ``large_files`` that are not there."""
    return tuple(name for name in large_files(folder) if _is_missing(folder / name))


def refuse_missing_large_files(image: str, context: Path, ignore: str) -> None:
    """Refuse to build an image from a folder in which a pointer stands for a file.

    Args:
        image: its name.
        context: the folder.
        ignore: the text of its ``.dockerignore``: what that leaves out is not missed.

    Raises:
        InputError: a file is not there.
    """
    missing = [name for name in missing_large_files(context) if not is_ignored(name, ignore)]
    if not missing:
        return
    shown = ", ".join(os.fsencode(name).decode(errors="replace") for name in missing[:_MOST_SHOWN])
    more = f" and {len(missing) - _MOST_SHOWN} more" if len(missing) > _MOST_SHOWN else ""
    raise InputError(
        f"only a pointer of Git LFS is there for {shown}{more}, and the image {image} is built from that folder",
        why="three lines of text would go into the image in the place of the file",
        fix="`git lfs pull` (in a workflow: `lfs: true`, where it calls Fairlead's or at actions/checkout), "
        "or name it in .dockerignore",
    )


def _is_missing(file: Path) -> bool:
    """Whether a pointer stands there; what cannot be looked at is told by who reads it."""
    try:
        with file.open("rb") as stream:
            return is_pointer(stream.read(_MOST_BYTES))
    except OSError:
        return False
