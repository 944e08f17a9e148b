"""The release before runs on after a deploy: a rollback to it starts nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from threading import current_thread
from typing import Any

import pytest

from fairlead.host.disk.routes import read_live
from fairlead.host.engine.containers import read_app_containers
from fairlead.host.engine.engine import Engine
from fairlead.host.state.shown import show_state
from fairlead.host.state.state import read_state
from fairlead.host.watch.patience import wait_until
from fairlead.host.watch.probe import Answer
from fairlead.host.watch.questions import Question
from fairlead.host.wire.text import status_remarks
from lab.invariants import find_disorder
from tests.integration.host.sheet import HEALTHY, Sheet
from tests.integration.host.stage import SOURCE, Stage
from tests.patience import PATIENCE

_RUN_TASK = """
import pathlib, sys
from fairlead.host.door.task_process import run_task
agent = (sys.executable, "-c", "import sys; sys.path.insert(0, %r); from fairlead.host.__main__ import main; sys.exit(main())")
run_task(pathlib.Path(sys.argv[1]), agent)
"""


def _sheet(stage: Stage, number: int, seconds: float = 60.0) -> Sheet:
    """A web service and a worker."""
    sheet = stage.good(number)
    command = ["/caddy", "run", "--config", "/etc/Caddyfile", "--adapter", "caddyfile"]
    mounts = [{"file": sheet.file("{\n\tadmin off\n}\n"), "target": "/etc/Caddyfile", "read_only": True}]
    definition = {"command": command, "labels": {"for": sheet.revision}, "healthcheck": HEALTHY}
    sheet.service("worker", "worker", definition=definition, mounts=mounts)
    sheet.standby = seconds
    return sheet


def _running(stage: Stage) -> set[str]:
    """``000001-web``: what runs of releases."""
    own = (name.removeprefix(f"{stage.app}-") for name in stage.containers() if "caddy" not in name)
    return {"-".join(name.split("-")[:2]) for name in own}


def _started(stage: Stage, name: str) -> str:
    found = Engine.connect().inspect(f"{stage.app}-{name}-1")
    assert found is not None
    return str(found["State"]["StartedAt"])


@pytest.fixture
def asked(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str | None, str]]:
    """Which release served when who answered what; a container whose health check was run by its name."""
    told: list[tuple[str | None, str]] = []
    execute, ask = Engine.execute, Question.ask

    def executed(engine: Engine, container: str, argv: Sequence[str], **how: Any) -> int | None:
        found = engine.inspect(container) or {"Name": ""}
        told.append((read_live(stage.paths), found["Name"]))
        return execute(engine, container, argv, **how)

    def answered(question: Question, *words: Any, **how: Any) -> Answer:
        answer = ask(question, *words, **how)
        # Of what serves until the switch nobody waits for an answer.
        if answer.status == 200 and current_thread().name != "beforehand":
            # A busy machine may leave it without an answer at first: then it is asked again.
            told.append((read_live(stage.paths), question.about))
        return answer

    monkeypatch.setattr(Engine, "execute", executed)
    monkeypatch.setattr(Question, "ask", answered)
    return told


@pytest.mark.serving
def test_a_rollback_finds_it_running(
    stage: Stage, fetch: Callable[[], str], asked: list[tuple[str | None, str]]
) -> None:
    """Its users wait for one answer of each, and for no worker; what the rollback leaves behind is stopped whole."""
    assert [stage.deploy(_sheet(stage, number)).status for number in (2, 3)] == ["live", "live"]
    assert fetch() == "web 3333"
    assert _running(stage) == {"000003-web", "000003-worker", "000002-web"}
    state = read_state(stage.paths, Engine.connect())
    assert state.standby is not None
    assert state.standby.shown.services == ("web",)
    assert any("goes back to 000002, which runs on until" in one for one in status_remarks(show_state(state)))
    assert find_disorder(stage.paths, Engine.connect()) == []
    assert stage.repair().data["repaired"] == ["everything is in order"]
    since = _started(stage, "000002-web-000002")
    asked.clear()
    assert (stage.rollback().serving, fetch()) == ("000002", "web 2222")
    assert _started(stage, "000002-web-000002") == since
    before = Counter(what for live, what in asked if live == "000003")
    assert set(before.values()) == {1}
    # Who proves it afterwards, Fairlead or the engine's own check, is a matter of which of them comes first.
    assert f"/{stage.app}-000002-worker-000002-1" not in before
    containers = read_app_containers(Engine.connect(), stage.paths)
    assert [one.health for one in containers if one.service == "worker" and one.running] == ["healthy"]
    assert _running(stage) == {"000002-web", "000002-worker"}
    assert find_disorder(stage.paths, Engine.connect()) == []


@pytest.mark.serving
@pytest.mark.long
def test_no_more_than_two_releases_run_at_once(stage: Stage) -> None:
    """What stands by makes room before the next release is started, whatever becomes of that."""
    stage.deploy(_sheet(stage, 2))
    assert "000001-web" in _running(stage)
    assert stage.deploy(stage.sick(3)).status == "refused"
    assert _running(stage) == {"000002-web", "000002-worker"}


@pytest.mark.serving
@pytest.mark.long
def test_what_takes_too_much_memory_does_not_stand_by(stage: Stage, fetch: Callable[[], str]) -> None:
    """It is stopped as without a standby, the deploy says why, and a rollback starts it again."""
    sheet = _sheet(stage, 2)
    sheet.standby_memory = 0.0
    assert stage.deploy(sheet).status == "live"
    assert _running(stage) == {"000002-web", "000002-worker"}
    assert any("does not stand by: it takes" in str(one.get("detail")) for one in stage.events)
    assert read_state(stage.paths, Engine.connect()).standby is None
    assert (stage.rollback().serving, fetch()) == ("000001", "web 1111")


@pytest.mark.serving
def test_it_is_relieved_in_time(stage: Stage) -> None:
    """By a process that sleeps until then; nobody has to come."""
    request, _ = stage.request(_sheet(stage, 2, 2.0))
    folder = stage.paths.task(request["task"])
    (folder / "request.json").write_text(json.dumps(request))
    argv = [sys.executable, "-c", _RUN_TASK % str(SOURCE), str(folder)]
    subprocess.run(argv, check=True, env={**os.environ, "PYTHONPATH": str(SOURCE)})
    assert "000001-web" in _running(stage), (folder / "events.jsonl").read_text()
    assert wait_until(lambda: "000001-web" not in _running(stage), timeout=PATIENCE, poll=0.1)
    assert wait_until(lambda: find_disorder(stage.paths, Engine.connect()) == [], timeout=PATIENCE)


@pytest.mark.serving
@pytest.mark.long
def test_whoever_comes_next_relieves_what_nobody_did(stage: Stage) -> None:
    """The process that should have done it went with the host."""
    stage.deploy(_sheet(stage, 2, 1.0))
    time.sleep(1.0)
    assert "000001-web" in _running(stage)
    assert stage.repair().data["repaired"] == ["stopped what serves no more: web-000001"]
    assert "000001-web" not in _running(stage)
