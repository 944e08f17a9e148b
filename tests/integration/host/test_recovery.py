"""The agent may die at any moment: the next command heals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from fairlead.host.journal import read_journal
from fairlead.host.ledger import fold_records
from fairlead.host.routes import read_live
from tests.integration.host.stage import Sheet, Stage

SOURCE = Path(__file__).parents[3] / "ci"
_RUN_TASK = """
import pathlib, sys
from fairlead.host.perform import run_task
run_task(pathlib.Path(sys.argv[1]), sys.argv)
"""
PHASES = ("pull", "platform", "migrate", "start", "verify", "switch", "commit", "retire", "prune")


def _deploy_and_kill(stage: Stage, sheet: Sheet, phase: str) -> None:
    """Deploy in a process of its own, and kill that as soon as it says that the phase has begun."""
    raw, blobs = stage.request(sheet)
    (blobs.parent / "request.json").write_text(json.dumps(raw))
    events = blobs.parent / "events.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-c", _RUN_TASK, str(blobs.parent)],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    deadline = time.monotonic() + 30
    mark = f'"phase":"{phase}","state":"begin"'
    while not (events.exists() and mark in events.read_text()):
        assert process.poll() is None, events.read_text() if events.exists() else "no events"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.kill()
    process.wait()


def test_killed_at_each_phase(stage: Stage, fetch: Callable[[], str]) -> None:
    """Before the switch the old release serves and nothing of the new one is left; after it the new one serves."""
    stage.deploy(stage.good(1))
    serving, number = "000001", 1
    body = "web 1111"
    for phase in PHASES:
        number += 1
        _deploy_and_kill(stage, stage.good(number, job=phase == "migrate"), phase)
        # Whatever happened, somebody serves: either the old one, or the new one whole.
        assert fetch() in {body, "web " + f"{number:x}" * 4}
        result = stage.repair()
        assert result.status == "ok", result.error
        live = read_live(stage.paths)
        if PHASES.index(phase) < PHASES.index("switch"):
            assert live == serving, phase
        if live != serving:
            serving, body = str(live), "web " + f"{number:x}" * 4
        assert fetch() == body
        ledger = fold_records(read_journal(stage.paths.journal))
        assert ledger.unfinished is None
        assert ledger.serving == serving
        running = {name for name in stage.containers() if "-web-" in name}
        assert running == {f"{stage.app}-{serving}-web-{serving}-1"}, phase


def test_next_deploy_heals_too(stage: Stage, fetch: Callable[[], str]) -> None:
    """Nobody has to call for a repair: a deploy does it first, and says so."""
    stage.deploy(stage.good(1))
    _deploy_and_kill(stage, stage.good(2), "verify")
    result = stage.deploy(stage.good(3))
    assert (result.status, result.serving) == ("live", "000003")
    assert any("repairing" in note for note in stage.notes())
    assert fetch() == "web 3333"


def test_torn_journal_is_no_obstacle(stage: Stage) -> None:
    """A journal that lost its end by a power cut is read as far as it goes; the switch is the truth."""
    stage.deploy(stage.good(1))
    content = stage.paths.journal.read_bytes()
    stage.paths.journal.write_bytes(content[:-40])
    result = stage.deploy(stage.good(2))
    assert (result.status, result.serving) == ("live", "000002")
