"""A folder that a container has written to is removed, however deep it is, and no link of it is followed."""

from __future__ import annotations

import os
from pathlib import Path

from fairlead.host.disk.atomic import remove_path

DEEP = 1_500
"""More than Python calls itself, than a process has handles, and than a path has characters."""


def make_deep(folder: Path, levels: int = DEEP) -> None:
    """Folders within each other, with a file in each hundredth and a link out of it."""
    folder.mkdir()
    handle = os.open(folder, os.O_RDONLY)
    for level in range(levels):
        os.mkdir("deep", dir_fd=handle)
        if level % 100 == 0:
            os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=handle))
            os.symlink("/", "link", dir_fd=handle)
        below = os.open("deep", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)


def test_a_folder_may_be_deeper_than_python_goes(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    make_deep(tmp_path / "doomed")
    (tmp_path / "doomed" / "wide").mkdir()
    for number in range(50):
        (tmp_path / "doomed" / "wide" / f"{number}").mkdir()
    (tmp_path / "doomed" / "wide" / "out").symlink_to(tmp_path / "kept")
    remove_path(tmp_path / "doomed")
    assert [entry.name for entry in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept" / "file").exists()


def test_a_link_in_the_place_of_a_folder_is_removed_itself(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    remove_path(tmp_path / "link")
    remove_path(tmp_path / "nothing")
    assert [entry.name for entry in tmp_path.iterdir()] == ["kept"]
