"""The text of the comment on a pull request."""

from __future__ import annotations

import random

import pytest

from fairlead.github.api import wait_seconds
from fairlead.github.comment import MARKER, has_section, merge_section, render_section
from fairlead.github.context import GitHubContext

CONTEXT = GitHubContext(
    event="pull_request",
    repository="acme/board",
    actor="alice",
    ref="refs/pull/12/merge",
    sha="a" * 40,
    api_url="https://api.github.com",
    server_url="https://github.com",
    run_id="77",
    pull_request=None,
)

PUBLISHED = {
    "schema": "fairlead.publish/v1",
    "app": "board",
    "revision": "b" * 40,
    "images": {
        "web": {"repository": "ghcr.io/acme/board/web", "digest": "sha256:2", "tags": [], "platforms": {}},
        "api": {
            "repository": "ghcr.io/acme/board/api",
            "digest": "sha256:1",
            "tags": [f"sha-{'b' * 40}", f"pr-12-{'b' * 40}"],
            "platforms": {"linux/arm64": "sha256:4", "linux/amd64": "sha256:3"},
        },
    },
}


def test_it_names_each_image_by_tag_digest_and_platform() -> None:
    lines = render_section(PUBLISHED, CONTEXT).splitlines()
    assert lines[0] == "### board: images of `bbbbbbbbbbbb`"
    assert lines[4] == (
        f"| api | `ghcr.io/acme/board/api:pr-12-{'b' * 40}`<br>`ghcr.io/acme/board/api@sha256:1` "
        "| linux/amd64, linux/arm64 |"
    )
    assert lines[5] == "| web | `ghcr.io/acme/board/web`<br>`ghcr.io/acme/board/web@sha256:2` |  |"
    assert lines[-1] == (
        "Built, scanned and pushed by [this run](https://github.com/acme/board/actions/runs/77)."
    )


def test_each_app_has_a_section_and_changes_no_other() -> None:
    apps = ["board", "admin", "shop", "board-2"]
    body, current = "", {}
    for round_, app in enumerate(random.Random(3).choices(apps, k=40)):  # noqa: S311 - not secret
        current[app] = f"### {app}\n\nround {round_}"
        body = merge_section(body, app, current[app])
        assert body.startswith(MARKER)
        assert all(has_section(body, name, text) for name, text in current.items())
        # GitHub gives back what browsers wrote with their line ends.
        assert has_section(body.replace("\n", "\r\n"), app, current[app])
    assert not has_section(body, "board", "### board\n\nelse")
    assert merge_section(body, "shop", current["shop"]) == body


def test_the_sections_of_others_stay_whatever_ends_the_lines() -> None:
    body = merge_section("", "board", "### board\n\ntext").replace("\n", "\r\n")
    merged = merge_section(body, "admin", "### admin")
    assert has_section(merged, "board", "### board\n\ntext")
    assert has_section(merged, "admin", "### admin")


def test_a_comment_of_an_older_fairlead_gives_way() -> None:
    old = f"{MARKER}\n### Images of `abc`\n"
    assert merge_section(old, "board", "new") == merge_section("", "board", "new")


def test_what_github_would_not_take_is_the_own_section_alone() -> None:
    body = merge_section(merge_section("", "a", "x" * 40_000), "b", "y" * 40_000)
    assert len(body) < 65536
    assert has_section(body, "b", "y" * 40_000)


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"Retry-After": "7"}, 7.0),
        (403, {"retry-after": "7"}, 7.0),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1030"}, 30.0),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "900"}, 1.0),
        (429, {}, 60.0),
        (429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 60.0),
        (403, {}, None),
        (403, {"X-RateLimit-Remaining": "12", "X-RateLimit-Reset": "1030"}, None),
        (429, {"Retry-After": "3600"}, None),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4600"}, None),
        (500, {"Retry-After": "7"}, None),
        (404, {}, None),
    ],
)
def test_a_limit_is_waited_for_where_it_ends_soon(
    status: int, headers: dict[str, str], seconds: float | None
) -> None:
    assert wait_seconds(status, headers, 1_000.0) == seconds
