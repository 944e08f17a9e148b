"""Three servers, one release: together or not at all, whoever dies in between."""

from __future__ import annotations

import http.client
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fairlead.lab.state import Lab, Server, load
from fairlead.lab.wipe import wipe_server
from tests.e2e.workbench import Workbench, containers, on_server

APPS = Path(__file__).parent / "apps"
NAME = "tiny.example.com"
# The job on everybody's data: it has none of its own host.
ANNOUNCE = """\
  announce:
    <<: *hardened
    image: ${FAIRLEAD_REGISTRY:?}/web:${FAIRLEAD_TAG:?}
    x-fairlead: {role: job}
    profiles: [jobs]
    command: ["--version"]
    entrypoint: ["python3"]
    networks: [edge]
    restart: "no"
  store:
"""
# The real client, which does one thing when it is about to say a word to the second host.
SABOTAGED = """
import os, signal, subprocess, sys
from fairlead import boundary
from fairlead.remote import attach, coordinator

word, act = sys.argv[1], sys.argv[2]
attach.PAUSES = (0.1, 0.1)
say = coordinator._Participant.say
told = []

def sabotaged(self, frame, **more):
    if frame.get("order") == word:
        told.append(self.part.host)
        if len(told) == 2 and act == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if len(told) == 2:
            subprocess.run(["docker", "kill", act], check=True, capture_output=True)
    say(self, frame, **more)

coordinator._Participant.say = sabotaged
sys.exit(boundary.main(sys.argv[3:]))
"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """The tiny app in a repository of its own, its environment two of three servers."""
    subprocess.run([sys.executable, "-m", "fairlead", "lab", "up", "--hosts", "3"], check=True, timeout=1500)
    lab = load()
    root = tmp_path_factory.mktemp("fleet") / "tiny"
    shutil.copytree(APPS / "tiny", root)
    bench = Workbench(root, lab, lab.servers[1], secrets={"canary": "canary-4b1d-in-no-log"})
    bench.environ["FAIRLEAD_REGISTRY"] = f"{lab.registry}/fleet-{secrets.token_hex(3)}"
    bench.edit("compose.yaml", "  store:\n    <<", ANNOUNCE + "    <<")
    bench.edit("server.py", "HEALTHY = True", 'HEALTHY = not Path("/state/poison").exists()')
    bench.edit(
        "fairlead.yaml", "deploy: {start_timeout: 20s", "deploy: {hold_timeout: 3s, start_timeout: 90s"
    )
    bench.edit("fairlead.yaml", "http://127.0.0.2", f"http://{NAME}")
    bench.edit("fairlead.yaml", "deploy@127.0.0.2", hosts(lab, 1, 2))
    bench.git("init", "--quiet", "--initial-branch", "main")
    bench.commit("first")
    for number in (1, 2, 3):
        wipe_server(lab.servers[number])
    yield bench
    for number in (1, 2, 3):
        wipe_server(lab.servers[number])


def hosts(lab: Lab, *numbers: int) -> str:
    return ", ".join(f"deploy@{lab.servers[number].address}" for number in numbers)


def visit(server: Server) -> tuple[int, str]:
    """What a user of this server gets: status and release."""
    connection = http.client.HTTPConnection(server.address, 80, timeout=10)
    try:
        connection.request("GET", "/", headers={"Host": NAME})
        answer = connection.getresponse()
        return answer.status, answer.headers.get("X-Release", "")
    finally:
        connection.close()


def serving(bench: Workbench, *numbers: int) -> set[tuple[int, str]]:
    return {visit(bench.lab.servers[number]) for number in numbers}


def release(bench: Workbench, message: str) -> str:
    """A commit that answers something else, published; its revision."""
    server = bench.root / "server.py"
    server.write_text(server.read_text() + f"# {message}\n")
    revision = bench.commit(message)
    for verb in (("build",), ("scan", "--offline"), ("publish",)):
        bench.ok(*verb)
    return revision


def sabotage(bench: Workbench, word: str, act: str) -> subprocess.CompletedProcess[str]:
    given = {f"FAIRLEAD_SECRET_{name.upper()}": value for name, value in bench.secrets.items()}
    import os

    return subprocess.run(
        [sys.executable, "-c", SABOTAGED, word, act, "deploy"],
        cwd=bench.root,
        env={**os.environ, **bench.lab.environ, **given, **bench.environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def by_host(document: dict[str, Any], key: str) -> list[Any]:
    return [host[key] for host in document["hosts"]]


def test_a_fleet_through_its_life(fleet: Workbench) -> None:
    lab, servers = fleet.lab, fleet.lab.servers
    first = release(fleet, "first")
    deployed = fleet.ok("--json", "deploy").document
    assert by_host(deployed, "status") == ["live", "live"]
    assert by_host(deployed, "serving") == ["000001", "000001"]
    assert serving(fleet, 1, 2) == {(200, first)}
    logs = [on_server(servers[n], "find", "/srv/fairlead/tiny/tasks", "-name", "job-*.log") for n in (1, 2)]
    assert [("announce" in found, "migrate" in found) for found in logs] == [(True, True), (False, True)]

    # A host is added: it gets the release, the others are not touched.
    before = containers(servers[1]), containers(servers[2])
    fleet.edit("fairlead.yaml", hosts(lab, 1, 2), hosts(lab, 1, 2, 3))
    added = fleet.ok("--json", "deploy").document
    assert by_host(added, "status") == ["unchanged", "unchanged", "live"]
    assert by_host(added, "serving") == ["000001"] * 3
    assert (containers(servers[1]), containers(servers[2])) == before
    assert serving(fleet, 1, 2, 3) == {(200, first)}

    # One host fails its verification: all stay where they are.
    poison = "/var/lib/docker/volumes/tiny_state/_data/poison"
    second = release(fleet, "second")
    on_server(servers[2], "touch", poison)
    error = fleet.refused(6, "deploy")
    on_server(servers[2], "rm", poison)
    assert error["what"].startswith(f"deploy@{servers[2].address}: web")
    assert serving(fleet, 1, 2, 3) == {(200, first)}
    assert all(len(containers(servers[number], "name=web")) == 1 for number in (1, 2, 3))

    # A client that is killed between two switches: all go back by themselves, the next command goes on.
    ended = sabotage(fleet, "switch", "die")
    assert ended.returncode == -signal.SIGKILL, ended
    wait_until_settled(fleet, first)
    # Between two commits: what one host has written down counts for all.
    ended = sabotage(fleet, "commit", "die")
    assert ended.returncode == -signal.SIGKILL, ended
    wait_until_served(servers[2], first)
    assert visit(servers[1]) == (200, second)
    fleet.ok("status")
    assert serving(fleet, 1, 2, 3) == {(200, second)}

    # All go back together.
    rolled = fleet.ok("--json", "rollback").document
    assert by_host(rolled, "serving") == ["000001"] * 3
    assert serving(fleet, 1, 2, 3) == {(200, first)}

    # A server loses power between two switches.
    third = release(fleet, "third")
    ended = sabotage(fleet, "switch", servers[2].name)
    assert ended.returncode == 7, ended
    assert serving(fleet, 1, 3) == {(200, first)}
    subprocess.run(["docker", "start", servers[2].name], check=True, capture_output=True)
    wait_until_served(servers[2], first, third)
    fleet.ok("status")
    assert serving(fleet, 1, 2, 3) == {(200, first)}
    fleet.ok("deploy")
    assert serving(fleet, 1, 2, 3) == {(200, third)}


def wait_until_served(server: Server, *revisions: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if visit(server) in {(200, revision) for revision in revisions}:
                return
        except OSError:
            pass
        assert time.monotonic() < deadline, f"{server.name} does not serve {revisions}"
        time.sleep(0.1)


def wait_until_settled(bench: Workbench, revision: str) -> None:
    deadline = time.monotonic() + 30
    while any(len(containers(bench.lab.servers[number], "name=web")) > 1 for number in (1, 2, 3)):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert serving(bench, 1, 2, 3) == {(200, revision)}
