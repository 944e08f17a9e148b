from __future__ import annotations

from pathlib import Path

from fairlead.checkout import find_repository, folders_up, repository_root


def test_a_worktree_is_a_repository_of_its_own(tmp_path: Path) -> None:
    """There ``.git`` is a file."""
    below = tmp_path / "side" / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "side" / ".git").write_text("gitdir: elsewhere\n")
    assert repository_root(below) == find_repository(below) == tmp_path / "side"
    assert list(folders_up(below)) == [below, below.parent, tmp_path / "side"]


def test_outside_of_a_repository_the_folder_stands_for_it(tmp_path: Path) -> None:
    assert repository_root(tmp_path) is None
    assert find_repository(tmp_path) == tmp_path
    assert list(folders_up(tmp_path)) == [tmp_path, *tmp_path.parents]
