"""The workflows as they are, run by act on this machine: real images, a real registry, a real server over ssh."""

from __future__ import annotations

from lab.state import Lab, Server
from tests.actions.job import Ended, Project
from tests.e2e.workbench import visit
from tests.github_api import Api, serve_api

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
    assert "web: no packages changed; vulnerabilities: none new, none fixed" in ended.log
    status, release, body = visit(server)
    assert (status, release) == (200, first)
    assert body.startswith("hello")


def reached(api: Api) -> tuple[str, ...]:
    """The words by which a job speaks to this API."""
    return ("--env", f"GITHUB_API_URL={api.url}", "--env", "NO_PROXY=127.0.0.1")


def succeeded(ended: Ended) -> Ended:
    """It ended well, and said no secret."""
    assert ended.code == 0, ended.log
    assert CANARY not in ended.log
    return ended
