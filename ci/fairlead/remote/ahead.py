"""Reach a server, and ask it the first question, while this process does something else."""

from __future__ import annotations

import threading
from concurrent.futures import Future

from fairlead.host.wire.frames import Frame
from fairlead.remote.session import Event, Session


class Ahead:
    """A connection that is being made. Leaving the block hangs up, whatever has become of it.

    Args:
        session: not greeted yet: its process connects already.
        request: the first question, one that only reads.
    """

    def __init__(self, session: Session, request: Frame) -> None:
        self._session = session
        self._request = request
        self._answer: Future[Event] = Future()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def wait(self) -> tuple[Session, Event]:
        """The open connection, and the answer.

        Raises:
            FairleadError: there is no connection.
        """
        answer = self._answer.result()
        return self._session, answer

    def close(self) -> None:
        """Hang up; a connection that is still being made is given up."""
        if not self._answer.done():
            self._session.give_up()
        self._thread.join()
        self._session.close()

    def _ask(self) -> None:
        try:
            self._answer.set_result(self._session.ask(self._request))
        except BaseException as error:  # noqa: BLE001 - raised where the answer is waited for
            self._answer.set_exception(error)
