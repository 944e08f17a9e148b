from __future__ import annotations

from typing import Any

import pytest

from fairlead.github.context import parse_context
from fairlead.github.trust import plan_trust, refuse_commands
from fairlead.image.build.trust import Trust

HEAD, MERGE = "a" * 40, "b" * 40
JOB = {"GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_REPOSITORY": "acme/board"}
REPOSITORY = {"repository": {"default_branch": "main", "full_name": "acme/board"}}
SAYS_SO: dict[str, Any] = {"FAIRLEAD_CACHE_WRITE": "true"}


def trust(
    event: str,
    ref: str,
    *,
    payload: dict[str, Any] | None = None,
    built: str = HEAD,
    sha: str = HEAD,
    **more: str,
) -> Trust:
    environ = {**JOB, "GITHUB_EVENT_NAME": event, "GITHUB_REF": ref, "GITHUB_SHA": sha, **more}
    return plan_trust(parse_context(environ, {**REPOSITORY, **(payload or {})}), environ, built)


def pull(repository: str | None) -> dict[str, Any]:
    repo = None if repository is None else {"full_name": repository}
    return {"pull_request": {"number": 12, "head": {"sha": HEAD, "ref": "main", "repo": repo}}}


@pytest.mark.parametrize("event", ["push", "schedule", "workflow_dispatch"])
def test_the_default_branch_writes_the_cache(event: str) -> None:
    assert trust(event, "refs/heads/main") == Trust(writes=True)


@pytest.mark.parametrize("more", [{}, SAYS_SO])
def test_a_pull_request_reads_and_never_writes(more: dict[str, Any]) -> None:
    made = trust("pull_request", "refs/pull/12/merge", payload=pull("acme/board"), sha=MERGE, **more)
    assert made == Trust(pull_request=12)


@pytest.mark.parametrize("repository", ["eve/board", None])
def test_a_fork_gets_nothing(repository: str | None) -> None:
    made = trust("pull_request", "refs/pull/12/merge", payload=pull(repository), sha=MERGE, **SAYS_SO)
    assert made == Trust(reads=False, pull_request=12)


@pytest.mark.parametrize(
    "event", ["workflow_run", "issue_comment", "pull_request_target", "merge_group", "x", ""]
)
def test_an_event_that_names_the_default_branch_and_checks_out_what_it_likes_writes_nothing(
    event: str,
) -> None:
    payload = pull("acme/board") if event == "pull_request_target" else {}
    made = trust(event, "refs/heads/main", payload=payload, **SAYS_SO)
    assert not made.writes


def test_another_commit_than_the_one_that_was_pushed_is_not_the_default_branch() -> None:
    """A job of main that checks out the head of a pull request builds that, whatever GITHUB_REF says."""
    assert not trust("workflow_dispatch", "refs/heads/main", built=MERGE, **SAYS_SO).writes


@pytest.mark.parametrize(
    ("ref", "payload"),
    [("refs/heads/feature", {}), ("refs/heads/mainly", {}), ("refs/heads/main", {"repository": {}})],
)
def test_a_branch_writes_only_if_the_job_says_so(ref: str, payload: dict[str, Any]) -> None:
    assert trust("push", ref, payload=payload) == Trust()
    assert trust("push", ref, payload=payload, **SAYS_SO) == Trust(writes=True)


def test_a_tag_reads_and_never_writes() -> None:
    assert trust("push", "refs/tags/v1", **SAYS_SO) == Trust(is_tag=True)
    assert trust("push", "refs/tags/main") == Trust(is_tag=True)


def test_elsewhere_nothing_is_written_unless_somebody_says_so() -> None:
    assert plan_trust(None, {}, HEAD) == plan_trust(None, {"CI": "true"}, HEAD) == Trust()
    assert plan_trust(None, SAYS_SO, HEAD) == Trust(writes=True)


@pytest.mark.parametrize(
    ("event", "payload", "built", "why"),
    [
        ("push", None, HEAD, ""),
        ("schedule", None, HEAD, ""),
        ("workflow_dispatch", None, HEAD, ""),
        ("release", None, HEAD, ""),
        ("release", None, MERGE, "the files are those of bbbbbbbbbbbb"),
        ("workflow_dispatch", None, MERGE, "the files are those of bbbbbbbbbbbb"),
        ("pull_request", pull("acme/board"), HEAD, ""),
        ("pull_request", pull("mallory/board"), HEAD, "a pull request of a fork"),
        ("pull_request", pull(None), HEAD, "a pull request of a fork"),
        ("pull_request", None, HEAD, "for the event pull_request"),
        ("pull_request_target", pull("mallory/board"), HEAD, "a pull request of a fork"),
        ("pull_request_target", pull("acme/board"), HEAD, "for the event pull_request_target"),
        ("workflow_run", None, HEAD, "for the event workflow_run"),
        ("issue_comment", None, HEAD, "for the event issue_comment"),
        ("", None, HEAD, "for the event (none)"),
    ],
)
def test_a_program_that_fetches_secrets_is_run_for_commits_of_the_repository_itself(
    event: str, payload: dict[str, Any] | None, built: str, why: str
) -> None:
    environ = {**JOB, "GITHUB_EVENT_NAME": event, "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": HEAD}
    said = refuse_commands(parse_context(environ, {**REPOSITORY, **(payload or {})}), built)
    assert why in said
    assert bool(said) == bool(why)


def test_outside_of_github_whoever_runs_the_command_has_decided() -> None:
    assert refuse_commands(None, HEAD) == ""
