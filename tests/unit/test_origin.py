from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.origin import parse_remote_slug, parse_server, read_repository_slug, read_server


@pytest.mark.parametrize(
    ("url", "slug"),
    [
        ("git@github.com:Acme/board.git", "Acme/board"),
        ("https://github.com/acme/board", "acme/board"),
        ("https://token@github.com/acme/board.git/", "acme/board"),
        ("ssh://git@example.com:2222/acme/group/board.git", "acme/group/board"),
        ("/srv/git/board.git", ""),
        ("../board", ""),
        ("", ""),
    ],
)
def test_a_remote_tells_owner_and_repository(url: str, slug: str) -> None:
    assert parse_remote_slug(url) == slug


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("git@GitHub.com:Acme/board.git", "github.com"),
        ("https://github.com/acme/board", "github.com"),
        ("https://user:to@ken@ghe.example.com:8443/acme/board.git", "ghe.example.com"),
        ("ssh://git@example.com:2222/acme/group/board.git", "example.com"),
        ("work:acme/board.git", "work"),
        ("git@github.com-repo-0:acme/board.git", "github.com"),
        ("ssh://git@github.com-work/acme/board.git", "github.com"),
        ("git@ssh.github.com-acme.io:acme/board.git", "github.com"),
        ("https://github.com-work.example.com/acme/board.git", "github.com-work.example.com"),
        ("git@mygithub.com-work:acme/board.git", "mygithub.com-work"),
        ("/srv/git/board.git", ""),
        ("../board", ""),
        ("", ""),
    ],
)
def test_a_remote_tells_the_server(url: str, server: str) -> None:
    assert parse_server(url) == server


def test_in_a_job_its_own_server_counts(tmp_path: Path) -> None:
    own = {"GITHUB_SERVER_URL": "https://ghe.example.com"}
    assert read_server(tmp_path, {**own, "GITHUB_ACTIONS": "true"}) == "ghe.example.com"
    assert read_server(tmp_path, own) == ""


def test_a_worktree_has_the_remote_of_its_repository(tmp_path: Path) -> None:
    """In a worktree ``.git`` is a file that leads to a folder that names the common one."""
    main = tmp_path / "main" / ".git"
    (main / "worktrees" / "side").mkdir(parents=True)
    (main / "config").write_text(
        '[core]\n\tbare = false\n[remote "origin"]\n\turl = git@github.com:a/b.git\n'
    )
    (main / "worktrees" / "side" / "commondir").write_text("../..\n")
    side = tmp_path / "side"
    side.mkdir()
    (side / ".git").write_text(f"gitdir: {main / 'worktrees' / 'side'}\n")
    assert read_repository_slug(side, {}) == "a/b"


def test_outside_of_a_repository_nothing_is_known(tmp_path: Path) -> None:
    assert read_repository_slug(tmp_path, {}) == ""
