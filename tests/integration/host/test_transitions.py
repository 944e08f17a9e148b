"""Services, networks and volumes that come, change, are renamed, move between roles or go: all rows of docs/changes.md."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Callable

import pytest

from fairlead.host.engine.containers import read_app_containers
from fairlead.host.engine.engine import Engine
from fairlead.host.watch.probe import Target, listens
from lab.invariants import find_disorder
from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage
from tests.integration.host.transitions import Row, rows
from tests.patience import PATIENCE

pytestmark = pytest.mark.timeout(600)
ACCEPTED = {"accept_recreate": ["moved"]}


class Board:
    """An app that has these rows of the table in it."""

    def __init__(self, stage: Stage, rows: tuple[Row, ...]) -> None:
        self.stage = stage
        self.rows = rows

    def sheet(self, number: int, *, after: bool) -> Sheet:
        """A release that is before or after all transitions."""
        sheet = self.stage.good(number)
        for row in self.rows:
            (row.after if after else row.before)(sheet)
        return sheet

    def runs(self) -> set[str]:
        """The services that run, with ``@`` those that the releases have of their own."""
        found = Engine.connect().containers(f"dev.fairlead.app={self.stage.app}")
        marks = [one["Labels"] for one in found if one["State"] == "running"]
        return {
            one["dev.fairlead.service"] + ("@" if one.get("dev.fairlead.release") else "") for one in marks
        }

    def check(self, *, after: bool) -> None:
        """What should run does, and nothing else; no volume is another one than it was."""
        running = self.runs()
        for row in self.rows:
            gone, there = (row.goes, row.comes) if after else (row.comes, row.goes)
            assert set(there) <= running, (row.what, running)
            assert not (set(gone) - set(there)) & running, (row.what, running)
        assert find_disorder(self.stage.paths, Engine.connect()) == []

    def volumes(self) -> dict[str, str]:
        """The app's volumes, and when each was made."""
        own = json.dumps({"label": [f"com.docker.compose.project={self.stage.app}"]})
        found = Engine.connect().get("/volumes", filters=own)["Volumes"]
        return {one["Name"].removeprefix(f"{self.stage.app}_"): one["CreatedAt"] for one in found}


class Happened:
    """What the engine does to an app's containers: ``(die | start, service)``, in its order.

    Followed while it happens: the engine keeps no more than its last 256 events for who asks afterwards,
    of all that runs on it.
    """

    def __init__(self, app: str) -> None:
        self._app = app
        self._done: list[tuple[str, str]] = []

    def __enter__(self) -> list[tuple[str, str]]:
        filters = [
            f"label=dev.fairlead.app={self._app}",
            *(f"event={name}" for name in ("die", "start", "kill")),
        ]
        argv = ["docker", "events", "--since", f"{time.time():.3f}", "--format", "{{json .}}"]
        argv += [word for one in filters for word in ("--filter", one)]
        self._process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        return self._done

    def __exit__(self, *_: object) -> None:
        with self._process as process:
            assert process.stdout is not None
            # A signal that does nothing is an event too: whatever came before it has been read then.
            last = Engine.connect().containers(f"dev.fairlead.app={self._app}")[0]["Id"]
            subprocess.run(["docker", "kill", "--signal", "CONT", last], check=True, capture_output=True)
            for line in process.stdout:
                one = json.loads(line)
                marks = one["Actor"]["Attributes"]
                if one["status"] == "kill" and marks["signal"] == "18":
                    break
                if one["status"] != "kill":
                    own = "@" if marks.get("dev.fairlead.release") else ""
                    self._done.append((str(one["status"]), marks["dev.fairlead.service"] + own))
            process.terminate()


def _check_order(row: Row, happened: list[tuple[str, str]]) -> None:
    if row.first:
        ends = happened.index(("die", row.goes[0]))
        assert ends < happened.index(("start", row.comes[0])), (row.what, happened)


def test_everything_that_can_come_change_or_go(stage: Stage, fetch: Callable[[], str]) -> None:
    """Each row: what goes is stopped after the commit and its volume kept; a rollback brings it back with it."""
    board = Board(stage, rows(stage.port + 1, f"{stage.app}-fixed"))
    assert stage.deploy(board.sheet(1, after=False)).status == "live", stage.events[-1]
    board.check(after=False)
    volumes = board.volumes()
    with Happened(stage.app) as happened:
        assert stage.deploy(board.sheet(2, after=True), **ACCEPTED).status == "live", stage.events[-1]
    board.check(after=True)
    for row in board.rows:
        _check_order(row, happened)
        for volume in row.kept:
            assert any(f"{stage.app}_{volume} stays" in note for note in stage.notes()), (
                row.what,
                stage.notes(),
            )
    assert volumes.items() <= board.volumes().items()
    assert stage.rollback().status == "live", stage.events[-1]
    board.check(after=False)
    assert volumes.items() <= board.volumes().items()
    assert fetch() == "web 1111"


@pytest.mark.long
def test_killed_in_the_middle(stage: Stage) -> None:
    """Whatever of it was done: the next command has all rows before, or all rows after."""
    every = rows(stage.port + 1, f"{stage.app}-fixed")
    board = Board(stage, tuple(row for row in every if row.first or row.kept or row.goes == ("r2a",)))
    assert stage.deploy(board.sheet(1, after=False)).status == "live", stage.events[-1]
    volumes = board.volumes()
    for number, phase in enumerate(("platform", "start", "retire"), 2):
        request, _ = stage.request(board.sheet(number, after=True), **ACCEPTED)
        stage.kill_in(request, phase)
        if phase == "start":
            # It is carried by routes already, and of the release that serves still.
            assert _ask_carrier(stage, 9004) == "r2a"
        assert stage.repair().status == "ok", stage.events[-1]
        board.check(after=phase == "retire")
        assert volumes.items() <= board.volumes().items()


def _ask_carrier(stage: Stage, port: int) -> str:
    """What a service is answered that calls another one at this port."""
    for one in read_app_containers(Engine.connect(), stage.paths):
        if one.role == "inside" and one.running and listens(Target("http", one.addresses[0], port, "", "/")):
            with urllib.request.urlopen(f"http://{one.addresses[0]}:{port}/", timeout=PATIENCE) as answer:
                return str(answer.read().decode())
    raise AssertionError(f"nobody carries calls to port {port}")
