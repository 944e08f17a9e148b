"""A pull request from its beginning to its end, and one of a fork: preview.yml.

Tried elsewhere, and not once more here: whose comment is ours and two apps in one, tests/unit/github/test_comment.py;
requests that are refused or made again, tests/integration/github; what a fork's build may read and write,
tests/unit/github/test_trust.py and tests/adversary/author.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from lab.state import Lab
from tests.actions.job import Project
from tests.actions.runner import Runner
from tests.actions.test_workflows import reached, succeeded
from tests.adversary.author.test_texts import OURS, commands
from tests.github_api import serve_api
from tests.patience import PATIENCE

HOSTILE = "$(touch pwned) `id>pwned` ::error::pwned\r::stop-commands::x\n@everyone [a](http://evil.example)"
BRANCH = "x$(touch${IFS}pwned)`id>pwned`"


def test_a_pull_request_is_opened_pushed_to_and_closed(
    project: Project, lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One comment names the images of the last commit pushed; when it is closed, nothing is run at all.

    Title, description, branch and author are data.
    """
    folder = tmp_path_factory.mktemp("events")
    first = project.propose("A proposal")
    with serve_api(lab.password) as api:
        event = write_event(folder, "opened", first, "acme/tiny")
        succeeded(project.run("pull_request", "preview.yml", "--eventpath", str(event), *reached(api)))
        (comment,) = api.comments
        assert f"/apps/tiny-actions/web:pr-12-{first}`" in comment["body"]

        project.edit("server.py", 'GREETING = "hello"', 'GREETING = "good morning"')
        second = project.propose("Greet better")
        push(project, folder, second, api.url)
        (comment,) = api.comments
        assert f"/apps/tiny-actions/web:pr-12-{second}`" in comment["body"]
        assert first not in comment["body"]
        assert {f"pr-12-{first}", f"pr-12-{second}"} <= set(tags(lab))

        asked = len(api.requests)
        event = write_event(folder, "closed", second, "acme/tiny")
        # GitHub looks at a job's `if` before its matrix; act does not, so that it is asked for the job that all others need.
        only = ("--job", "validate")
        ended = project.run("pull_request", "preview.yml", *only, "--eventpath", str(event), *reached(api))
        assert ended.code == 0, ended.log
        assert "exec fairlead" not in ended.log
        assert len(api.requests) == asked
    assert not list(project.root.parent.rglob("pwned"))


def test_the_images_of_a_fork_are_built_and_scanned_and_nothing_more(
    project: Project, lab: Lab, tmp_path: Path
) -> None:
    """Without a secret, a login, or a registry to push to; whoever opens one names it as he likes."""
    head = project.propose("A proposal from elsewhere")
    event = write_event(tmp_path, "opened", head, "mallory/tiny")
    nothing = {
        "GITHUB_TOKEN": "reads-only",
        "FAIRLEAD_SSH_KEY": "",
        "FAIRLEAD_SECRETS": "",
        "DOCKER_CONFIG": str(tmp_path / "nobody-logged-in"),
    }
    with serve_api("a token of the repository") as api:
        words = ("--eventpath", str(event), *reached(api))
        ended = succeeded(project.run("pull_request", "preview.yml", *words, env=nothing))
        assert api.requests == []
    assert "exec fairlead scan" in ended.log
    assert "exec fairlead publish" not in ended.log
    assert not [tag for tag in tags(lab) if head in tag]
    assert not list(project.root.parent.rglob("pwned"))


def push(project: Project, folder: Path, head: str, api_url: str) -> None:
    """What the jobs of preview.yml do for another push: the steps of their actions, in one checkout of its commit."""
    environ = project.environ()
    for secret in ("FAIRLEAD_SSH_KEY", "FAIRLEAD_SECRETS"):
        del environ[secret]
    runner = Runner(project, folder, environ)
    runner.event = json.loads(write_event(folder, "synchronize", head, "acme/tiny").read_text())
    merge = project.git("rev-parse", "HEAD")
    project.git("checkout", "--quiet", "--detach", head)
    runner.job = {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_REF": "refs/pull/12/merge",
        "GITHUB_HEAD_REF": BRANCH,
        "GITHUB_SHA": merge,
        "GITHUB_ACTOR": HOSTILE,
        "GITHUB_API_URL": api_url,
        "NO_PROXY": "127.0.0.1",
    }
    publish = {"image-tag": f"pr-12-{head}", "comment": "true"}
    done = [runner.run("build"), runner.run("scan")]
    done += [runner.run("publish", publish, which=which) for which in (0, 1)]
    assert [ran.code for ran in done] == [0, 0, 0, 0], done
    assert commands("\n".join(ran.log for ran in done)) <= OURS


def write_event(folder: Path, action: str, head: str, repository: str) -> Path:
    """The event of a pull request, as GitHub sends it."""
    pull: dict[str, Any] = {
        "number": 12,
        "title": HOSTILE,
        "body": HOSTILE,
        "user": {"login": "eve"},
        "head": {"sha": head, "ref": BRANCH, "label": f"eve:{BRANCH}", "repo": {"full_name": repository}},
        "base": {"ref": "main", "repo": {"full_name": "acme/tiny"}},
    }
    path = folder / "event.json"
    path.write_text(json.dumps({"action": action, "pull_request": pull}))
    return path


def tags(lab: Lab) -> list[str]:
    """The tags of the app's image in the lab's registry."""
    address = f"http://{lab.registry}/v2/apps/tiny-actions/web/tags/list"
    answer = requests.get(address, auth=(lab.username, lab.password), timeout=PATIENCE)
    found = answer.json()["tags"]
    assert isinstance(found, list)
    return found
