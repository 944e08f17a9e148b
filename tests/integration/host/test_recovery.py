"""The agent may die at any moment: the next command heals."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from fairlead.host.disk.fold import fold_records
from fairlead.host.disk.journal import read_journal
from fairlead.host.engine.engine import Engine
from lab.invariants import find_disorder
from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage


def _deploy_and_kill(stage: Stage, sheet: Sheet, phase: str) -> None:
    """Deploy in a process of its own, and kill that as soon as it says that the phase has begun."""
    raw, _ = stage.request(sheet)
    stage.kill_in(raw, phase)


@pytest.mark.serving
def test_watch_cut_short_is_no_pass(stage: Stage, fetch: Callable[[], str]) -> None:
    """Nobody has said that the new one may stay: the old one serves again, and is started where it was stopped."""
    _deploy_and_kill(stage, stage.good(2), "watch")
    assert fetch() == "web 2222"
    old = f"{stage.app}-000001-web-000001-1"
    Engine.connect().stop(old, grace=0)
    result = stage.repair()
    assert (result.status, result.serving) == ("ok", "000001")
    assert "release 000002 was not committed: its watch was cut short" in str(result.data["repaired"])
    assert fetch() == "web 1111"
    assert {name for name in stage.containers(running=False) if "-web-" in name} == {old}


@pytest.mark.serving
@pytest.mark.long
def test_watch_cut_short_with_nowhere_to_go(stage: Stage, fetch: Callable[[], str]) -> None:
    """What served before is gone: a release that was verified is better than none."""
    _deploy_and_kill(stage, stage.good(2), "watch")
    Engine.connect().remove(f"{stage.app}-000001-web-000001-1")
    result = stage.repair()
    assert (result.status, result.serving) == ("ok", "000002")
    assert any("not healthy any more: 000002 stays" in note for note in stage.notes())
    assert fetch() == "web 2222"
    assert fold_records(read_journal(stage.paths.journal)).serving == "000002"


@pytest.mark.long
def test_first_release_stays_though_its_watch_was_cut_short(stage: Stage, fetch: Callable[[], str]) -> None:
    """There is nothing to go back to."""
    _deploy_and_kill(stage, stage.good(1), "watch")
    result = stage.repair()
    assert (result.status, result.serving) == ("ok", "000001")
    assert fetch() == "web 1111"


@pytest.mark.serving
def test_rollback_that_was_killed_goes_on(stage: Stage, fetch: Callable[[], str]) -> None:
    """Its release has served before; back to what was fled from is where nobody wants to be."""
    stage.deploy(stage.good(2))
    stage.kill_in({"kind": "rollback", "task": uuid.uuid4().hex[:12], "to": None, "options": {}}, "watch")
    result = stage.repair()
    assert (result.status, result.serving) == ("ok", "000001")
    assert fetch() == "web 1111"


@pytest.mark.serving
@pytest.mark.long
def test_next_deploy_heals_too(stage: Stage, fetch: Callable[[], str]) -> None:
    """Nobody has to call for a repair: a deploy does it first, and says so."""
    _deploy_and_kill(stage, stage.good(2), "verify")
    result = stage.deploy(stage.good(3))
    assert (result.status, result.serving) == ("live", "000003")
    assert any("repairing" in note for note in stage.notes())
    assert fetch() == "web 3333"


@pytest.mark.serving
@pytest.mark.long
def test_torn_journal_is_no_obstacle(stage: Stage) -> None:
    """A journal that lost its end by a power cut is read as far as it goes; the switch is the truth."""
    content = stage.paths.journal.read_bytes()
    stage.paths.journal.write_bytes(content[:-40])
    result = stage.deploy(stage.good(2))
    assert (result.status, result.serving) == ("live", "000002")


@pytest.mark.serving
@pytest.mark.long
def test_deploy_starts_what_should_serve(stage: Stage, fetch: Callable[[], str]) -> None:
    """After a crash of the engine nothing runs; a deploy that is refused leaves the release before serving again."""
    engine = Engine.connect()
    for name in stage.containers():
        engine.stop(name, grace=1)
    result = stage.deploy(stage.crashing(2))
    assert (result.status, result.serving) == ("refused", "000001")
    assert sorted(note for note in stage.notes() if note.endswith("was stopped: started")) == [
        f"{stage.app}-000001-web-000001-1 was stopped: started",
        f"{stage.app}-caddy-1 was stopped: started",
    ]
    assert fetch() == "web 1111"


@pytest.mark.serving
def test_repair_starts_and_stops(stage: Stage, fetch: Callable[[], str]) -> None:
    """What should serve is started and waited for; what serves no more is stopped; half-written files go."""
    stage.deploy(stage.good(2))
    engine = Engine.connect()
    engine.start(f"{stage.app}-000001-web-000001-1")
    engine.stop(f"{stage.app}-000002-web-000002-1", grace=1)
    torn = stage.paths.home / ".live.0123456789ab"
    torn.symlink_to("routes/000001")
    result = stage.repair()
    assert result.data["repaired"] == [
        f"{stage.app}-000002-web-000002-1 was stopped: started",
        "stopped what serves no more: web-000001",
    ]
    assert fetch() == "web 2222"
    assert not torn.is_symlink()
    assert find_disorder(stage.paths, engine) == []
