"""Services, networks and volumes that come, change, are renamed, move between roles or go: all rows of docs/changes.md."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from fairlead.host.containers import read_app_containers
from fairlead.host.engine import Engine
from fairlead.host.probe import Target, listens
from fairlead.lab.invariants import find_disorder
from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage
from tests.integration.host.transitions import Row, rows

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


def _ends_and_starts(app: str, since: float) -> list[tuple[str, str]]:
    """What the engine did to the app's containers since then, as ``(die | start, service)``, in its order."""
    argv = ["docker", "events", "--since", f"{since:.3f}", "--until", f"{time.time():.3f}", "--format", "{{json .}}",
            "--filter", f"label=dev.fairlead.app={app}", "--filter", "event=die", "--filter", "event=start"]  # fmt: skip
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    events: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    return [
        (
            str(one["status"]),
            one["Actor"]["Attributes"]["dev.fairlead.service"]
            + ("@" if one["Actor"]["Attributes"].get("dev.fairlead.release") else ""),
        )
        for one in sorted(events, key=lambda one: int(one["timeNano"]))
    ]


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
    began = time.time()
    assert stage.deploy(board.sheet(2, after=True), **ACCEPTED).status == "live", stage.events[-1]
    board.check(after=True)
    happened = _ends_and_starts(stage.app, began)
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
            with urllib.request.urlopen(f"http://{one.addresses[0]}:{port}/", timeout=20) as answer:
                return str(answer.read().decode())
    raise AssertionError(f"nobody carries calls to port {port}")
