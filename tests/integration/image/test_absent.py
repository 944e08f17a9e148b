"""A clone without its submodules and its files of Git LFS: nothing is built of what is not there."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from fairlead.app.files.trees import TreeRefusedError, load_tree
from fairlead.errors import InputError
from fairlead.image.build.absent import refuse_absent
from fairlead.lfs import missing_large_files
from fairlead.settings.images import ImageSettings

PICTURE = b"\x89PNG and so on"
POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    f"oid sha256:{hashlib.sha256(PICTURE).hexdigest()}\nsize {len(PICTURE)}\n"
)
WHO = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "protocol.file.allow=always")


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *WHO, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone without LFS and without `--recurse-submodules`, as actions/checkout makes one."""
    theme, origin = tmp_path / "theme", tmp_path / "origin"
    for root in (theme, origin):
        root.mkdir()
        _git(root, "init", "--quiet", "--initial-branch", "main")
        (root / "style.css").write_text("a {}")
        _git(root, "add", ".")
        _git(root, "commit", "--quiet", "--message", "first")
    (origin / "web" / "pictures").mkdir(parents=True)
    (origin / "web" / ".gitattributes").write_text("*.png filter=lfs diff=lfs merge=lfs -text\n")
    (origin / "web" / "pictures" / "a logo.png").write_text(POINTER)
    (origin / "web" / "told.txt").write_text(POINTER)
    _git(origin, "submodule", "add", "--quiet", str(theme), "site/theme")
    _git(origin, "add", ".")
    _git(origin, "commit", "--quiet", "--message", "second")
    _git(tmp_path, "clone", "--quiet", str(origin), "clone")
    return tmp_path / "clone"


def image(context: Path, **more: Path) -> ImageSettings:
    named = {name: str(path) for name, path in more.items()}
    return ImageSettings(name="web", dockerfile=context / "Dockerfile", context=context, contexts=named)


def test_a_pointer_is_not_built_in_the_place_of_a_file(clone: Path) -> None:
    """It is told by name, with the way to fetch it on a laptop and in a workflow; other texts are no pointers."""
    assert missing_large_files(clone) == ("web/pictures/a logo.png",)
    with pytest.raises(InputError) as refused:
        refuse_absent(image(clone / "web"), "")
    assert "pictures/a logo.png, and the image web" in refused.value.what
    assert "`git lfs pull`" in refused.value.fix
    assert "`lfs: true`" in refused.value.fix
    for ignore in ("pictures", "**/*.png", "pictures/a logo.png\n"):
        refuse_absent(image(clone / "web"), ignore)
    (clone / "web" / "pictures" / "a logo.png").write_bytes(PICTURE)
    refuse_absent(image(clone / "web"), "")


def test_nor_in_the_place_of_one_that_only_looks_left_out(clone: Path) -> None:
    """`.dockerignore` may be a list of what is let in; and one name may be no text."""
    for ignore in ("*\n!pictures\n", "**\n!/pictures/*.png", "*.png\n"):
        with pytest.raises(InputError, match=r"a logo\.png"):
            refuse_absent(image(clone / "web"), ignore)
    (clone / "web" / os.fsdecode(b"\xff.png")).write_text(POINTER)
    _git(clone, "add", ".")
    with pytest.raises(InputError, match="for \N{REPLACEMENT CHARACTER}"):
        refuse_absent(image(clone / "web"), "pictures")
    refuse_absent(image(clone / "web"), "**/*.png")


def test_nor_in_a_submodule_or_one_of_its_own(clone: Path, tmp_path: Path) -> None:
    """Each has attributes of its own."""
    _git(clone, "submodule", "--quiet", "update", "--init")
    theme = clone / "site" / "theme"
    _git(theme, "submodule", "add", "--quiet", str(tmp_path / "theme"), "inner")
    for folder in (theme, theme / "inner"):
        (folder / ".gitattributes").write_text("*.png filter=lfs diff=lfs merge=lfs -text\n")
        (folder / "p.png").write_text(POINTER)
        _git(folder, "add", ".")
    (clone / "site" / "again").symlink_to("..")
    with (clone / ".gitmodules").open("a") as modules:
        modules.write('[submodule "again"]\n\tpath = site/again\n\turl = ./again\n')
    assert missing_large_files(clone / "site") == ("theme/p.png", "theme/inner/p.png")
    assert missing_large_files(theme) == ("p.png", "inner/p.png")
    assert missing_large_files(theme / "inner") == ("p.png",)


def test_nor_is_the_empty_folder_of_a_submodule(clone: Path) -> None:
    """Until it is there."""
    with pytest.raises(InputError, match="submodule site/theme is not there"):
        refuse_absent(image(clone / "site"), "")
    _git(clone, "submodule", "--quiet", "update", "--init")
    refuse_absent(image(clone / "site"), "")


@pytest.mark.parametrize("folder", ["web", "site"])
def test_a_folder_that_a_build_has_beside_its_own_is_looked_at_as_well(clone: Path, folder: str) -> None:
    """By its own `.dockerignore`: that of the build's folder says nothing of it."""
    (clone / "app").mkdir()
    with pytest.raises(InputError, match=r"not there|only a pointer"):
        refuse_absent(image(clone / "app", more=clone / folder), "*")
    (clone / folder / ".dockerignore").write_text("theme\npictures\n")
    refuse_absent(image(clone / "app", more=clone / folder), "")


def test_a_pointer_is_not_mounted(clone: Path) -> None:
    """Nor is one carried to a server in a folder."""
    with pytest.raises(TreeRefusedError, match=r"a logo\.png is a pointer of Git LFS"):
        load_tree(clone / "web" / "pictures", clone)


def test_outside_of_git_nothing_is_missed(clone: Path, tmp_path: Path) -> None:
    """Nobody says there which files are kept elsewhere."""
    shutil.copytree(clone / "web", tmp_path / "web")
    refuse_absent(image(tmp_path / "web"), "")
