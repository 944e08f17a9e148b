"""Ctrl-C, and a job that is cancelled: the server stops at its next safe point, and the command says what serves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.e2e.workbench import Workbench, containers, on_server, visit
from tests.patience import PATIENCE


def _interrupted(
    bench: Workbench, phase: str, *signals: signal.Signals
) -> tuple[int, dict[str, object], float]:
    """Deploy, and send signals when a phase has begun: the exit code, the error, and the seconds it took from there."""
    given = {f"FAIRLEAD_SECRET_{name.upper()}": value for name, value in bench.secrets.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "fairlead", "--json", "deploy"],
        cwd=bench.root,
        env={**os.environ, **bench.lab.environ, **given, **bench.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    begun = f'"phase":"{phase}","state":"begin"'
    command = f"grep -ls '{begun}' /srv/fairlead/tiny/tasks/*/events.jsonl | wc -l"
    before = int(on_server(bench.server, "sh", "-c", command))
    deadline = time.monotonic() + PATIENCE
    while int(on_server(bench.server, "sh", "-c", command)) == before:
        assert time.monotonic() < deadline, f"the phase {phase} never began"
        assert process.poll() is None, process.communicate()
    began = time.monotonic()
    for one in signals:
        process.send_signal(one)
        time.sleep(0.3)
    told, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, json.loads(told), time.monotonic() - began


def _journal(bench: Workbench) -> list[dict[str, object]]:
    return [
        json.loads(line)
        for line in on_server(bench.server, "cat", "/srv/fairlead/tiny/journal.jsonl").splitlines()
    ]


@pytest.mark.long
def test_a_deploy_that_is_stopped_leaves_what_served(live: Workbench) -> None:
    """Before the switch and in the watch alike; with a second signal the command leaves, and the server does the rest."""
    before, running = visit(live.server), containers(live.server)
    serving = live.ok("--json", "status").document["state"]["serving"]
    live.edit("fairlead.yaml", "window: 1s", "window: 10m")
    live.vary(COLOUR="red")
    for phase, number in (("start", signal.SIGINT), ("watch", signal.SIGTERM)):
        code, error, took = _interrupted(live, phase, number)
        assert code == 130, error
        assert took < 300, "nobody waits for the window to end"
        assert f"release {serving} serves" in str(error["why"]), error
        assert (visit(live.server), containers(live.server)) == (before, running)
    code, error, _ = _interrupted(live, "watch", signal.SIGINT, signal.SIGINT)
    assert code == 130
    assert f"{serving} served when it began" in str(error["why"]), error
    deadline = time.monotonic() + PATIENCE
    while _journal(live)[-1]["type"] != "end":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert (visit(live.server), containers(live.server)) == (before, running)
    live.edit("fairlead.yaml", "window: 10m", "window: 1s")
    code, _, _ = _interrupted(live, "start", signal.SIGINT, signal.SIGINT)
    assert code == 130
    assert live.ok("--json", "deploy").document["serving"] != serving, "the server was at the other one yet"
