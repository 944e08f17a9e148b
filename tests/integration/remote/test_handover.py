"""The agent is handed over once, whole, to where it belongs, or the client is told why not."""

from __future__ import annotations

import sys

import pytest

from fairlead.errors import CommandFailedError
from fairlead.remote.agent import Agent, build_agent
from fairlead.remote.session import Session, Traffic, loader_argv
from tests.integration.remote.server import Server, lost


def test_the_agent_is_sent_once_and_then_never_again(server: Server) -> None:
    for _ in range(3):
        with server.connect(build_agent()) as session:
            assert session.ask({"request": "hello"})["data"]["protocol"] == 1
    assert server.traffic.connections == 3
    assert server.traffic.agent_bytes == len(build_agent().content)
    assert [path.name for path in (server.root / "agents").iterdir()] == [build_agent().sha256]


def test_an_agent_that_arrives_damaged_never_runs(server: Server) -> None:
    broken = Agent(b"x" + server.agent.content[1:], server.agent.sha256)
    with pytest.raises(CommandFailedError, match="damaged"):
        server.connect(broken)
    assert list((server.root / "agents").iterdir()) == []


def test_a_name_that_leaves_the_folder_is_refused(server: Server) -> None:
    with pytest.raises(CommandFailedError, match="no agent"):
        server.connect(Agent(b"x", "../" + "a" * 61))


def test_a_root_that_cannot_be_written_is_told_with_what_to_do(server: Server) -> None:
    (server.root / "agents").write_text("a file where the folder should be")
    with pytest.raises(CommandFailedError, match="cannot keep the agent") as caught:
        server.connect()
    assert "host setup" in caught.value.fix


@pytest.mark.parametrize(
    "printed",
    [
        "Welcome!\\n{}\\n",
        '{"agent": "monitoring", "protocol": 3}\\n{"agent": "wanted", "host": "web-1"}\\n[1]\\n',
        "a title without an end",
    ],
)
def test_what_a_shell_prints_at_its_start_is_passed_over(server: Server, printed: str) -> None:
    shell = ["sh", "-c", f"printf '{printed}'; exec \"$@\"", "sh"]
    env = {"FAIRLEAD_ROOT": str(server.root)}
    with Session(
        [*shell, sys.executable, *loader_argv()[1:]], lost, Traffic(), agent=server.agent, env=env
    ) as session:
        assert session.ask({"request": "hello"})["exit"] == 0
