"""One server, asked over one connection: a method for each request. What each request says is told in ``host.wire.calls``."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from fairlead.host.wire.calls import (
    AskHistory,
    AskPlan,
    AskState,
    Attach,
    Call,
    Check,
    Drain,
    GiveOrder,
    Hello,
    Logs,
    Maintain,
    Remove,
    Repair,
    Undrain,
    frame_of,
)
from fairlead.host.wire.changes import Change
from fairlead.host.wire.errors import EXIT_OK
from fairlead.host.wire.planned import PlanAnswer
from fairlead.host.wire.replies import (
    CheckAnswer,
    DrainAnswer,
    HelloAnswer,
    MaintenanceAnswer,
    RemoveAnswer,
    UndrainAnswer,
)
from fairlead.host.wire.result import Result
from fairlead.host.wire.status import HistoryAnswer, StateAnswer
from fairlead.remote.attach import OnEvent, run_remote_task
from fairlead.remote.coordinator import Part
from fairlead.remote.outcome import answer_of, read_answer, read_event, result_of
from fairlead.remote.session import Blob, Session

_Answer = TypeVar("_Answer")


class Server:
    """A connection to the agent of a server, in the words of its requests.

    Each method returns the answer, and raises a FairleadError where that is none.

    Args:
        session: the open connection; the caller closes it.
        connect: opens another one, should it break while a task is followed.
    """

    def __init__(self, session: Session, connect: Callable[[], Session]) -> None:
        self._session = session
        self._connect = connect

    def hello(self) -> HelloAnswer:
        """Who answers."""
        return self._ask(HelloAnswer, Hello())

    def check(self) -> CheckAnswer:
        """What the host lacks; its clock is compared with the one here."""
        return self._ask(CheckAnswer, Check(time.time()))

    def state(self, *, ask: bool = False, marks: bool = False, digests: bool = False) -> StateAnswer:
        """What serves."""
        return self._ask(StateAnswer, AskState(ask, marks, digests))

    def history(self) -> HistoryAnswer:
        """Every deploy, rollback and maintenance."""
        return self._ask(HistoryAnswer, AskHistory())

    def plan(self, change: Change, *, preflight: bool = False) -> PlanAnswer:
        """What a deploy, rollback or rotation would do; with ``preflight`` what would be refused once it is built."""
        return self._ask(PlanAnswer, AskPlan(change, preflight))

    def logs(self, call: Logs, on_event: OnEvent) -> None:
        """The lines come as events."""
        answer_of(self._follow(call, on_event))

    def drain(self, paths: Sequence[str], timeout: float) -> DrainAnswer:
        """Take the host out of the load balancer."""
        return self._ask(DrainAnswer, Drain(tuple(paths), timeout))

    def undrain(self) -> UndrainAnswer:
        """Let it in again."""
        return self._ask(UndrainAnswer, Undrain())

    def maintenance(self, call: Maintain) -> MaintenanceAnswer:
        """Show everybody a page, or let them in."""
        return self._ask(MaintenanceAnswer, call)

    def order(self, task: str, word: str, why: str) -> bool:
        """Tell a task that nobody follows how to go on; whether it was told."""
        return result_of(self._session.ask(frame_of(GiveOrder(word, task, why)))).exit == EXIT_OK

    def follow(self, task: str, on_event: OnEvent) -> Result:
        """Follow a task to its result."""
        return self._follow(Attach(task), on_event)

    def repair(self, on_event: OnEvent, decision: str | None = None) -> Result:
        """Finish or take back what was left, by what the other hosts did."""
        return self._follow(Repair(decision), on_event)

    def remove_app(self, on_event: OnEvent, *, volumes: bool, by: str) -> RemoveAnswer:
        """Take the app off the host, over as many connections as that takes."""
        request = frame_of(Remove(volumes, by))
        done = run_remote_task(self._session, self._connect, request, (), on_event)
        return read_answer(RemoveAnswer, answer_of(done))

    def part(self, host: str, change: Change, blobs: Sequence[Blob]) -> Part:
        """A deploy, rollback or rotation as this host's part of what several do alike (``coordinator``)."""
        return Part(host, self._session, self._connect, frame_of(change), blobs)

    def _ask(self, form: type[_Answer], call: Call) -> _Answer:
        return read_answer(form, answer_of(result_of(self._session.ask(frame_of(call)))))

    def _follow(self, call: Call, on_event: OnEvent) -> Result:
        return result_of(self._session.ask(frame_of(call), (), lambda frame: on_event(read_event(frame))))
