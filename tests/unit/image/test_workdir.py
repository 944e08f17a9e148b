from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fairlead.errors import InputError
from fairlead.image.workdir import FILES, FOLDERS, claim_work_dir, write_json

DEEPER = (
    *("dockerfiles/Dockerfile.web", "images/web", "images/web/blobs", "images/web/blobs/sha256"),
    *(f"images/web/blobs/sha256/{'0' * 64}", "images/web/index.json", "images/.web.before", "scan/web.json"),
)
ODD: dict[str, Callable[[Path], object]] = {
    "file": lambda at: at.symlink_to("/etc/hostname"),
    "folder": lambda at: at.symlink_to("/var"),
    "parent": lambda at: at.symlink_to(".."),
    "nowhere": lambda at: at.symlink_to("/nowhere/at/all"),
    "itself": lambda at: at.symlink_to(at.name),
    "within": lambda at: at.symlink_to("../source"),
    "secrets": lambda at: at.symlink_to("/proc/self/environ"),
    "pipe": os.mkfifo,
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("path", ["", *FILES, *FOLDERS, *DEEPER, "BUILD.json", "Images"])
def test_whatever_is_no_plain_file_or_folder_is_refused(tmp_path: Path, path: str, kind: str) -> None:
    at = tmp_path / "out" / ".fairlead" / path
    at.parent.mkdir(parents=True)
    ODD[kind](at)
    if not path and kind != "pipe":
        (tmp_path / ".git").mkdir()
    with pytest.raises(InputError, match="stands in the way") as caught:
        claim_work_dir(tmp_path, "out/.fairlead")
    assert str(at) in caught.value.what
    assert "rm " in caught.value.fix


@pytest.mark.parametrize("name", FILES)
def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "w" / name).mkdir(parents=True)
    with pytest.raises(InputError):
        claim_work_dir(tmp_path, "w")


@pytest.mark.parametrize("name", FOLDERS)
def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / name).touch()
    with pytest.raises(InputError):
        claim_work_dir(tmp_path, "w")


def test_what_fairlead_itself_leaves_is_taken_up_again(tmp_path: Path) -> None:
    """And what else the user keeps in such a folder is his."""
    folder = claim_work_dir(tmp_path, ".fairlead")
    assert folder == tmp_path / ".fairlead"
    assert not folder.exists()
    write_json(folder / "build.json", {})
    (folder / "images" / "web" / "blobs" / "sha256").mkdir(parents=True)
    (folder / "mine").symlink_to("/var")
    assert claim_work_dir(tmp_path, ".fairlead") == folder
    assert (folder / ".gitignore").read_text() == "*\n"


def test_a_work_directory_of_the_user_s_choice_may_lie_behind_his_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to("disk")
    root = tmp_path / "clone"
    root.mkdir()
    for asked in (tmp_path / "link" / "w", "../link/w"):
        assert claim_work_dir(root, asked) == tmp_path / "disk" / "w"
