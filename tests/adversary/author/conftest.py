"""Jobs of GitHub as they are seen from inside."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Job:
    """The environment of a job, by the event that started it."""

    folder: Path

    def event(self, name: str, ref: str, sha: str, **payload: Any) -> dict[str, str]:
        """A job of the repository ``acme/board``, whose default branch is main."""
        path = self.folder / "event.json"
        repository = {"default_branch": "main", "full_name": "acme/board"}
        path.write_text(json.dumps({"repository": repository, **payload}))
        return {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": name,
            "GITHUB_EVENT_PATH": str(path),
            "GITHUB_REF": ref,
            "GITHUB_REF_NAME": ref.split("/", 2)[2],
            "GITHUB_REF_TYPE": "tag" if ref.startswith("refs/tags/") else "branch",
            "GITHUB_REPOSITORY": "acme/board",
            "GITHUB_SHA": sha,
        }

    def push(self, ref: str, sha: str) -> dict[str, str]:
        return self.event("push", ref, sha)

    def pull_request(self, head: str, *, fork: bool = False) -> dict[str, str]:
        """A job for pull request 12."""
        repo = {"full_name": "eve/board" if fork else "acme/board"}
        pull = {"number": 12, "head": {"sha": head, "ref": "main", "repo": repo}}
        return self.event("pull_request", "refs/pull/12/merge", "e" * 40, pull_request=pull)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Jobs of GitHub."""
    return Job(tmp_path)
