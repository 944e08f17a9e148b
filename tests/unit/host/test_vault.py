"""Secrets and config files by content."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from fairlead.host.errors import InputFault
from fairlead.host.paths import app_paths
from fairlead.host.release import FileTree
from fairlead.host.vault import has_secret, store_secret, store_tree

TREE = "c" * 64


def test_secret_is_stored_once_and_closed(tmp_path: Path) -> None:
    """Readable in a container, in a folder that nobody else on the host enters."""
    paths = app_paths(tmp_path, "board")
    sha256 = store_secret(paths, "token", b"canary")
    path = paths.secret("token", sha256)
    assert path.read_bytes() == b"canary"
    assert (path.stat().st_mode & 0o777, paths.secrets.stat().st_mode & 0o777) == (0o444, 0o700)
    inode = path.stat().st_ino
    store_secret(paths, "token", b"canary")
    assert path.stat().st_ino == inode
    assert has_secret(paths, "token", sha256)


def test_damaged_secret_is_none(tmp_path: Path) -> None:
    """The content is looked at, not the name; sent again it is mended."""
    paths = app_paths(tmp_path, "board")
    sha256 = store_secret(paths, "token", b"canary")
    paths.secret("token", sha256).chmod(0o600)
    paths.secret("token", sha256).write_bytes(b"")
    assert not has_secret(paths, "token", sha256)
    store_secret(paths, "token", b"canary")
    assert has_secret(paths, "token", sha256)


@pytest.mark.parametrize("name", ["..", "a/b", "", ".hidden", "x" * 101])
def test_bad_secret_names(tmp_path: Path, name: str) -> None:
    """A name is a file's name."""
    with pytest.raises(InputFault):
        store_secret(app_paths(tmp_path, "board"), name, b"x")


def _blob(folder: Path, content: bytes) -> str:
    sha256 = hashlib.sha256(content).hexdigest()
    (folder / sha256).write_bytes(content)
    return sha256


def test_tree_is_whole_or_not_there(tmp_path: Path) -> None:
    """A folder with a missing blob leaves nothing behind."""
    paths = app_paths(tmp_path / "root", "board")
    good = _blob(tmp_path, b"one")
    store_tree(paths, TREE, FileTree(True, {"a/b.conf": (good, 0o644), "run": (good, 0o755)}), tmp_path)
    assert (paths.file(TREE) / "a" / "b.conf").read_bytes() == b"one"
    assert (paths.file(TREE) / "run").stat().st_mode & 0o777 == 0o755
    other = "d" * 64
    with pytest.raises(InputFault, match="was not sent"):
        store_tree(paths, other, FileTree(True, {"a": (good, 0o644), "b": ("0" * 64, 0o644)}), tmp_path)
    assert [entry.name for entry in paths.files.iterdir()] == [TREE]


def test_single_file_is_a_file(tmp_path: Path) -> None:
    """What is bound into a container as a file must not be a folder."""
    paths = app_paths(tmp_path / "root", "board")
    store_tree(paths, TREE, FileTree(False, {"": (_blob(tmp_path, b"one"), 0o644)}), tmp_path)
    assert paths.file(TREE).read_bytes() == b"one"


def test_blob_with_another_content_is_refused(tmp_path: Path) -> None:
    """The name is a promise that is checked."""
    paths = app_paths(tmp_path / "root", "board")
    sha256 = _blob(tmp_path, b"one")
    (tmp_path / sha256).write_bytes(b"two")
    with pytest.raises(InputFault, match="damaged"):
        store_tree(paths, TREE, FileTree(False, {"": (sha256, 0o644)}), tmp_path)


def test_path_that_leaves_its_folder_is_refused_here_too(tmp_path: Path) -> None:
    """The document was checked; this is where paths become files."""
    paths = app_paths(tmp_path / "root", "board")
    with pytest.raises(InputFault, match="leaves"):
        store_tree(paths, TREE, FileTree(True, {"../out": (_blob(tmp_path, b"x"), 0o644)}), tmp_path)
    assert not (paths.files / "out").exists()
