"""The identity of real repositories."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from fairlead.errors import InputError
from fairlead.identity import is_ancestor, list_commits, read_identity

WHO = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *WHO, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    root = tmp_path / "clone"
    root.mkdir()
    _git(root, "init", "--quiet", "--initial-branch", "main")
    (root / "file").write_text("1")
    _git(root, "add", ".")
    _git(root, "commit", "--quiet", "--message", "first")
    return root


def test_a_clean_checkout(clone: Path) -> None:
    _git(clone, "tag", "v1")
    _git(clone, "remote", "add", "origin", "git@github.com:acme/board.git")
    identity = read_identity(clone, {})
    assert identity.revision == _git(clone, "rev-parse", "HEAD")
    assert identity.revision_time == int(_git(clone, "log", "-1", "--format=%ct"))
    assert (identity.branch, identity.tags, identity.dirty) == ("main", ("v1",), False)
    assert identity.source_url == "https://github.com/acme/board"
    assert identity.author == "Ann <ann@example.com>"


def test_a_folder_inside_the_repository_has_the_same_identity(clone: Path) -> None:
    (clone / "sub").mkdir()
    assert read_identity(clone / "sub", {}) == read_identity(clone, {})


def test_changed_new_and_renamed_files_make_it_dirty(clone: Path) -> None:
    (clone / "new file").write_text("")
    _git(clone, "mv", "file", "moved")
    assert read_identity(clone, {}).dirty_files == ("moved", "new file")


def test_variables_of_a_git_hook_do_not_lead_elsewhere(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    _git(other, "init", "--quiet")
    identity = read_identity(clone, {})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    assert read_identity(clone, {}) == identity


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not in a git repository") as caught:
        read_identity(tmp_path, {})
    assert "-C FOLDER" in caught.value.fix


def test_an_unborn_branch(tmp_path: Path) -> None:
    _git(tmp_path, "init", "--quiet")
    with pytest.raises(InputError, match="no commit yet") as caught:
        read_identity(tmp_path, {})
    assert "git commit" in caught.value.fix


def test_a_bare_repository(tmp_path: Path) -> None:
    _git(tmp_path, "init", "--quiet", "--bare")
    with pytest.raises(InputError, match="bare"):
        read_identity(tmp_path, {})


def test_the_merge_commit_of_a_pull_request_is_nobodys_release(clone: Path) -> None:
    head = _git(clone, "rev-parse", "HEAD")
    event = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_SHA": head, "GITHUB_HEAD_REF": "topic"}
    with pytest.raises(InputError, match="merge commit") as caught:
        read_identity(clone, event)
    assert "pull_request.head.sha" in caught.value.fix
    assert read_identity(clone, {**event, "GITHUB_SHA": "f" * 40}).branch is None


def test_history_tells_the_order_or_says_that_it_cannot(clone: Path, tmp_path: Path) -> None:
    first = _git(clone, "rev-parse", "HEAD")
    _git(clone, "commit", "--quiet", "--allow-empty", "--message", "second")
    second = _git(clone, "rev-parse", "HEAD")
    assert is_ancestor(clone, first, second) is True
    assert is_ancestor(clone, second, first) is False
    assert is_ancestor(clone, "f" * 40, second) is None
    shallow = tmp_path / "shallow"
    _git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{clone}", str(shallow))
    assert is_ancestor(shallow, first, second) is None


def test_commits_between_two_with_their_subjects(clone: Path) -> None:
    """Whatever their author wrote; none where the history is not there, or a name is no commit."""
    older = _git(clone, "rev-parse", "HEAD")
    subjects = ["Mend ::error::it\x1b[2J", "Add\tit"]
    for subject in subjects:
        _git(clone, "commit", "--allow-empty", "--quiet", "-m", subject)
    newer = _git(clone, "rev-parse", "HEAD")
    found = list_commits(clone, older, newer)
    assert found is not None
    assert [said for _, said in found] == subjects[::-1]
    assert found[0][0] == newer
    assert list_commits(clone, newer, newer) == []
    assert list_commits(clone, "0" * 40, newer) is None
    assert list_commits(clone, "--output=x", newer) is None
