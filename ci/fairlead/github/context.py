"""What GitHub Actions says about the job, taken apart once.

https://docs.github.com/en/actions/reference/workflows-and-actions/variables
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.errors import InputError


@dataclass(frozen=True)
class PullRequest:
    """The pull request that the job runs for.

    ``head_sha`` is the commit that was pushed; GITHUB_SHA is a merge commit that nobody will ever check out.
    ``fork`` is true when the head lies in another repository: the job then has no secrets and a token
    that can only read, whatever the workflow asks for.
    """

    number: int
    head_sha: str
    fork: bool


@dataclass(frozen=True)
class GitHubContext:
    """One job of GitHub Actions."""

    event: str
    repository: str
    actor: str
    ref: str
    sha: str
    api_url: str
    server_url: str
    run_id: str
    pull_request: PullRequest | None
    default_branch: str = ""

    @property
    def head_sha(self) -> str:
        """The commit that the job is about."""
        return self.pull_request.head_sha if self.pull_request else self.sha

    @property
    def branch(self) -> str | None:
        """The branch that was pushed, or None (a tag, a pull request)."""
        prefix = "refs/heads/"
        return self.ref.removeprefix(prefix) if self.ref.startswith(prefix) else None

    @property
    def run_url(self) -> str:
        return f"{self.server_url}/{self.repository}/actions/runs/{self.run_id}"


def parse_context(environ: Mapping[str, str], event: Mapping[str, Any]) -> GitHubContext | None:
    """The job, from its environment and its event; None when this is no job of GitHub Actions."""
    if environ.get("GITHUB_ACTIONS") != "true":
        return None
    repository = environ.get("GITHUB_REPOSITORY", "")
    return GitHubContext(
        event=environ.get("GITHUB_EVENT_NAME", ""),
        repository=repository,
        actor=environ.get("GITHUB_ACTOR", ""),
        ref=environ.get("GITHUB_REF", ""),
        sha=environ.get("GITHUB_SHA", ""),
        api_url=environ.get("GITHUB_API_URL", "https://api.github.com").rstrip("/"),
        server_url=environ.get("GITHUB_SERVER_URL", "https://github.com").rstrip("/"),
        run_id=environ.get("GITHUB_RUN_ID", ""),
        pull_request=_parse_pull_request(event, repository),
        default_branch=_parse_default_branch(event),
    )


def read_context(environ: Mapping[str, str]) -> GitHubContext | None:
    """The job, with its event read from GITHUB_EVENT_PATH; None when this is no job of GitHub Actions.

    Raises:
        InputError: the event is not JSON.
    """
    path = environ.get("GITHUB_EVENT_PATH", "")
    if environ.get("GITHUB_ACTIONS") != "true" or not path or not Path(path).is_file():
        return parse_context(environ, {})
    try:
        event = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"GITHUB_EVENT_PATH is not JSON: {path}", why=str(error)) from error
    return parse_context(environ, event if isinstance(event, dict) else {})


def _parse_default_branch(event: Mapping[str, Any]) -> str:
    repository = event.get("repository")
    return str(repository.get("default_branch") or "") if isinstance(repository, dict) else ""


def _parse_pull_request(event: Mapping[str, Any], repository: str) -> PullRequest | None:
    pull = event.get("pull_request")
    if not isinstance(pull, dict) or not isinstance(pull.get("number"), int):
        return None
    head = pull.get("head") or {}
    # The head's repository is null when the fork was deleted since: not ours either.
    head_repository = (head.get("repo") or {}).get("full_name", "")
    return PullRequest(
        number=pull["number"],
        head_sha=head.get("sha", ""),
        fork=head_repository.lower() != repository.lower(),
    )
