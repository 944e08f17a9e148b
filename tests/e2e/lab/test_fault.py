"""Every fault does what it says, and is over when it says so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab.fault.inflict import inflicted
from lab.fault.plan import Fault, Options
from lab.fault.record import faults_folder, list_records
from lab.state import Lab
from lab.wipe import wipe_server
from tests.e2e.lab.second import ENVIRON, URL, fairlead_lab, lets_in, load, wait_until_it_serves
from tests.e2e.workbench import on_server
from tests.patience import PATIENCE


def reaches_registry(lab: Lab) -> bool:
    argv = ("curl", "-s", "-o", "/dev/null", "--max-time", "3", f"http://{lab.registry}/v2/")
    return on_server(lab.servers[1], *argv, "-w", "%{http_code}", check=False) != "000"


def test_a_partition_lets_no_packet_pass_but_those_to_the_registry(lab: Lab) -> None:
    with inflicted(lab, 1, Fault.PARTITION):
        assert not lets_in(lab, within=3.0)
        assert load("--clients", "1")["parts"][0]["lost_by"] == {"timeout": 1}
        assert reaches_registry(lab)
    assert lets_in(lab)
    assert load()["failed"] == 0


@pytest.mark.long
def test_a_paused_server_answers_when_it_goes_on(lab: Lab) -> None:
    """A request that waits longer than the fault lasts is answered: the connection is kept."""
    argv = [sys.executable, "-m", "fairlead", "--json", "lab", "load", URL, "--clients", "2", "--for", "4s"]
    with subprocess.Popen(argv, env=ENVIRON, stdout=subprocess.PIPE, text=True) as client:
        time.sleep(1.5)
        with inflicted(lab, 1, Fault.PAUSE):
            time.sleep(2)
        found = json.loads(client.communicate(timeout=PATIENCE)[0])
    assert found["failed"] == 0
    assert found["requests"]["late"] >= 1
    assert found["latency_ms"]["max"] > 1500


@pytest.mark.long
def test_a_slow_link_adds_its_delay_both_ways(lab: Lab) -> None:
    quick = load()["latency_ms"]["p50"]
    with inflicted(lab, 1, Fault.SLOW, Options(delay_ms=150)):
        slow = load()["latency_ms"]
        assert lets_in(lab)
    assert slow["p50"] >= quick + 140
    assert load()["latency_ms"]["p50"] < slow["p50"]


@pytest.mark.long
def test_a_narrow_link_takes_its_time(lab: Lab) -> None:
    on_server(lab.servers[1], "docker", "exec", "web", "sh", "-c", "head -c 200000 /dev/zero > /tmp/page")
    on_server(lab.servers[1], "docker", "exec", "web", "sh", "-c", "ln -sf /tmp/page /page")
    page = (f"{URL}/page", "--clients", "1", "--for", "1s")
    wide = fairlead_lab("load", *page).document["latency_ms"]
    with inflicted(lab, 1, Fault.SLOW, Options(rate="1mbit")):
        narrow = fairlead_lab("load", *page).document["latency_ms"]
    assert narrow["max"] > wide["p50"] + 1000, "200 kB at 1 Mbit/s"


@pytest.mark.long
def test_the_registry_is_refused_to_one_server(lab: Lab) -> None:
    with inflicted(lab, 1, Fault.REGISTRY):
        assert not reaches_registry(lab)
        assert load()["failed"] == 0
        assert fairlead_lab("status").document["health"]["fairlead-lab-test-registry"] == "ok"
    assert reaches_registry(lab)


@pytest.mark.long
def test_the_registry_is_down_for_all(lab: Lab) -> None:
    with inflicted(lab, 1, Fault.REGISTRY, Options(everywhere=True)):
        assert fairlead_lab("status").code == 4
        assert not reaches_registry(lab)
    assert fairlead_lab("status").code == 0


def test_a_full_disk_is_full_and_then_is_not(lab: Lab) -> None:
    """Never the disk of this machine: a small one is put in place first, while no app is there."""
    server = lab.servers[1]
    refused = fairlead_lab("fault", "disk", "--for", "1s")
    assert refused.code == 4
    assert "wipe" in refused.document["why"]
    wipe_server(server)
    write = "head -c 300000 /dev/zero > /srv/fairlead/test; wc -c < /srv/fairlead/test; rm /srv/fairlead/test"
    write = f"{{ {write}; }} 2>&1"
    with inflicted(lab, 1, Fault.DISK, Options(left=100_000)):
        told = on_server(server, "sh", "-c", write, user="deploy")
        assert "No space left on device" in told
        assert 0 < int(told.split()[-1]) < 110_000
    assert on_server(server, "sh", "-c", write, user="deploy").split() == ["300000"]
    assert "tmpfs" not in on_server(server, "df", "-T", "/srv/fairlead")


@pytest.mark.long
def test_a_small_disk_stays_for_the_app_that_comes(lab: Lab) -> None:
    server = lab.servers[1]
    wipe_server(server)
    assert fairlead_lab("fault", "disk", "--small", "--size", "2000000").code == 0
    try:
        on_server(server, "docker", "run", "--detach", "--name", "app", "python:3.13-slim", "sleep", "60")
        with inflicted(lab, 1, Fault.DISK):
            told = on_server(server, "sh", "-c", "echo more > /srv/fairlead/test 2>&1", check=False)
            assert "No space" in told or on_server(server, "cat", "/srv/fairlead/test") == ""
        assert "tmpfs" in on_server(server, "df", "-T", "/srv/fairlead"), "an app is there: its disk stays"
    finally:
        wipe_server(server)
        assert fairlead_lab("fault", "--clear").code == 0
    assert "tmpfs" not in on_server(server, "df", "-T", "/srv/fairlead")


@pytest.mark.parametrize("how", [(), ("--hard",)])
@pytest.mark.long
def test_the_engine_comes_back_and_its_containers_never_left(lab: Lab, how: tuple[str, ...]) -> None:
    before = on_server(lab.servers[1], "cat", "/run/docker.pid")
    started = on_server(lab.servers[1], "docker", "inspect", "--format", "{{.State.StartedAt}}", "web")
    assert fairlead_lab("fault", "engine", *how).code == 0
    assert on_server(lab.servers[1], "cat", "/run/docker.pid") != before
    assert (
        on_server(lab.servers[1], "docker", "inspect", "--format", "{{.State.StartedAt}}", "web") == started
    )
    assert load()["failed"] == 0


@pytest.mark.long
def test_a_power_cut_keeps_what_was_written(lab: Lab) -> None:
    server = lab.servers[1]
    on_server(server, "sh", "-c", "echo kept > /srv/fairlead/test")
    with inflicted(lab, 1, Fault.HOST):
        assert load()["parts"][0]["lost_by"].keys() <= {"refused", "reset", "eof"}
    assert on_server(server, "cat", "/srv/fairlead/test") == "kept\n"
    wait_until_it_serves()
    on_server(server, "rm", "/srv/fairlead/test")


@pytest.mark.long
def test_a_container_is_killed(lab: Lab) -> None:
    before = on_server(lab.servers[1], "docker", "inspect", "--format", "{{.State.Pid}}", "web")
    assert fairlead_lab("fault", "kill", "--container", "web").code == 0
    assert before != on_server(lab.servers[1], "docker", "inspect", "--format", "{{.State.Pid}}", "web")
    assert fairlead_lab("fault", "kill", "--container", "nobody").code == 4


def test_the_agent_is_killed_and_nothing_else(lab: Lab) -> None:
    server = lab.servers[1]
    program = "import time; open('/tmp/agent-runs', 'w').close(); time.sleep(60)"
    write = f'mkdir -p /srv/fairlead/agents && echo "{program}" > /srv/fairlead/agents/test.pyz'
    on_server(server, "sh", "-c", write)
    argv = ["docker", "exec", server.name, "python3", "/srv/fairlead/agents/test.pyz"]
    with subprocess.Popen(argv) as agent:
        while on_server(server, "ls", "/tmp/agent-runs", check=False) == "":
            time.sleep(0.1)
        assert fairlead_lab("fault", "kill", "--agent").code == 0
        assert agent.wait(timeout=PATIENCE) == 137
    on_server(server, "rm", "/srv/fairlead/agents/test.pyz", "/tmp/agent-runs")
    assert lets_in(lab)
    nobody = fairlead_lab("fault", "kill", "--agent")
    assert nobody.code == 4
    assert "no agent" in nobody.document["why"]


@pytest.mark.long
def test_a_client_is_killed() -> None:
    with subprocess.Popen(["sleep", "60"]) as client:
        assert fairlead_lab("fault", "kill", "--pid", str(client.pid)).code == 0
        assert client.wait(timeout=PATIENCE) == -signal.SIGKILL


def _start_partition(lab: Lab, seconds: int) -> tuple[subprocess.Popen[str], int]:
    """A tool in the middle of a fault, and the process id of its guard."""
    argv = [sys.executable, "-m", "fairlead", "lab", "fault", "partition", "--for", f"{seconds}s"]
    tool = subprocess.Popen(argv, env=ENVIRON, stdout=subprocess.DEVNULL, text=True)
    while "fairlead-fault" not in on_server(lab.servers[1], "iptables-save"):
        time.sleep(0.05)
    (record,) = list_records(faults_folder(lab))
    guards = [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if str(record.path).encode() in path.read_bytes()
    ]
    return tool, guards[0]


def test_a_fault_is_undone_though_the_tool_was_killed(lab: Lab) -> None:
    tool, _ = _start_partition(lab, 6)
    tool.kill()
    tool.wait()
    assert not lets_in(lab, within=3.0)
    deadline = time.monotonic() + PATIENCE
    while not lets_in(lab, within=3.0):
        assert time.monotonic() < deadline


@pytest.mark.long
def test_what_nobody_undid_is_cleared(lab: Lab) -> None:
    tool, guard = _start_partition(lab, 60)
    for process in (tool.pid, guard):
        os.kill(process, signal.SIGKILL)
    tool.wait()
    assert not lets_in(lab, within=3.0)
    ended = fairlead_lab("fault", "--clear")
    assert ended.document["cleared"] == 1
    assert lets_in(lab)


@pytest.mark.long
def test_the_clock_steps_under_who_runs_and_is_right_again(lab: Lab) -> None:
    """The program was started within the fault, and has the right time when that is over."""
    server = lab.servers[1]
    program = "import time\nfor _ in range(2): print(time.time(), time.strftime('%Y'), flush=True); input()"
    with inflicted(lab, 1, Fault.CLOCK, Options(skew=-400 * 86400)):
        argv = ["docker", "exec", "--interactive", server.name, "python3", "-I", "-c", program]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as watch:
            assert watch.stdin is not None
            assert watch.stdout is not None
            wrong, year = watch.stdout.readline().split()
            assert abs(float(wrong) - (time.time() - 400 * 86400)) < 30
            assert int(year) < time.gmtime().tm_year
            assert fairlead_lab("fault", "--clear").code == 0
            watch.stdin.write("\n\n")
            watch.stdin.flush()
            assert abs(float(watch.stdout.readline().split()[0]) - time.time()) < 30
    assert on_server(server, "ls", "/run/fairlead-clock", check=False) == ""


def test_what_cannot_be_had_is_refused_with_the_reason() -> None:
    ended = fairlead_lab("fault", "meteor")
    assert ended.code == 2
    assert "no fault `meteor`" in ended.stdout
