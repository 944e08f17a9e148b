"""The agent is killed right before any one of its effects: the next command heals, and nothing is left behind.

By default each phase of a deploy is hit once that changes more than the journal, and the watch by a refusal and a
repair: that any phase may be the last is held by ``tests/unit/host/run/test_transaction.py``. With
``FAIRLEAD_CRASH_POINTS=all`` every single effect of every scenario is one at which the agent dies.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.disk.routes import read_live
from fairlead.host.engine.engine import Engine
from lab.invariants import find_disorder
from tests.integration.host.sheet import CADDYFILE, TWO_FACED, Sheet
from tests.integration.host.stage import Stage

ROOT = Path(__file__).parents[3]
PROGRAM = Path(__file__).with_name("crash.py")
EVERY = os.environ.get("FAIRLEAD_CRASH_POINTS") == "all"
pytestmark = [pytest.mark.timeout(7200 if EVERY else 600), pytest.mark.serving]
# One effect of each of these phases, in its midst where it has a midst: the file that is half there, the migration
# whose end nobody has written down, the link that is made and not yet in place.
DEPLOY = (
    "prepare:17", "platform:4", "migrate:3", "start:5", "switch:2", "commit:2", "retire:1", "prune:4",
)  # fmt: skip


@dataclass
class Agent:
    """Runs requests in a process of its own, which may be told to die before one of its effects."""

    stage: Stage
    number: int

    def run(self, request: dict[str, Any], at: str = "") -> list[str]:
        """Carry the request out; the effects that were begun, as ``phase effect``."""
        folder = self.stage.paths.task(request["task"])
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "request.json").write_text(json.dumps(request))
        done = _start(folder, *([at] if at else []))
        assert done.returncode in ({-9} if ":" in at else {0, 6, -9}), (at, done)
        return (folder / "trace").read_text().splitlines()

    def fill(self, make: Callable[[int], Sheet], at: str) -> subprocess.CompletedProcess[str]:
        """A deploy of the next release, whose disk is full from that effect on."""
        request = self.stage.request(make(self.next()))[0]
        folder = self.stage.paths.task(request["task"])
        (folder / "request.json").write_text(json.dumps(request))
        return _start(folder, at, "full")

    def next(self) -> int:
        """The number of the next release: each is a new commit."""
        self.number += 1
        return self.number

    def deploy(self, make: Callable[[int], Sheet], at: str = "") -> list[str]:
        """A deploy of the next release."""
        return self.run(self.stage.request(make(self.next()))[0], at)

    def other(self, kind: str, at: str = "") -> list[str]:
        """A rollback or a repair."""
        return self.run({"kind": kind, "task": uuid.uuid4().hex[:12], "to": None, "options": {}}, at)

    def settle(self, fetch: Callable[[], str], where: str, *, good: bool = True) -> None:
        """Somebody serves; the next command puts everything in order, and he serves on who was verified."""
        assert not good or fetch().startswith("web "), where
        result = self.stage.repair()
        assert result.status == "ok", (where, result.error)
        assert find_disorder(self.stage.paths, Engine.connect()) == [], where
        document = json.loads(
            (self.stage.paths.release(str(read_live(self.stage.paths))) / "release.json").read_bytes()
        )
        assert fetch() == f"web {document['revision'][:4]}", where


@pytest.fixture
def agent(stage: Stage) -> Agent:
    """An app that serves, and what comes after its first commit."""
    return Agent(stage, 1)


def _start(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PROGRAM), str(folder), str(folder / "trace"), *words],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'ci'}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def every(trace: list[str], chosen: tuple[str, ...]) -> list[str]:
    """The effects to die before: all that a run had, where that is asked for."""
    return [str(number) for number in range(1, len(trace) + 1)] if EVERY else list(chosen)


def test_a_deploy_may_die_anywhere(agent: Agent, fetch: Callable[[], str]) -> None:
    """Every phase of a deploy with a migration and a changed proxy, of a service that is called at another port each time."""
    stage = agent.stage

    moved = 0

    def make(number: int) -> Sheet:
        sheet = stage.sheet(number)
        sheet.web()
        sheet.services["web"]["further"] = [9000 + number]
        # To replace the proxy takes long: where it matters, and where everything is tried.
        sheet.proxy(f"# {number}\n{CADDYFILE}" if EVERY or agent.number == moved else CADDYFILE)
        sheet.job()
        return sheet

    trace = agent.deploy(make) if EVERY else []
    for at in every(trace, DEPLOY):
        moved = agent.number + 1 if at.startswith("platform") else moved
        done = agent.deploy(make, at)
        agent.settle(fetch, f"died before effect {at}, {done[-1]}")


@pytest.mark.long
def test_a_refusal_may_die_anywhere(agent: Agent, fetch: Callable[[], str]) -> None:
    """A release that fails its watch, and an agent that dies while it goes back."""
    stage = agent.stage

    def make(number: int) -> Sheet:
        sheet = stage.sheet(number)
        sheet.web(text=TWO_FACED.replace("RELEASE", sheet.revision))
        sheet.proxy()
        return sheet

    trace = agent.deploy(make) if EVERY else []
    for at in every(trace, ("watch:9",)):
        done = agent.deploy(make, at)
        agent.settle(fetch, f"died before effect {at}, {done[-1]}", good=False)


def test_a_rollback_may_die_anywhere(agent: Agent, fetch: Callable[[], str]) -> None:
    """It goes on, or is taken back; the one or the other release serves, whole."""
    trace = []
    if EVERY:
        agent.stage.deploy(agent.stage.good(agent.next()))
        trace = agent.other("rollback")
    for at in every(trace, ("switch:2",)):
        agent.stage.deploy(agent.stage.good(agent.next()))
        done = agent.other("rollback", at)
        agent.settle(fetch, f"died before effect {at}, {done[-1]}")


@pytest.mark.long
def test_a_repair_may_die_anywhere(agent: Agent, fetch: Callable[[], str]) -> None:
    """What repairs is as mortal as what it repairs."""
    make = agent.stage.good
    agent.deploy(make, "watch:1")
    trace = agent.other("repair") if EVERY else []
    for at in every(trace, ("12",)):
        agent.deploy(make, "watch:1")
        done = agent.other("repair", at)
        agent.settle(fetch, f"died before effect {at}, {done[-1]}")


def test_a_disk_may_be_full_anywhere(agent: Agent, fetch: Callable[[], str]) -> None:
    """It ends in words, nobody has to be woken, and with room again the next command puts everything in order."""
    make = agent.stage.good
    trace = agent.deploy(make) if EVERY else []
    for at in every(trace, ("start:3", "switch:3", "commit:1")):
        done = agent.fill(make, at)
        assert done.returncode in {0, 4, 6}, (at, done)
        assert "Traceback" not in done.stderr, at
        agent.settle(fetch, f"the disk was full from effect {at} on")
