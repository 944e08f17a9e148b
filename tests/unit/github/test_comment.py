"""The text of the comment on a pull request."""

from __future__ import annotations

from fairlead.github.comment import MARKER, render_comment
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
    lines = render_comment(PUBLISHED, CONTEXT).splitlines()
    assert lines[0] == MARKER
    assert lines[1] == "### Images of `bbbbbbbbbbbb`"
    assert lines[5] == (
        f"| api | `ghcr.io/acme/board/api:pr-12-{'b' * 40}`<br>`ghcr.io/acme/board/api@sha256:1` "
        "| linux/amd64, linux/arm64 |"
    )
    assert lines[6] == "| web | `ghcr.io/acme/board/web`<br>`ghcr.io/acme/board/web@sha256:2` |  |"
    assert lines[-1] == (
        "Built, scanned and pushed by [this run](https://github.com/acme/board/actions/runs/77)."
    )
