"""Secrets and config files by content."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fairlead.host.disk.paths import Paths, app_paths
from fairlead.host.disk.vault import find_difference, has_secret, store_secret, store_tree
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.names import DIGEST
from fairlead.host.wire.release import FileTree, tree_digest


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


def _store(paths: Paths, spec: FileTree, blobs: Path) -> Path:
    assert store_tree(paths, tree_digest(spec), spec, blobs) == ""
    return paths.file(tree_digest(spec))


def test_tree_is_whole_or_not_there(tmp_path: Path) -> None:
    """A folder with a missing blob leaves nothing behind."""
    paths = app_paths(tmp_path / "root", "board")
    good = _blob(tmp_path, b"one")
    stored = _store(paths, FileTree(True, {"a/b.conf": (good, 0o644), "run": (good, 0o755)}), tmp_path)
    assert (stored / "a" / "b.conf").read_bytes() == b"one"
    assert (stored / "run").stat().st_mode & 0o777 == 0o755
    with pytest.raises(InputFault, match="was not sent"):
        _store(paths, FileTree(True, {"a": (good, 0o644), "b": ("0" * 64, 0o644)}), tmp_path)
    assert list(paths.files.iterdir()) == [stored]


def test_single_file_is_a_file(tmp_path: Path) -> None:
    """What is bound into a container as a file must not be a folder."""
    paths = app_paths(tmp_path / "root", "board")
    assert (
        _store(paths, FileTree(False, {"": (_blob(tmp_path, b"one"), 0o644)}), tmp_path).read_bytes()
        == b"one"
    )


def test_blob_with_another_content_is_refused(tmp_path: Path) -> None:
    """The name is a promise that is checked."""
    paths = app_paths(tmp_path / "root", "board")
    sha256 = _blob(tmp_path, b"one")
    (tmp_path / sha256).write_bytes(b"two")
    with pytest.raises(InputFault, match="damaged"):
        _store(paths, FileTree(False, {"": (sha256, 0o644)}), tmp_path)


def test_path_that_leaves_its_folder_is_refused_here_too(tmp_path: Path) -> None:
    """The document was checked; this is where paths become files."""
    paths = app_paths(tmp_path / "root", "board")
    with pytest.raises(InputFault, match="leaves"):
        _store(paths, FileTree(True, {"../out": (_blob(tmp_path, b"x"), 0o644)}), tmp_path)
    assert not (paths.files / "out").exists()


def test_a_tree_under_another_one_s_name_is_refused(tmp_path: Path) -> None:
    paths = app_paths(tmp_path / "root", "board")
    spec = FileTree(False, {"": (_blob(tmp_path, b"planted"), 0o644)})
    with pytest.raises(InputFault, match="is not the name of this file"):
        store_tree(paths, "c" * 64, spec, tmp_path)
    assert not paths.files.exists()


def test_no_two_trees_have_one_name() -> None:
    """Kind, names, modes and contents count, and no character of one can pass for one of another."""
    sha = {name: hashlib.sha256(name.encode()).hexdigest() for name in "ab"}
    trees = [
        FileTree(False, {"": (sha["a"], 0o644)}),
        FileTree(False, {"": (sha["a"], 0o755)}),
        FileTree(False, {"": (sha["b"], 0o644)}),
        FileTree(True, {}),
        FileTree(True, {"a": (sha["a"], 0o644)}),
        FileTree(True, {"a": (sha["b"], 0o644)}),
        FileTree(True, {"a": (sha["a"], 0o755)}),
        FileTree(True, {"a/b": (sha["a"], 0o644)}),
        FileTree(True, {'a":{"sha256': (sha["a"], 0o644)}),
        FileTree(True, {"a": (sha["a"], 0o644), "b": (sha["b"], 0o644)}),
        FileTree(True, {"a": (sha["b"], 0o644), "b": (sha["a"], 0o644)}),
    ]
    assert len(set(map(tree_digest, trees))) == len(trees)


def _link(path: Path) -> None:
    elsewhere = path.with_name("elsewhere")
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def _make_file(path: Path) -> None:
    shutil.rmtree(path)
    path.write_bytes(b"one")


def _make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


Harm = Callable[[Path], object]
HARM: dict[str, Harm] = {
    "another content": lambda file: file.write_bytes(b"two"),
    "another mode": lambda file: file.chmod(0o755),
    "writable by all": lambda file: file.chmod(0o666),
    "a link": _link,
    "a folder": _make_folder,
    "a pipe": _make_pipe,
    "gone": Path.unlink,
}


def _to_a(harm: Harm) -> Harm:
    return lambda folder: harm(folder / "a")


HARM_TO_A_FOLDER: dict[str, Harm] = {
    **{how: _to_a(harm) for how, harm in HARM.items() if how != "a link"},
    "a deep one gone": lambda folder: (folder / "b" / "c").unlink(),
    "one more": lambda folder: (folder / "b" / "d").write_bytes(b"x"),
    "an empty folder": lambda folder: (folder / "e").mkdir(),
    "a link out of it": lambda folder: (folder / "e").symlink_to("/"),
    "a linked folder": lambda folder: _link(folder / "b"),
    "a file for all of it": _make_file,
    "a link for all of it": _link,
}


@pytest.mark.parametrize("how", HARM_TO_A_FOLDER)
def test_what_lies_there_and_is_something_else_is_replaced(tmp_path: Path, how: str) -> None:
    """Planted, or damaged by a disk: it is said, the right one is in its place, and the other one stays for its users."""
    paths = app_paths(tmp_path / "root", "board")
    one = _blob(tmp_path, b"one")
    spec = FileTree(True, {"a": (one, 0o644), "b/c": (one, 0o755)})
    stored = _store(paths, spec, tmp_path)
    assert find_difference(stored, spec) == ""
    HARM_TO_A_FOLDER[how](stored)
    wrong = find_difference(stored, spec)
    assert wrong
    assert store_tree(paths, stored.name, spec, tmp_path) == wrong
    assert find_difference(stored, spec) == ""
    others = [entry for entry in paths.files.iterdir() if entry.name not in {stored.name, "elsewhere"}]
    assert len(others) == 1
    assert DIGEST.fullmatch(others[0].name), "prune removes what has such a name and nobody needs"
    assert store_tree(paths, stored.name, spec, tmp_path) == ""


@pytest.mark.parametrize("how", HARM)
def test_a_single_file_is_looked_at_too(tmp_path: Path, how: str) -> None:
    paths = app_paths(tmp_path / "root", "board")
    spec = FileTree(False, {"": (_blob(tmp_path, b"one"), 0o644)})
    stored = _store(paths, spec, tmp_path)
    HARM[how](stored)
    assert find_difference(stored, spec)
    store_tree(paths, stored.name, spec, tmp_path)
    assert find_difference(stored, spec) == ""
