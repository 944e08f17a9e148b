"""Two deploys at once: one waits and says for whom, or is refused by option; the older commit never wins."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from fairlead.host.disk.lock import is_locked
from fairlead.host.run.deploy import run_deploy
from fairlead.host.wire.request import parse_deploy_request
from fairlead.host.wire.result import Event, Result
from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage


def _start(stage: Stage, sheet: Sheet) -> tuple[threading.Thread, list[Result], list[Event]]:
    """A deploy in a thread of its own; its result and its events."""
    raw, blobs = stage.request(sheet)
    results: list[Result] = []
    events: list[Event] = []

    def deploy() -> None:
        results.append(run_deploy(stage.paths, parse_deploy_request(raw, blobs, None), events.append))

    thread = threading.Thread(target=deploy)
    thread.start()
    return thread, results, events


@pytest.mark.serving
def test_the_second_waits_and_the_older_never_wins(stage: Stage, fetch: Callable[[], str]) -> None:
    first, done, _ = _start(stage, stage.good(3))
    while not is_locked(stage.paths.lock) or '"deploy of 3333' not in stage.paths.lock.read_text():
        time.sleep(0.01)
    hasty = stage.deploy(stage.good(4), no_wait=True)
    assert (hasty.status, hasty.exit) == ("failed", 5)
    assert "held by deploy of 333333333333 by alice" in str(hasty.error)
    brief = stage.deploy(stage.good(4), lock_timeout=0.2)
    assert brief.exit == 5
    assert "waited 0.2 s" in str(brief.error)
    patient = stage.deploy(stage.good(2))
    first.join()
    assert done[0].status == "live"
    assert any(note.startswith("waiting for deploy of 333333333333 by alice") for note in stage.notes())
    # By the time it had the lock, a newer commit served.
    assert (patient.status, patient.exit) == ("refused", 2)
    assert fetch() == "web 3333"
