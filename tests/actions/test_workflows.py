"""The workflows as they are, run by act on this machine: real images, a real registry, a real server over ssh."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import requests

from lab.state import Lab, Server
from tests.actions.job import Ended, Project
from tests.e2e.workbench import visit
from tests.github_api import Api, serve_api
from tests.patience import PATIENCE

CANARY = "canary-77ab-in-no-log"
CALLER = """\
on: {push: {branches: [main]}}
permissions: {}
jobs:
  ship:
    permissions: {contents: read, packages: write}
    uses: ./.github/workflows/pipeline.yml
    with: {environment: lab, test: 'test -f server.py && echo tested-$((40 + 2))'}
    secrets:
      FAIRLEAD_SSH_KEY: ${{ secrets.FAIRLEAD_SSH_KEY }}
      FAIRLEAD_SECRETS: ${{ secrets.FAIRLEAD_SECRETS }}
"""


def test_pushes_to_main_go_live_for_several_platforms_and_a_rollback_by_hand_takes_one_back(
    project: Project, lab: Lab, server: Server
) -> None:
    """pipeline.yml twice, then rollback.yml: who answers is who should.

    The second time it is called as by another repository, with tests, and a runner for each of two platforms.
    """
    first = project.git("rev-parse", "HEAD")
    ended = succeeded(project.run("push", "pipeline.yml"))
    assert ended.output("release") == "000001"
    assert visit(server)[:2] == (200, first)

    project.edit("server.py", 'GREETING = "hello"', 'GREETING = "good morning"')
    project.edit("fairlead.yaml", "platforms: [linux/amd64]", "platforms: [linux/amd64, linux/arm64]")
    (project.root / ".github" / "workflows" / "caller.yml").write_text(CALLER)
    last = project.commit("Greet better")
    ended = succeeded(project.run("push", "caller.yml"))
    assert "tested-42" in ended.log
    assert "exec fairlead merge" in ended.log
    # The job that deploys has no scan: what those of both commits have found is kept in the registry.
    assert "web: no packages changed; vulnerabilities: none new, none fixed" in ended.log
    status, release, body = visit(server)
    assert (status, release) == (200, last)
    assert body.startswith("good morning")

    words = ("--input", "environment=lab", "--input", f"to={first[:12]}")
    with serve_api(lab.password) as api:
        api.deployed("lab", last, "success")
        ended = succeeded(project.run("workflow_dispatch", "rollback.yml", *words, *reached(api)))
        assert api.told() == [(last, "inactive"), (first, "success")]
    assert ended.output("serving")
    status, release, body = visit(server)
    assert (status, release) == (200, first)
    assert body.startswith("hello")


def test_the_images_of_a_pull_request_are_named_in_one_comment(
    project: Project, lab: Lab, tmp_path: Path
) -> None:
    """Pushed as pr-<number>-<head commit>, and pullable by the name that the comment gives."""
    head = project.propose("A proposal")
    event = write_event(tmp_path, head, "acme/tiny")
    with serve_api(lab.password) as api:
        words = ("--eventpath", str(event), *reached(api))
        succeeded(project.run("pull_request", "preview.yml", *words))
        (comment,) = api.comments
    assert f"/apps/tiny-actions/web:pr-12-{head}`" in comment["body"]
    assert f"pr-12-{head}" in tags(lab)


def test_the_images_of_a_fork_are_built_and_scanned_and_nothing_more(
    project: Project, lab: Lab, tmp_path: Path
) -> None:
    """Without a secret, and without a registry to push to."""
    head = project.propose("A proposal from elsewhere")
    event = write_event(tmp_path, head, "mallory/tiny")
    ended = succeeded(project.run("pull_request", "preview.yml", "--eventpath", str(event)))
    assert "exec fairlead scan" in ended.log
    assert "exec fairlead publish" not in ended.log
    assert not [tag for tag in tags(lab) if head in tag]


def reached(api: Api) -> tuple[str, ...]:
    """The words by which a job speaks to this API."""
    return ("--env", f"GITHUB_API_URL={api.url}", "--env", "NO_PROXY=127.0.0.1")


def succeeded(ended: Ended) -> Ended:
    """It ended well, and said no secret."""
    assert ended.code == 0, ended.log
    assert CANARY not in ended.log
    return ended


def write_event(folder: Path, head: str, repository: str) -> Path:
    """The event of a pull request, as GitHub sends it."""
    pull: dict[str, Any] = {
        "number": 12,
        "head": {"sha": head, "ref": "proposal", "repo": {"full_name": repository}},
        "base": {"ref": "main", "repo": {"full_name": "acme/tiny"}},
    }
    path = folder / "event.json"
    path.write_text(json.dumps({"action": "synchronize", "pull_request": pull}))
    return path


def tags(lab: Lab) -> list[str]:
    """The tags of the app's image in the lab's registry."""
    address = f"http://{lab.registry}/v2/apps/tiny-actions/web/tags/list"
    answer = requests.get(address, auth=(lab.username, lab.password), timeout=PATIENCE)
    found = answer.json()["tags"]
    assert isinstance(found, list)
    return found
