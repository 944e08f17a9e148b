from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from fairlead.github.comment import MARKER
from tests.github_api import BOT, serve_api

THEIRS = [
    {"login": "mallory", "type": "User"},
    {"login": "github-actions", "type": "User"},
    {"login": "mallory-app[bot]", "type": "Bot"},
    {"login": "", "type": "Bot"},
    None,
]


def test_a_comment_that_pretends_to_be_ours(tmp_path: Path) -> None:
    """A comment of the author's own that begins like Fairlead's, so that the job writes the images' names into it.

    He could change them afterwards, and the comment would still look like the job's.

    Holds: only a comment of the token's own author is updated; another one is made beside his.
    """
    event = {"pull_request": {"number": 12, "head": {"sha": "b" * 40, "repo": {"full_name": "acme/board"}}}}
    (tmp_path / "event.json").write_text(json.dumps(event))
    image = {
        "repository": "ghcr.io/acme/board/api",
        "digest": "sha256:1",
        "tags": ["pr-12-b"],
        "platforms": {},
    }
    published = {"schema": "fairlead.publish/v1", "app": "b", "revision": "b" * 40, "images": {"api": image}}
    (tmp_path / ".fairlead").mkdir()
    (tmp_path / ".fairlead" / "publish.json").write_text(json.dumps(published))
    (tmp_path / "fairlead.yaml").write_text("app: b\n")
    with serve_api() as api:
        theirs: list[dict[str, Any]] = [
            {"id": number, "html_url": "", "user": user, "body": f"{MARKER}\nmine"}
            for number, user in enumerate(THEIRS)
        ]
        api.comments += [dict(comment) for comment in theirs]
        job = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": api.url,
            "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
            "GITHUB_REPOSITORY": "acme/board",
            "GITHUB_TOKEN": "t0ken",
            "NO_PROXY": "127.0.0.1",
        }
        for _ in range(2):
            subprocess.run(
                [sys.executable, "-m", "fairlead", "github", "comment"],
                cwd=tmp_path,
                env={**os.environ, **job},
                check=True,
                capture_output=True,
            )
        assert api.comments[: len(theirs)] == theirs
        (ours,) = api.comments[len(theirs) :]
        assert ours["user"] == BOT
        assert "ghcr.io/acme/board/api" in ours["body"]
