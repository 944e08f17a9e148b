"""The job, read from its environment and event."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fairlead.errors import InputError
from fairlead.github.context import PullRequest, parse_context, read_context

ENVIRON = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_REPOSITORY": "Acme/Board",
    "GITHUB_ACTOR": "alice",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_SHA": "a" * 40,
    "GITHUB_RUN_ID": "77",
    "GITHUB_SERVER_URL": "https://github.example.com",
    "GITHUB_API_URL": "https://github.example.com/api/v3/",
}


def pull_request(head_repository: str | None) -> dict[str, Any]:
    repository = {"full_name": head_repository} if head_repository else None
    return {"pull_request": {"number": 12, "head": {"sha": "b" * 40, "ref": "topic", "repo": repository}}}


def test_a_push() -> None:
    context = parse_context(ENVIRON, {})
    assert context is not None
    assert (context.event, context.actor, context.branch) == ("push", "alice", "main")
    assert context.head_sha == "a" * 40
    assert context.pull_request is None
    assert context.api_url == "https://github.example.com/api/v3"
    assert context.run_url == "https://github.example.com/Acme/Board/actions/runs/77"


def test_elsewhere_there_is_no_job() -> None:
    assert parse_context({}, {}) is None
    assert parse_context({**ENVIRON, "GITHUB_ACTIONS": "false"}, {}) is None


def test_a_tag_is_no_branch() -> None:
    context = parse_context({**ENVIRON, "GITHUB_REF": "refs/tags/v1"}, {})
    assert context is not None
    assert context.branch is None


def test_a_pull_request_is_about_its_head_and_not_about_the_merge_commit() -> None:
    context = parse_context(ENVIRON, pull_request("acme/board"))
    assert context is not None
    assert context.pull_request == PullRequest(12, "b" * 40, fork=False)
    assert context.head_sha == "b" * 40


@pytest.mark.parametrize("head_repository", ["mallory/board", None])
def test_a_head_in_another_repository_is_a_fork(head_repository: str | None) -> None:
    context = parse_context(ENVIRON, pull_request(head_repository))
    assert context is not None
    assert context.pull_request is not None
    assert context.pull_request.fork


@pytest.mark.parametrize(
    "event", [{"pull_request": None}, {"pull_request": {"number": "12"}}, {"pull_request": []}]
)
def test_an_event_of_another_shape_is_no_pull_request(event: dict[str, Any]) -> None:
    context = parse_context(ENVIRON, event)
    assert context is not None
    assert context.pull_request is None


def test_the_event_is_read_from_its_file(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps(pull_request("Acme/Board")))
    context = read_context({**ENVIRON, "GITHUB_EVENT_PATH": str(event)})
    assert context is not None
    assert context.pull_request is not None
    event.write_text("[]")
    assert read_context({**ENVIRON, "GITHUB_EVENT_PATH": str(event)}) == parse_context(ENVIRON, {})
    assert read_context({**ENVIRON, "GITHUB_EVENT_PATH": str(tmp_path / "gone")}) == parse_context(
        ENVIRON, {}
    )


def test_an_event_that_is_not_json_is_named(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text("{")
    with pytest.raises(InputError, match="is not JSON"):
        read_context({**ENVIRON, "GITHUB_EVENT_PATH": str(event)})
