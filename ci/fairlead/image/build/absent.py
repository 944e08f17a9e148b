"""What a checkout does not have, of the folders that an image is built from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fairlead import files
from fairlead.lfs import refuse_missing_large_files
from fairlead.settings.images import ImageSettings
from fairlead.sources import context_paths
from fairlead.submodules import refuse_missing_submodules


def refuse_absent(image: ImageSettings, ignore: str) -> None:
    """Refuse to build an image where a submodule, or a file of Git LFS, was not fetched.

    Args:
        image: with absolute paths.
        ignore: the text of its ``.dockerignore``.

    Raises:
        InputError: one was not.
    """
    for folder, left_out in _folders(image, ignore):
        refuse_missing_submodules(image.name, folder, left_out)
        refuse_missing_large_files(image.name, folder, left_out)


def _folders(image: ImageSettings, ignore: str) -> Iterator[tuple[Path, str]]:
    """Its contexts that are folders, each with what leaves files of it out: a named one has a ``.dockerignore`` of its own."""
    yield image.context, ignore
    for context in image.contexts.values():
        for path in map(Path, context_paths(context)):
            if path.is_dir():
                own = path / ".dockerignore"
                yield (
                    path,
                    files.inside(own).read_text(encoding="utf-8", errors="replace") if own.is_file() else "",
                )
