from __future__ import annotations

import pytest

from fairlead.errors import InputError
from fairlead.image.build.tags import Present, commit_tag, decide_move, plan_tags, sha_tag, tag_of
from tests.unit.image.builders import INDEX, REVISION, build

OTHER = "sha256:" + "9" * 64


def test_branch_versions_and_the_callers_tags_follow_the_commits_own() -> None:
    made = build(branch="feature/login", git_tags=("v1.4.2", "nightly build"))
    assert plan_tags(made, ("pr-12-abc", "v1")) == (
        "feature-login", "v1.4.2", "v1.4", "v1", "nightly-build", "pr-12-abc",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("1.2.3", ("1.2.3", "1.2", "1")),
        ("v0.3.1", ("v0.3.1", "v0.3")),
        ("v1.2.3-rc.1", ("v1.2.3-rc.1",)),
        ("v1.2", ("v1.2",)),
    ],
)
def test_a_version_brings_its_shorter_forms(name: str, expected: tuple[str, ...]) -> None:
    assert plan_tags(build(branch=None, git_tags=(name,))) == expected


def test_a_branch_cannot_take_a_reserved_name() -> None:
    assert plan_tags(build(branch=f"sha-{'0' * 40}")) == ()
    assert plan_tags(build(branch="buildcache")) == ()


@pytest.mark.parametrize("tag", ["-x", ".x", "a b", "a/b", "", "x" * 129, f"sha-{'0' * 40}", "buildcache"])
def test_a_tag_that_cannot_be_one_is_refused(tag: str) -> None:
    with pytest.raises(InputError):
        plan_tags(build(), (tag,))


def test_names_become_tags() -> None:
    assert tag_of("refs//heads/ümlaut") == "refs-heads-mlaut"
    assert sha_tag(REVISION) == f"sha-{REVISION}"


@pytest.mark.parametrize(
    ("present", "ahead", "behind", "forced", "action", "expected"),
    [
        (None, None, None, False, "set", True),
        (Present(digest=INDEX, revision=""), None, None, False, "same", True),
        (Present(digest=INDEX, revision=""), None, None, True, "same", True),
        (Present(digest=OTHER, revision=REVISION), None, None, False, "set", True),
        (Present(digest=OTHER, revision="b" * 40), True, False, False, "set", True),
        (Present(digest=OTHER, revision="b" * 40), False, True, False, "keep", True),
        (Present(digest=OTHER, revision="b" * 40), False, False, False, "keep", False),
        (Present(digest=OTHER, revision="b" * 40), None, None, False, "keep", False),
        (Present(digest=OTHER, revision=""), None, None, False, "keep", False),
        (Present(digest=OTHER, revision="b" * 40), False, True, True, "set", True),
    ],
)
def test_a_tag_moves_forward_only(
    present: Present | None,
    ahead: bool | None,
    behind: bool | None,
    forced: bool,
    action: str,
    expected: bool,
) -> None:
    move = decide_move(
        present, digest=INDEX, revision=REVISION, is_ahead=ahead, is_behind=behind, is_forced=forced
    )
    assert (move.action, move.is_expected) == (action, expected)
    assert move.why


def test_a_pull_request_takes_no_commits_name_and_no_branch_or_version() -> None:
    document = build(branch="main", git_tags=("v1.2.3",))
    commit = commit_tag(document.revision, 12)
    assert commit == f"pr-12-{document.revision}"
    assert plan_tags(document, (commit, "try"), commit) == ("try",)
    assert commit_tag(document.revision) == f"sha-{document.revision}"
    with pytest.raises(InputError, match="not yours to set"):
        plan_tags(document, (f"sha-{document.revision}",), commit)
