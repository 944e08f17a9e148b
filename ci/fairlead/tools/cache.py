"""Where Fairlead keeps what it can make again: outside the clone, one folder for all clones."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from fairlead import files
from fairlead.errors import InputError
from fairlead.quick.codecache import cache_folder


def cache_dir() -> Path:
    """The cache folder, which no repository may have written. Not made here.

    Raises:
        InputError: it is the repository's.
    """
    return own_cache(Path(cache_folder()))


@functools.cache
def own_cache(folder: Path) -> Path:
    """A folder of programs and data that we rely on: ours, also where it lies in a clone, or refused.

    Raises:
        InputError: a link of the clone leads there, or git tracks something of it.
    """
    checkout = files.checkout_of(folder)
    if checkout is None:
        return folder
    from fairlead.identity import tracked_below

    files.refuse_links(folder, checkout)
    for tracked in tracked_below(Path(os.path.abspath(folder)), checkout):  # noqa: PTH100 - it follows no link
        raise InputError(
            f"{checkout / tracked} is tracked by git and lies in the cache {folder}",
            why="programs and databases that Fairlead relies on would come from the repository",
            fix=f"`git rm -r --cached {folder}` and remove it, or have the cache outside of the clone",
        )
    return folder
