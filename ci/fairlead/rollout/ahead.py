"""Reach a server, and ask it the first question, while this process does something else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from fairlead.remote.server import Server
from fairlead.remote.session import Session

_Answer = TypeVar("_Answer")
Question = Callable[[Server], _Answer]
"""One request that only reads."""


class Ahead(Generic[_Answer]):
    """A connection that is being made. Leaving the block hangs up, whatever has become of it.

    Args:
        session: not greeted yet: its process connects already.
        connect: opens another one.
        question: the first one.
    """

    def __init__(self, session: Session, connect: Callable[[], Session], question: Question[_Answer]) -> None:
        self._session = session
        self._server = Server(session, connect)
        self._question = question
        self._answer: Future[_Answer] = Future()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def wait(self) -> tuple[Server, _Answer]:
        """The server, and its answer.

        Raises:
            FairleadError: there is no connection, or the answer is an error.
        """
        answer = self._answer.result()
        return self._server, answer

    def close(self) -> None:
        """Hang up; a connection that is still being made is given up."""
        if not self._answer.done():
            self._session.give_up()
        self._thread.join()
        self._session.close()

    def _ask(self) -> None:
        try:
            self._answer.set_result(self._question(self._server))
        except BaseException as error:  # noqa: BLE001 - raised where the answer is waited for
            self._answer.set_exception(error)
