"""What one commit is run for again: by a button, after something was mended, for a branch, a release and a tag.

One repository and one server, whose state is carried on. What a registry and a server make of a commit that they know is
seen in whole runs; where only the event is another one, its variables are given to the verb that decides.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from lab.state import Lab, Server
from tests.actions.job import APP, Ended
from tests.actions.stranger import Stranger, make_open_folder
from tests.actions.test_workflows import succeeded
from tests.e2e.workbench import on_server, visit
from tests.patience import PATIENCE

PUBLISHED = re.compile(
    r'/Build .*::set-output:: document=(\{"schema":"fairlead\.publish/.*\})$', re.MULTILINE
)
RELEASED = "on: {release: {types: [published]}}"
ASKED = "on: {workflow_dispatch: }"


class Shop(Stranger):
    """The tiny app, as somebody has it who releases, asks for deploys by hand, and mends his secrets."""

    slug = "acme/shop"

    def __init__(self, folder: Path, lab: Lab, server: Server) -> None:
        # Tags belong to the commits of one history: this repository is new.
        self.repository = f"shop-{secrets.token_hex(3)}"
        super().__init__(folder, lab, server, {}, app=APP)
        self.edit("fairlead.yaml", "[deploy@127.0.0.2]", f"[deploy@{self._server.address}]")
        self.edit("fairlead.yaml", "url: http://127.0.0.2", f"url: http://{self._server.address}")
        self.edit("fairlead.yaml", "app: tiny", f"app: tiny\nregistry: {lab.registry}/{self.repository}")
        self.edit(
            "server.py",
            'print("listening", len(secret()), flush=True)',
            'assert secret().startswith("canary"), "not a canary"',
        )
        succeeded(self.init())
        for name, event in (("released", RELEASED), ("asked", ASKED)):
            text = (self._workflows / "deploy.yml").read_text()
            (self._workflows / f"{name}.yml").write_text(re.sub(r"(?m)^on:\n( .*\n)+", f"{event}\n", text))
        self.commit("Deploy with Fairlead")

    def happen(
        self,
        event: str,
        workflow: str,
        revision: str,
        ref: str,
        env: Mapping[str, str] | None = None,
        **payload: Any,
    ) -> Ended:
        """Let an event start a workflow for a commit, wherever the branches are by now."""
        told = {"after": revision, "deleted": False, "ref": ref, "repository": {"default_branch": "main"}}
        path = self.root.parent / "event.json"
        path.write_text(json.dumps({**told, **payload}))
        return self.run(event, workflow, "--eventpath", str(path), env=env)

    def push(self, revision: str, env: Mapping[str, str] | None = None) -> Ended:
        """A push to main, or `Re-run all jobs` of one: GitHub gives that the commit and the branch of the first time."""
        return self.happen("push", "deploy.yml", revision, "refs/heads/main", env)

    def run_failed_jobs_again(self, before: Ended, revision: str) -> Ended:
        """`Re-run failed jobs`, where only the deploy failed.

        The others are not run, and what they put out is as it was:
        https://docs.github.com/en/actions/how-tos/manage-workflow-runs/re-run-workflows-and-jobs
        """
        published = PUBLISHED.findall(before.log)[-1]
        pipeline = self.read_workflow("pipeline")
        stub = {"runs-on": "ubuntu-24.04", "steps": [{"run": "true"}]}
        pipeline["jobs"] = {
            "build": {**stub, "outputs": {"published": published}},
            "merge": {**stub, "if": False},
            "deploy": pipeline["jobs"]["deploy"],
        }
        again = self._workflows / "again.yml"
        again.write_text(yaml.safe_dump(pipeline, sort_keys=False, width=10_000))
        try:
            return self.happen("push", again.name, revision, "refs/heads/main")
        finally:
            again.unlink()

    def ask(self, verb: str, event: str, revision: str, ref: str, **env: str) -> Ended:
        """Run a verb on a commit as a job for an event does."""
        self.git("checkout", "--quiet", "--detach", revision)
        kind, name = re.fullmatch(r"refs/(head|tag|pull)s?/(.*)", ref).groups()  # type: ignore[union-attr]
        variables = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": event,
            "GITHUB_SHA": revision,
            "GITHUB_REF": ref,
            "GITHUB_REF_NAME": name,
            "GITHUB_REF_TYPE": "tag" if kind == "tag" else "branch",
            "FAIRLEAD_ENVIRONMENT": "lab",
        }
        try:
            done = self.fairlead(*verb.split(), env={**variables, **env})
        finally:
            self.git("checkout", "--quiet", "main")
        # The runner takes these away.
        return replace(done, log=re.sub(r"(?m)^::add-mask::.*\n", "", done.log))


@pytest.fixture(scope="module")
def shop(lab: Lab, server: Server) -> Iterator[Shop]:
    """The shop, whose first commit was pushed."""
    with make_open_folder() as folder:
        shop = Shop(folder, lab, server)
        ended = succeeded(shop.push(shop.git("rev-parse", "HEAD")))
        assert ended.output("release") == "000001"
        yield shop


@pytest.mark.timeout(1200)
def test_a_commit_that_runs_again_is_taken_as_it_is_and_undoes_nothing(
    shop: Shop, lab: Lab, server: Server
) -> None:
    """The newest; one whose deploy failed, by its failed jobs; an old one; one that was a proposal, a branch, a release."""
    first = shop.git("rev-parse", "HEAD")
    running = on_server(server, "docker", "ps", "--quiet", "--no-trunc")
    ended = succeeded(shop.push(first))
    assert "web: is there already, taken from" in ended.log
    assert "tiny 000001 serves already" in ended.log
    assert ended.output("serving") == "000001"
    assert on_server(server, "docker", "ps", "--quiet", "--no-trunc") == running

    # A secret that the app cannot use: known when it starts, after all was built and published.
    shop.edit("server.py", 'GREETING = "hello"', 'GREETING = "good morning"')
    second = shop.commit("Greet better")
    failed = shop.push(second, {"FAIRLEAD_SECRETS": "CANARY=a-parrot-it-was\n"})
    assert failed.code != 0
    assert re.search(r" 000002 failed: .*; 000001 serves as before$", failed.output("error"))
    assert visit(server)[:2] == (200, first)
    ended = succeeded(shop.run_failed_jobs_again(failed, second))
    assert "exec fairlead build" not in ended.log
    assert visit(server)[:2] == (200, second)

    # What many do to go back. It would undo what came after it, and is told the button that does go back.
    ended = shop.push(first)
    assert ended.code != 0
    assert "exec fairlead build" not in ended.log
    assert f"the commit {first[:12]} is older than {second[:12]}, which serves" in ended.output("error")
    assert "(on GitHub: the workflow Rollback) goes back" in ended.log
    assert visit(server)[:2] == (200, second)

    # The images of a pull request, and its commit deployed from its branch by hand: nobody takes the other's for his own.
    shop.git("checkout", "--quiet", "-b", "proposal")
    shop.edit("server.py", 'GREETING = "good morning"', 'GREETING = "good evening"')
    third = shop.commit("Greet at any time")
    shop.git("checkout", "--quiet", "main")
    pull = {"number": 12, "head": {"sha": third, "ref": "proposal", "repo": {"full_name": shop.slug}}}
    event = shop.root.parent / "pull.json"
    event.write_text(json.dumps({"pull_request": {**pull, "base": {"ref": "main"}}}))
    proposed = {"GITHUB_SHA": second, "GITHUB_REPOSITORY": shop.slug, "GITHUB_EVENT_PATH": str(event)}
    for verb in ("build", "scan", f"publish --image-tag pr-12-{third}"):
        succeeded(shop.ask(verb, "pull_request", third, "refs/pull/12/merge", **proposed))
    shop.git("checkout", "--quiet", "proposal")
    ended = succeeded(shop.happen("workflow_dispatch", "asked.yml", third, "refs/heads/proposal"))
    assert "is there already" not in ended.log
    assert visit(server)[:2] == (200, third)
    serving = ended.output("serving")

    # What main has now is older than what serves.
    ended = shop.ask("check", "push", second, "refs/heads/main")
    assert ended.code != 0
    assert f"{second[:12]} is older than {third[:12]}, which serves" in ended.log

    # It becomes a release as it is: nothing is built, nothing is replaced, and its images have the version's name.
    shop.git("checkout", "--quiet", "main")
    shop.git("merge", "--quiet", "--ff-only", "proposal")
    shop.git("tag", "v1.2.3")
    release = {"tag_name": "v1.2.3", "target_commitish": "main"}
    ended = succeeded(
        shop.happen("release", "released.yml", third, "refs/tags/v1.2.3", action="published", release=release)
    )
    assert "web: is there already, taken from" in ended.log
    assert f"tiny {serving} serves already" in ended.log
    assert {f"pr-12-{third}", f"sha-{third}", "v1.2.3", "v1.2", "v1", "proposal"} <= set(tags(lab, shop))
    # A tag on what is old is as old as that.
    ended = shop.ask("check", "push", first, "refs/tags/v0.9.0")
    assert ended.code != 0
    assert f"{first[:12]} is older than {third[:12]}, which serves" in ended.log


def tags(lab: Lab, shop: Shop) -> list[str]:
    """The tags of its image in the lab's registry."""
    address = f"http://{lab.registry}/v2/{shop.repository}/web/tags/list"
    answer = requests.get(address, auth=(lab.username, lab.password), timeout=PATIENCE)
    found = answer.json()["tags"]
    assert isinstance(found, list)
    return found
