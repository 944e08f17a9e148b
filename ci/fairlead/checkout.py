"""Where the repository is that a folder is in. Its links are not resolved: for what may be read, see ``sources``."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def repository_root(folder: Path) -> Path | None:
    """The root of the git repository that a folder is in; None if it is in none."""
    return next((place for place in (folder, *folder.parents) if (place / ".git").exists()), None)


def find_repository(folder: Path) -> Path:
    """The root of the git repository that a folder is in; the folder itself if it is in none."""
    return repository_root(folder) or folder


def folders_up(folder: Path) -> Iterator[Path]:
    """The folder and those above it, up to the root of its repository: where its files are looked for."""
    for place in (folder, *folder.parents):
        yield place
        if (place / ".git").exists():
            return
