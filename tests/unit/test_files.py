from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from fairlead import files
from fairlead.errors import InputError

MINE = b"mine\n"
DEPTH = 4
WRITERS: dict[str, Callable[[Path], object]] = {
    "write": lambda path: files.write(path, b"x"),
    "create": lambda path: files.create(path, b"x"),
    "make_folder": files.make_folder,
    "renew_folder": files.renew_folder,
    "remove": files.remove,
    "move to": lambda path: files.move(_other(path), path),
    "move from": lambda path: files.move(path, _other(path)),
    "read": files.read,
    "deliver": lambda path: files.deliver(path, b"x"),
}


def _other(path: Path) -> Path:
    other = next(parent for parent in path.parents if parent.name == "here").with_name("other")
    other.write_bytes(b"x")
    return other


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder whose folders have the same names as those of the paths that are tried."""
    folder = tmp_path / "outside"
    (folder / "/".join("b" * DEPTH)).mkdir(parents=True)
    for path in (folder, *folder.rglob("b")):
        (path / "f").write_bytes(MINE)
    return folder


def everything(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("depth", range(DEPTH))
@pytest.mark.parametrize("last", ["f", "b", "new"])
def test_no_folder_is_reached_through_a_link(
    tmp_path: Path, outside: Path, name: str, depth: int, last: str
) -> None:
    """Whichever of the folders is the link, and whatever is done below it."""
    here = tmp_path / "here"
    above = here.joinpath(*"b" * depth)
    above.mkdir(parents=True)
    (above / "b").symlink_to(outside)
    (tmp_path / ".git").touch()
    before = everything(outside)
    with pytest.raises(InputError, match="stands in the way") as caught:
        WRITERS[name](here.joinpath(*"b" * DEPTH, last))
    assert str(above / "b") in caught.value.what
    assert everything(outside) == before


@pytest.mark.parametrize("name", sorted(WRITERS.keys() - {"deliver"}))
@pytest.mark.parametrize("kind", ["file", "folder", "nowhere", "itself", "hard", "pipe"])
def test_what_bears_the_name_is_replaced_and_not_written_through(
    tmp_path: Path, outside: Path, name: str, kind: str
) -> None:
    """A link, a second name of a foreign file, a pipe without a reader: whatever is done, the outside is as it was."""
    path = tmp_path / "here" / "x"
    path.parent.mkdir()
    if kind == "hard":
        path.hardlink_to(outside / "f")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        targets = {"file": outside / "f", "folder": outside, "nowhere": outside / "no", "itself": path}
        path.symlink_to(targets[kind])
    before = everything(outside)
    try:
        WRITERS[name](path)
    except (InputError, FileExistsError):
        assert name in {"create", "make_folder", "read"}
    assert everything(outside) == before
    if name in {"write", "move to"}:
        assert path.read_bytes() == b"x"
        assert stat.S_ISREG(path.lstat().st_mode)


def test_a_reader_is_given_no_pipe_no_link_and_no_device(tmp_path: Path) -> None:
    """A pipe would hang it, ``/proc/self/environ`` would tell it secrets."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/proc/self/environ")
    for path in (tmp_path / "pipe", tmp_path / "link", Path("/dev/null"), tmp_path):
        with pytest.raises((InputError, IsADirectoryError)):
            files.read(path)
        assert not files.is_file(path)


def test_a_reader_knows_when_to_stop(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"12345")
    assert files.read(tmp_path / "f", limit=3) == b"1234"


_HALVES = {
    "\ud800": "\ufffd",
    "a\udfffb": "a\ufffdb",
    "\ud800a\ud800": "\ufffda\ufffd",
    "\udfff\ud800": "\ufffd\ufffd",
}


@pytest.mark.parametrize(
    ("text", "written"), [*_HALVES.items(), ("\ud83d\ude80\ud800", "\U0001f680\ufffd"), ("é", "é")]
)
def test_no_text_is_one_that_cannot_be_written(tmp_path: Path, text: str, written: str) -> None:
    """A server or a registry may tell half a character."""
    for name, write in (("w", files.write), ("c", files.create), ("a", files.append)):
        write(tmp_path / name, text)
        assert (tmp_path / name).read_text(encoding="utf-8") == written


def test_the_name_of_a_file_in_other_bytes_is_written_as_it_was_read(tmp_path: Path) -> None:
    files.write(tmp_path / "f", "\udcff")
    assert (tmp_path / "f").read_bytes() == b"\xff"


def test_a_write_that_fails_leaves_what_was_there_and_no_draft(tmp_path: Path) -> None:
    files.write(tmp_path / "f", "one")
    with pytest.raises(TypeError), files.draft(tmp_path / "f") as file:
        file.writelines([b"tw", None])  # type: ignore[list-item]
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
    assert (tmp_path / "f").read_text() == "one"


def test_a_tree_is_removed_and_what_its_links_lead_to_stays(tmp_path: Path, outside: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "a" / "b").mkdir(parents=True)
    (tree / "a" / "b" / "out").symlink_to(outside)
    (tree / "up").symlink_to("..")
    before = everything(outside)
    files.renew_folder(tree)
    assert list(tree.iterdir()) == []
    assert everything(outside) == before


def test_a_link_of_the_user_is_followed_and_one_of_a_checkout_is_not(tmp_path: Path, outside: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(outside)
    assert files.settled(link / "f") == outside / "f"
    checkout = tmp_path / "checkout"
    (checkout / "sub" / ".git").mkdir(parents=True)
    (checkout / ".git").mkdir()
    (checkout / "sub" / "out").symlink_to(outside)
    (checkout / "way").symlink_to("sub")
    for path in ("sub/out", "sub/out/f", "way/f", "./sub/../sub/out/f"):
        with pytest.raises(InputError, match="stands in the way"):
            files.settled(checkout / path)
    # Above the checkout they are the user's.
    (tmp_path / "road").symlink_to(tmp_path / "checkout")
    assert files.settled(tmp_path / "road" / "new") == checkout / "new"


def test_a_home_that_is_kept_in_git_is_its_owner_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """His ``.cache`` may be a link; if it is the very checkout that is worked in, it may not."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "disk").mkdir()
    (tmp_path / ".cache").symlink_to("disk")
    (tmp_path / "src" / ".git").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path / "src")
    assert files.settled(tmp_path / ".cache" / "x") == tmp_path / "disk" / "x"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError):
        files.settled(tmp_path / ".cache" / "x")


def test_a_source_may_be_a_link_within_the_checkout(tmp_path: Path, outside: Path) -> None:
    checkout = tmp_path / "checkout"
    (checkout / ".git").mkdir(parents=True)
    (checkout / "Dockerfile").write_text("")
    (checkout / "in").symlink_to("Dockerfile")
    (checkout / "out").symlink_to(outside / "f")
    (checkout / "far").symlink_to("out")
    assert files.inside(checkout / "in") == checkout / "Dockerfile"
    for name in ("out", "far"):
        with pytest.raises(InputError, match="leads out of the checkout"):
            files.inside(checkout / name)
