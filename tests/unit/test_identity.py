"""What git and GitHub print, and what of it is believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.identity import (
    parse_head,
    parse_source_url,
    parse_status,
    plan_branch,
    plan_tags,
    read_directory,
)

SHA = "1a2b3c4d" * 5


def test_the_head_is_one_record() -> None:
    assert parse_head(f"{SHA}\0001700000000\0Ann O'Nym <ann@example.com>\0Mend it\n") == (
        SHA,
        1700000000,
        "Ann O'Nym <ann@example.com>",
        "Mend it",
    )


def test_dirty_files_are_named_once_with_all_their_oddities() -> None:
    output = " M a file\0?? new\nline\0R  new name\0old name\0D  gone\0UU both\0"
    assert parse_status(output) == ("a file", "both", "gone", "new\nline", "new name")
    assert parse_status("") == ()


@pytest.mark.parametrize(
    ("remote", "url"),
    [
        ("git@github.com:Acme/board.git", "https://github.com/Acme/board"),
        ("https://user:token@github.com/acme/board.git", "https://github.com/acme/board"),
        ("ssh://git@git.example.com:2222/acme/board", "https://git.example.com/acme/board"),
        ("https://git.example.com:8443/acme/board.git/", "https://git.example.com:8443/acme/board"),
        ("http://git.local/x.git", "http://git.local/x"),
        ("/srv/git/board.git", ""),
        ("../board", ""),
        ("file:///srv/git/board.git", ""),
        ("", ""),
    ],
)
def test_a_source_is_a_web_address_without_credentials_or_nothing(remote: str, url: str) -> None:
    assert parse_source_url(remote) == url


def test_a_branch_of_a_pull_request_is_never_taken_for_ours() -> None:
    pull = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_HEAD_REF": "main", "GITHUB_REF_NAME": "12/merge"}
    assert plan_branch("main", SHA, pull) is None
    assert plan_branch("main", SHA, {**pull, "GITHUB_EVENT_NAME": "pull_request_target"}) is None


def test_a_detached_checkout_believes_github_only_about_the_same_commit() -> None:
    push = {
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_SHA": SHA,
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_REF_NAME": "main",
    }
    assert plan_branch("", SHA, push) == "main"
    assert plan_branch("", "f" * 40, push) is None
    assert plan_branch("", SHA, {**push, "GITHUB_REF_TYPE": "tag"}) is None
    assert plan_branch("topic", SHA, push) == "topic"
    assert plan_branch("", SHA, {}) is None


def test_the_pushed_tag_counts_where_a_shallow_checkout_has_none() -> None:
    tag = {"GITHUB_SHA": SHA, "GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v2"}
    assert plan_tags(["v1"], SHA, tag) == ("v1", "v2")
    assert plan_tags([], "f" * 40, tag) == ()


def test_the_folder_in_the_repository_is_told_from_wherever_it_is_reached(tmp_path: Path) -> None:
    """A worktree's ``.git`` is a file; a submodule is a repository of its own."""
    shop = tmp_path / "clone" / "apps" / "shop"
    shop.mkdir(parents=True)
    assert read_directory(shop) == ""
    (tmp_path / "clone" / ".git").write_text("gitdir: elsewhere\n")
    (tmp_path / "link").symlink_to(shop)
    assert read_directory(shop) == read_directory(tmp_path / "link") == "apps/shop"
    assert read_directory(tmp_path / "clone") == "."
    (shop / ".git").mkdir()
    assert read_directory(shop) == "."


def test_the_name_of_a_folder_that_is_no_short_line_is_told_by_its_hash(tmp_path: Path) -> None:
    """A server would take no such text, and two of them are two all the same."""
    (tmp_path / ".git").mkdir()
    odd = [tmp_path / "a\x1b[2J", tmp_path / "b\n", tmp_path / "\udcff", tmp_path.joinpath(*["x" * 200] * 3)]
    told = {read_directory(folder) for folder in odd}
    assert len(told) == len(odd)
    assert {len(one) for one in told} == {len("sha256:") + 64}
