"""Jobs of GitHub as they are seen from inside, for a repository whose images are built and scanned."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fairlead.lab.state import Lab
from tests.integration.image.conftest import new_repository, open_workshop
from tests.integration.image.workshop import SMALL, Workshop


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


@pytest.fixture(scope="session")
def ready(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """One image for one platform, built and scanned."""
    root = tmp_path_factory.mktemp("author")
    made = open_workshop(root / "clone", lab, root / "trivy")
    made.settings("", of=SMALL)
    made.commit("one image")
    made.passed()
    return made


@pytest.fixture
def shop(ready: Workshop, tmp_path: Path) -> Workshop:
    """A copy of it that publishes into a place of its own."""
    return ready.copy(tmp_path / "clone", new_repository(ready.lab))
