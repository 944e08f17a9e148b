"""The environment's page tells which commit serves, against a server that speaks GitHub's API over real HTTP."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from fairlead.boundary import main
from fairlead.errors import CommandFailedError
from fairlead.github.context import GitHubContext
from fairlead.github.deployments import Deployments, open_deployments
from fairlead.host.wire.status import StateAnswer
from fairlead.schemas import load_schema
from tests.github_api import Api, serve_api

OLD, NEW = "a" * 40, "b" * 40
BASE = "/repos/acme/board/deployments"
LISTED = f"GET {BASE}?environment=production&per_page=10"
OWN = {"fairlead_run": "77"}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve_api() as server:
        yield server


def job(api: Api, token: str = "t0ken", environment: str = "production") -> Deployments:
    context = GitHubContext(
        event="workflow_dispatch",
        repository="acme/board",
        actor="alice",
        ref="refs/heads/main",
        sha=NEW,
        api_url=api.url,
        server_url="https://github.com",
        run_id="77",
        pull_request=None,
    )
    return open_deployments(context, token, environment, "https://board.example.com")


def status(state: str) -> dict[str, object]:
    url = {"environment_url": "https://board.example.com"} if state != "failure" else {}
    log = "https://github.com/acme/board/actions/runs/77"
    return {"state": state, "log_url": log, "auto_inactive": False, **url}


def test_after_a_rollback_the_commit_that_serves_is_the_active_one(api: Api) -> None:
    api.deployed("production", OLD, "success", "inactive")
    api.deployed("production", NEW, "in_progress", "success")
    assert job(api).settle(OLD) == f"{api.url}/d/3"
    assert api.told() == [(OLD, "inactive"), (NEW, "inactive"), (OLD, "success")]
    made = {"ref": OLD, "environment": "production", "auto_merge": False, "required_contexts": []}
    assert api.bodies == [{**made, "payload": OWN}, status("success"), status("inactive")]
    assert api.requests == [
        LISTED,
        f"GET {BASE}/2/statuses?per_page=1",
        f"GET {BASE}/1/statuses?per_page=1",
        f"POST {BASE}",
        f"POST {BASE}/3/statuses",
        f"POST {BASE}/2/statuses",
    ]


def test_what_is_right_already_is_not_written_again(api: Api) -> None:
    api.deployed("staging", NEW, "success")
    api.deployed("production", OLD, "success")
    assert job(api).settle(OLD) == f"{api.url}/d/2"
    assert api.bodies == []


def test_a_deploy_is_told_from_its_beginning_to_its_end(api: Api) -> None:
    """In a job that names no environment."""
    api.deployed("production", OLD, "success")
    job(api).tell(NEW, "queued")
    job(api).tell(NEW, "in_progress")
    assert api.told() == [(OLD, "success"), (NEW, "in_progress")]
    job(api).settle(NEW)
    assert api.told() == [(OLD, "inactive"), (NEW, "success")]
    assert [one["state"] for one in api.bodies[1:]] == ["queued", "in_progress", "success", "inactive"]


def test_a_deploy_that_was_taken_back_has_failed_and_what_served_is_active(api: Api) -> None:
    api.deployed("production", OLD, "success")
    job(api).tell(NEW, "in_progress")
    job(api).settle(OLD)
    assert api.told() == [(OLD, "success"), (NEW, "failure")]
    assert api.bodies[-1] == status("failure")


def test_what_another_job_has_under_way_is_its_own(api: Api) -> None:
    api.deployed("production", NEW, "in_progress", payload={"fairlead_run": "78"})
    job(api).settle(OLD)
    assert api.told() == [(NEW, "in_progress"), (OLD, "success")]


def test_what_a_job_left_under_way_is_ended_by_a_later_one(api: Api) -> None:
    """It was cancelled, or could not ask its server at its end."""
    api.deployed("production", OLD, "in_progress", payload={"fairlead_run": "70"})
    api.deployed("production", OLD, "in_progress", payload={"of": "somebody else"})
    job(api).tell(NEW, "in_progress")
    api.deployed("production", OLD, "queued", payload={"fairlead_run": "78"})
    for _ in range(2):
        job(api).settle(NEW)
        states = [(OLD, "inactive"), (OLD, "in_progress"), (NEW, "success"), (OLD, "queued")]
        assert api.told() == states


def test_where_nothing_serves_the_first_deploy_has_failed_and_nothing_is_active(api: Api) -> None:
    api.deployed("production", OLD, "success")
    api.deployed("production", OLD, "in_progress", payload={"fairlead_run": "78"})
    job(api).tell(NEW, "in_progress")
    assert job(api).settle("") == ""
    assert api.told() == [(OLD, "inactive"), (OLD, "in_progress"), (NEW, "failure")]


def test_a_name_of_an_environment_is_data(api: Api) -> None:
    name = "prod/eu & more?page=2#x"
    api.deployed(name, OLD, "success")
    assert job(api, environment=name).settle(OLD) == f"{api.url}/d/1"


def test_a_refusal_says_which_permission_is_missing(api: Api) -> None:
    api.refusals += [403]
    with pytest.raises(CommandFailedError, match="GitHub refused the deployment") as refused:
        job(api).settle(OLD)
    assert refused.value.fix == "give the job `permissions: deployments: write`"


@pytest.fixture
def repository(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A job in a repository with one environment; its commit."""
    text = "app: board\nenvironments: {production: {hosts: [deploy@a.example.com]}}\n"
    (tmp_path / "fairlead.yaml").write_text(text)
    for words in (("init", "--quiet"), ("commit", "--quiet", "--allow-empty", "--message", "one")):
        who = ("-c", "user.name=A", "-c", "user.email=a@example.com")
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": api.url,
        "GITHUB_REPOSITORY": "acme/board",
        "GITHUB_RUN_ID": "77",
        "GITHUB_TOKEN": "t0ken",
        "GITHUB_EVENT_PATH": "",
        "GITHUB_OUTPUT": "",
        "GITHUB_STEP_SUMMARY": "",
    }.items():
        monkeypatch.setenv(name, value)
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tmp_path, check=True, capture_output=True)
    return done.stdout.decode().strip()


def test_the_verb_tells_of_its_own_deploy_and_then_of_what_serves(
    api: Api, repository: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--json", "github", "deployment"]
    assert main([*words, "--state", "in_progress"]) == 0
    assert api.told() == [(repository, "in_progress")]
    monkeypatch.setattr(
        "fairlead.rollout.back.read_releases",
        lambda _: {"a": StateAnswer(serving="000001", revision=OLD)},
    )
    capsys.readouterr()
    assert main(words) == 0
    assert api.told() == [(repository, "failure"), (OLD, "success")]
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, load_schema("deployment"))
    assert document["revision"] == OLD


def test_the_verb_ends_a_first_deploy_that_failed(
    api: Api, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["github", "deployment", "--state", "in_progress"]) == 0
    monkeypatch.setattr("fairlead.rollout.back.read_releases", lambda _: {"a": StateAnswer()})
    assert main(["github", "deployment"]) == 0
    assert api.told() == [(repository, "failure")]


def test_what_github_does_not_take_fails_no_job_whose_deploy_is_done(
    api: Api, repository: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--json", "github", "deployment", "--state", "in_progress"]
    api.refusals += [403, 403]
    assert main(words) == 4
    capsys.readouterr()
    assert main([*words, "--allow-failure"]) == 0
    assert "GitHub was not told: GitHub refused the deployment" in capsys.readouterr().err
