"""The workflows as they are, run by act on this machine: real images, a real registry, a real server over ssh."""

from __future__ import annotations

import json
from pathlib import Path

from fairlead.lab.state import Lab, Server
from tests.actions.job import Ended, Project
from tests.e2e.workbench import visit

CANARY = "canary-77ab-in-no-log"


def test_a_push_to_main_is_live_and_a_rollback_by_hand_takes_it_back(project: Project, server: Server) -> None:
    """deploy.yml twice, then rollback.yml: each answer comes from the commit that it should come from."""
    first = project.git("rev-parse", "HEAD")
    ended = succeeded(project.run("push", "deploy.yml"))
    assert ended.output("release") == "000001"
    assert visit(server)[:2] == (200, first)

    project.edit("server.py", 'GREETING = "hello"', 'GREETING = "good morning"')
    second = project.commit("Greet better")
    ended = succeeded(project.run("push", "deploy.yml"))
    assert ended.output("serving") == "000002"
    assert visit(server)[:2] == (200, second)

    ended = succeeded(project.run("workflow_dispatch", "rollback.yml", "--input", "environment=lab"))
    status, release, body = visit(server)
    assert (status, release) == (200, first)
    assert body.startswith("hello")


def test_a_release_that_is_not_healthy_fails_the_job_and_serves_nobody(project: Project, server: Server) -> None:
    """The job is red, says so in an annotation, and hands on exit code 6."""
    succeeded(project.run("push", "deploy.yml"))
    before = visit(server)
    project.edit("server.py", "HEALTHY = True", "HEALTHY = False")
    project.commit("Never healthy")
    ended = project.run("push", "deploy.yml")
    project.edit("server.py", "HEALTHY = False", "HEALTHY = True")
    assert ended.code != 0
    assert ended.output("exit-code") == "6"
    assert "::error" in ended.log
    assert visit(server) == before


def succeeded(ended: Ended) -> Ended:
    assert ended.code == 0, ended.log
    assert CANARY not in ended.log
    return ended
