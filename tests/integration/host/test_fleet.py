"""One host of several: it goes on when the client says so, and goes back when nobody says anything."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from fairlead.host.disk.fold import fold_records
from fairlead.host.disk.journal import read_journal
from fairlead.host.disk.ledger import Ledger
from fairlead.host.disk.routes import read_live
from fairlead.host.wire.fleet import COMMIT, FINISH, MIGRATE, STOP, SWITCH
from tests.integration.host.held import Held
from tests.integration.host.stage import Stage


def _ledger(stage: Stage) -> Ledger:
    return fold_records(read_journal(stage.paths.journal))


def _webs(stage: Stage) -> set[str]:
    return {name for name in stage.containers() if "-web-" in name}


def test_it_holds_at_each_point_and_is_called_as_everywhere(stage: Stage, fetch: Callable[[], str]) -> None:
    """A job of another host is awaited; nothing is switched or committed before the word for it."""
    sheet = stage.good(1, job=True)
    held = Held(stage, sheet, {"release": "000042", "once": ["migrate"], "runner": "a"})
    held.wait_for(MIGRATE)
    assert not _webs(stage), "the new code waits for its data"
    held.say(MIGRATE)
    held.wait_for(SWITCH)
    assert read_live(stage.paths) is None
    held.say(SWITCH)
    held.wait_for(COMMIT)
    assert fetch() == "web 1111"
    assert _ledger(stage).serving is None
    held.say(COMMIT)
    result = held.end()
    assert (result.status, result.serving) == ("live", "000042")
    done = _ledger(stage).jobs[sheet.services["migrate"]["hash"]]
    assert (done.state, done.container) == ("done", ""), "it is known here, and ran elsewhere"
    assert [phase.phase for phase in result.phases].count("ready") == 1

    alone = stage.deploy(stage.good(2))
    assert {"ready", "agree"}.isdisjoint(phase.phase for phase in alone.phases)
    held = Held(stage, stage.good(3), {})
    held.wait_for(SWITCH)
    held.say(SWITCH)
    held.wait_for(COMMIT)
    held.say(STOP, "b failed its watch")
    held.say(COMMIT)
    result = held.end()
    assert (result.status, result.exit, result.serving) == ("reverted", 6, "000043")
    assert result.error is not None
    assert result.error.why == "b failed its watch"
    assert fetch() == "web 2222"
    assert _webs(stage) == {f"{stage.app}-000043-web-000043-1"}


@pytest.mark.serving
@pytest.mark.long
def test_left_alone_it_goes_back_and_follows_the_others_later(stage: Stage, fetch: Callable[[], str]) -> None:
    """Before its vote it undoes everything; after it, it keeps both releases until somebody knows of the others."""
    held = Held(stage, stage.good(2), {"hold_timeout": 0.5})
    held.wait_for(SWITCH)
    result = held.end()
    assert (result.status, result.exit, result.serving) == ("refused", 6, "000001")
    assert _ledger(stage).unfinished is None

    for decision, serving, body in ((FINISH, "000003", "web 3333"), (None, "000003", "web 3333")):
        held = Held(stage, stage.good(3 if decision else 4), {"hold_timeout": 0.5})
        held.wait_for(SWITCH)
        held.say(SWITCH)
        held.wait_for(COMMIT)
        result = held.end()
        assert (result.status, result.exit) == ("reverted", 6)
        assert fetch() == ("web 1111" if decision else "web 3333")
        assert len(_webs(stage)) == 2, "nothing was thrown away"
        repaired = stage.repair(decision)
        assert (repaired.status, repaired.serving) == ("ok", serving), repaired
        assert fetch() == body
        assert _webs(stage) == {f"{stage.app}-000003-web-000003-1"}
        assert _ledger(stage).unfinished is None


@pytest.mark.serving
@pytest.mark.long
def test_it_is_stopped_in_its_watch(stage: Stage, fetch: Callable[[], str]) -> None:
    """The word of another host's failure does not wait for the end of the window."""
    sheet = stage.good(2)
    sheet.watch = {"window": 60}
    held = Held(stage, sheet, {})
    held.wait_for(SWITCH)
    held.say(SWITCH)
    while not any(event.get("phase") == "watch" for event in list(stage.events)):
        time.sleep(0.01)
    held.say(STOP, "b failed")
    result = held.end()
    assert (result.status, result.exit, result.serving) == ("reverted", 6, "000001")
    assert fetch() == "web 1111"
