"""A repository that has never heard of Fairlead goes live: on an engine as hosted runners have it, and not as root."""

from __future__ import annotations

import re

import pytest

from lab.state import Lab, Server
from tests.actions.stranger import Stranger, make_open_folder
from tests.actions.test_workflows import CANARY, succeeded
from tests.e2e.workbench import visit
from tests.integration.image.classic import classic_engine


@pytest.mark.timeout(1200)  # four runs of five jobs
def test_a_stranger_is_live_with_his_first_push_is_held_with_a_bad_one_and_goes_back_by_a_button(
    lab: Lab, server: Server
) -> None:
    """`init --github`, the name of his images, a push: nothing of the app is edited."""
    with make_open_folder() as folder, classic_engine(lab, folder / "engine") as classic:
        classic.socket.chmod(0o666)
        stranger = Stranger(folder, lab, server, classic.environ)
        succeeded(stranger.init())
        stranger.edit("fairlead.yaml", "ghcr.io/acme/guestbook", f"{lab.registry}/apps/guestbook")
        first = stranger.commit("Deploy with Fairlead")
        ended = succeeded(stranger.run("push", "deploy.yml"))
        assert ended.output("release") == "000001"
        assert greeting(server) == "hello"

        stranger.edit("app.py", "import redis", "import radish")
        stranger.commit("Break it")
        ended = stranger.run("push", "deploy.yml")
        assert ended.code != 0
        assert ended.output("exit-code") == "6"
        assert re.search(r" 000002 failed: .*; 000001 serves as before$", ended.output("error"))
        assert "::error" in ended.log
        assert CANARY not in ended.log
        assert greeting(server) == "hello"

        stranger.edit("app.py", "import radish", "import redis")
        stranger.edit("app.py", "hello,", "good morning,")
        # The watch was as long as it is with nothing said twice now.
        settings = stranger.root / "fairlead.yaml"
        settings.write_text(f"{settings.read_text()}\ndeploy: {{watch: {{window: 1s}}}}\n")
        stranger.commit("Greet better")
        succeeded(stranger.run("push", "deploy.yml"))
        assert greeting(server) == "good morning"

        ended = succeeded(stranger.run("workflow_dispatch", "rollback.yml", "--input", f"to={first[:12]}"))
        assert ended.output("serving") == "000001"
        assert greeting(server) == "hello"


def greeting(server: Server) -> str:
    """What a visitor is greeted with; his visit is counted in the app's Redis."""
    status, _, body = visit(server)
    assert status == 200
    words, _, count = body.partition(", visit ")
    assert int(count) > 0
    return words
