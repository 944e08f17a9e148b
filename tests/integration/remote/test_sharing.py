"""Two commands for one and the same release share one task: what its user does to the one is not done to the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fairlead.host.wire.fleet import STOP
from fairlead.host.wire.frames import Frame
from fairlead.host.wire.status import StateAnswer
from fairlead.remote.coordinator import Part
from fairlead.remote.outcome import RolloutEnd
from fairlead.remote.session import Session
from fairlead.rollout.servers import run_rounds
from tests.integration.remote.request import BLOBS, REQUEST
from tests.integration.remote.server import Server
from tests.patience import PATIENCE
from tests.recording import RecordingReporter

PLACE: Any = SimpleNamespace(
    hosts=("a",), has_several=False, settings=SimpleNamespace(deploy=SimpleNamespace(hold_timeout=20.0))
)
STOP_SAID: Frame = {"order": STOP, "why": "its user stopped it"}


class Command(RecordingReporter):
    """What ``fairlead deploy`` does once everything is prepared.

    Args:
        server: where to.
        on_task: called when it is told which task it is at, with the round.
        on_again: called before it begins afresh.
    """

    def __init__(
        self, server: Server, on_task: Callable[[int], None], on_again: Callable[[], object] = lambda: None
    ) -> None:
        super().__init__()
        self._server, self._on_task, self._on_again = server, on_task, on_again

    def line(self, text: str = "") -> None:
        super().line(text)
        if text == "nothing -> 000001":
            self._on_task(len(self.said("warn")))

    def run(self) -> RolloutEnd:
        """Run it to its end."""
        with self._server.connect() as session:
            part = Part("a", session, self._server.connect, REQUEST, BLOBS)
            server: Any = SimpleNamespace(state=self._stand)
            return run_rounds(PLACE, {"a": server}, {"a": StateAnswer()}, lambda _: [part], self)

    def _stand(self) -> StateAnswer:
        # Of an app without an engine; what matters is when it is asked.
        self._on_again()
        return StateAnswer()


@contextmanager
def another(server: Server, on_event: Callable[[Session, Frame], None]) -> Iterator[list[Frame]]:
    """Another command for the same, in a thread; how it ended is in the list afterwards."""
    ended: list[Frame] = []
    with server.connect() as session:
        thread = threading.Thread(
            target=lambda: ended.append(session.ask(REQUEST, BLOBS, lambda event: on_event(session, event)))
        )
        thread.start()
        yield ended
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.fixture
def go(server: Server) -> Path:
    """A task waits in the middle of its work until this file is there; it heeds what it is told."""
    server.environ |= {"HOLD": str(server.root / "go"), "HEED": "1"}
    return server.root / "go"


def test_who_joined_a_task_deploys_though_the_one_that_began_it_is_cancelled(
    server: Server, go: Path
) -> None:
    begun, first = threading.Event(), []

    def begin(session: Session, event: Frame) -> None:
        first.append(session)
        if event["event"] == "task":
            begun.set()

    with another(server, begin) as told:
        assert begun.wait(PATIENCE)
        command = Command(server, lambda again: None if again else first[0].tell(STOP_SAID), go.touch)
        end = command.run()
    assert (told[0]["exit"], told[0]["error"]["what"]) == (6, "stopped"), "it is told what came of its own"
    assert (end.result.status, end.result.exit) == ("live", 0)
    assert any("another command" in text for text in command.said("warn"))
    assert len(server.tasks) == 2


def test_who_began_a_task_deploys_though_one_that_joined_it_is_cancelled(server: Server, go: Path) -> None:
    joined: list[Frame] = []

    def join(again: int) -> None:
        if again:
            return

        def stop(session: Session, event: Frame) -> None:
            joined.append(event)
            if event["event"] == "task":
                session.tell(STOP_SAID)

        with another(server, stop):
            pass

    end = Command(server, join, go.touch).run()
    assert joined[0]["resumed"] is True
    assert (end.result.status, end.result.exit) == ("live", 0)
    assert len(server.tasks) == 2


def test_who_joined_a_task_waits_for_the_lock_for_as_long_as_it_was_told(server: Server, go: Path) -> None:
    """The one that began it has waited longer already."""
    locked, begun = Path(f"{go}.locked"), threading.Event()

    def begin(_: Session, event: Frame) -> None:
        if event["event"] == "task":
            begun.set()

    def again() -> None:
        locked.unlink()
        go.touch()

    with another(server, begin) as told:
        assert begun.wait(PATIENCE)
        end = Command(server, lambda _: None if go.exists() else locked.touch(), again).run()
    assert told[0]["exit"] == 5
    assert end.result.status == "live"
