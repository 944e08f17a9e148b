"""Three servers, one release: together or not at all, whoever dies in between."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaos.arena import idle_argv
from lab.state import Lab, Server
from lab.wipe import wipe_server
from tests.e2e.conftest import copy_of
from tests.e2e.survival.conftest import SERVERS
from tests.e2e.workbench import Workbench, containers, on_server
from tests.patience import PATIENCE

NAME = "tiny.example.com"
JOURNAL = "/srv/fairlead/tiny/journal.jsonl"
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


@pytest.fixture
def fleet(published: Workbench, servers: Lab, tmp_path: Path) -> Iterator[Workbench]:
    """The tiny app, its environment two of three servers."""
    bench = replace(copy_of(published, tmp_path), lab=servers)
    address = bench.server.address
    bench.edit("compose.yaml", "  store:\n    <<", ANNOUNCE + "    <<")
    # Three servers on one machine: slow is not sick.
    bench.edit("compose.yaml", "timeout: 4s\n      retries: 2", "timeout: 9s\n      retries: 5")
    bench.edit(
        "fairlead.yaml", "deploy: {start_timeout: 20s", "deploy: {hold_timeout: 8s, start_timeout: 90s"
    )
    bench.edit("fairlead.yaml", f"url: http://{address}", f"url: http://{NAME}")
    bench.edit("fairlead.yaml", f"deploy@{address}", hosts(bench.lab, 3, 4))
    for number in SERVERS:
        wipe_server(bench.lab.servers[number])
    yield bench
    for number in SERVERS:
        wipe_server(bench.lab.servers[number])


def hosts(lab: Lab, *numbers: int) -> str:
    return ", ".join(f"deploy@{lab.servers[number].address}" for number in numbers)


def visit(server: Server, path: str = "/") -> tuple[int, str]:
    """What a user of this server gets: status, and the colour of the release."""
    connection = http.client.HTTPConnection(server.address, 80, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={"Host": NAME})
        answer = connection.getresponse()
        return answer.status, " ".join(answer.read().decode().split()[1:2])
    finally:
        connection.close()


def serving(bench: Workbench, *numbers: int) -> set[tuple[int, str]]:
    return {visit(bench.lab.servers[number]) for number in numbers}


def sabotage(bench: Workbench, word: str, act: str) -> subprocess.CompletedProcess[str]:
    given = {f"FAIRLEAD_SECRET_{name.upper()}": value for name, value in bench.secrets.items()}
    return subprocess.run(
        [sys.executable, "-c", SABOTAGED, word, act, "deploy"],
        cwd=bench.root,
        env={**os.environ, **bench.lab.environ, **given, **bench.environ},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def by_host(document: dict[str, Any], key: str) -> list[Any]:
    return [host[key] for host in document["hosts"]]


def test_a_fleet_through_its_life(fleet: Workbench) -> None:
    """Killed in between, added to, gone back, failing on one, without power, drained and left."""
    lab, servers = fleet.lab, fleet.lab.servers
    fleet.vary(COLOUR="green")
    deployed = fleet.ok("--json", "deploy").document
    assert by_host(deployed, "status") == ["live", "live"]
    assert by_host(deployed, "serving") == ["000001", "000001"]
    assert serving(fleet, 3, 4) == {(200, "green")}
    logs = [on_server(servers[n], "find", "/srv/fairlead/tiny/tasks", "-name", "job-*.log") for n in (3, 4)]
    assert [("announce" in found, "migrate" in found) for found in logs] == [(True, True), (False, True)]

    _survives_its_client(fleet)

    # A host is added: it gets the release, the others are not touched.
    fleet.vary(COLOUR="green")
    before = containers(servers[3]), containers(servers[4])
    fleet.edit("fairlead.yaml", hosts(lab, 3, 4), hosts(lab, *SERVERS))
    added = fleet.ok("--json", "deploy").document
    assert by_host(added, "status") == ["unchanged", "unchanged", "live"]
    assert len(set(by_host(added, "serving"))) == 1
    assert (containers(servers[3]), containers(servers[4])) == before
    assert serving(fleet, *SERVERS) == {(200, "green")}

    # One host fails its verification: all stay where they are.
    seen = "/var/lib/docker/volumes/tiny_state/_data/migrations"
    fleet.vary(COLOUR="red")
    on_server(servers[4], "sh", "-c", f"mv {seen} {seen}.away && mkdir {seen}")
    fleet.edit("fairlead.yaml", "start_timeout: 90s", "start_timeout: 15s")
    error = fleet.refused(6, "deploy")
    fleet.edit("fairlead.yaml", "start_timeout: 15s", "start_timeout: 90s")
    on_server(servers[4], "sh", "-c", f"rmdir {seen} && mv {seen}.away {seen}")
    assert error["what"].startswith(f"deploy@{servers[4].address}: web"), error
    assert serving(fleet, *SERVERS) == {(200, "green")}
    assert all(len(containers(servers[number], "name=web")) == 1 for number in SERVERS)

    # A server loses power between two switches.
    ended = sabotage(fleet, "switch", servers[4].name)
    assert ended.returncode == 7, ended
    assert serving(fleet, 3, 5) == {(200, "green")}
    subprocess.run(["docker", "start", servers[4].name], check=True, capture_output=True)
    wait_until_served(servers[4], "green", "red")
    fleet.ok("status")
    assert serving(fleet, *SERVERS) == {(200, "green")}

    _loses_a_host(fleet)


def _survives_its_client(fleet: Workbench) -> None:
    """A client that is killed between two words leaves hosts that agree."""
    servers = fleet.lab.servers
    fleet.vary(COLOUR="blue")
    # Between two switches: all go back by themselves, and the next command tidies up.
    ended = sabotage(fleet, "switch", "die")
    assert ended.returncode == -signal.SIGKILL, ended
    wait_until_served(servers[3], "blue")
    for number in (3, 4):
        wait_until_served(servers[number], "green")
    wait_until_idle(fleet)
    fleet.ok("status")
    assert all(len(containers(servers[number], "name=web")) == 1 for number in (3, 4))
    # Between two commits: what one host has written down counts for all.
    ended = sabotage(fleet, "commit", "die")
    assert ended.returncode == -signal.SIGKILL, ended
    wait_until_served(servers[4], "green")
    wait_until_served(servers[3], "blue")
    wait_until_idle(fleet)
    fleet.ok("status")
    assert serving(fleet, 3, 4) == {(200, "blue")}
    # All go back together.
    rolled = fleet.ok("--json", "rollback").document
    assert by_host(rolled, "serving") == ["000001"] * 2
    assert serving(fleet, 3, 4) == {(200, "green")}
    wait_until_idle(fleet)


def _loses_a_host(fleet: Workbench) -> None:
    """The load balancer hears of it, and nothing but its data stays."""
    lab, servers = fleet.lab, fleet.lab.servers
    leaving = str(servers[5].address)
    drained = fleet.ok("--json", "host", "drain", leaving).document
    assert (drained["paths"], drained["quiet"]) == (["/health"], True)
    assert [visit(servers[5], path)[0] for path in ("/health", "/")] == [503, 200]
    fleet.ok("host", "undrain", leaving)
    assert visit(servers[5], "/health")[0] == 200
    fleet.ok("host", "remove", leaving, "--volumes", "--yes")
    wait_until_empty(servers[5])
    fleet.edit("fairlead.yaml", hosts(lab, *SERVERS), hosts(lab, 3, 4))
    assert by_host(fleet.ok("--json", "deploy").document, "status") == ["live", "live"]
    assert serving(fleet, 3, 4) == {(200, "red")}


def wait_until_served(server: Server, *colours: str) -> None:
    deadline = time.monotonic() + PATIENCE
    seen: object = None
    while seen not in {(200, colour) for colour in colours}:
        if time.monotonic() > deadline:
            told = on_server(server, "tail", "--lines", "5", JOURNAL, check=False)
            pytest.fail(f"{server.name} does not serve {colours} but {seen}:\n{told}")
        try:
            seen = visit(server)
        except OSError as error:
            seen = error
        time.sleep(0.1)


def wait_until_empty(server: Server) -> None:
    """Nothing of the app is there; its folder goes just after the end was told."""
    look = "docker ps -aq; docker volume ls -q; ls -d /srv/fairlead/tiny || true"
    deadline = time.monotonic() + PATIENCE
    while (left := on_server(server, "sh", "-c", look)) != "":
        assert time.monotonic() < deadline, left
        time.sleep(0.5)


def wait_until_idle(bench: Workbench) -> None:
    """No agent is at work any more: each has given up waiting."""
    for number in (3, 4):
        on_server(bench.lab.servers[number], *idle_argv("/srv/fairlead/tiny", PATIENCE))
