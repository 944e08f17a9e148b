"""The ways to the servers of an environment: opened when they are asked, opened again should they break."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from fairlead.errors import FairleadError
from fairlead.host.wire.changes import Subject
from fairlead.host.wire.contract import render
from fairlead.remote.access import open_access
from fairlead.remote.session import Session, Traffic, begin_session, open_session
from fairlead.remote.ssh import Access
from fairlead.rollout.place import Place

if TYPE_CHECKING:
    from fairlead.host.wire.status import StateAnswer
    from fairlead.remote.server import Server
    from fairlead.rollout.ahead import Ahead, Question

_Answer = TypeVar("_Answer")


class Line:
    """The way to one server: opens the connection, and again should it break; counts what it cost."""

    def __init__(self, access: Access, traffic: Traffic, subject: Subject) -> None:
        self._access = access
        self._subject = render(subject)
        self.traffic = traffic

    def connect(self) -> Session:
        """Open a connection.

        Raises:
            CommandFailedError: there is none, for the reason that is given.
        """
        return open_session(self._access, self.traffic, self._subject)

    @contextlib.contextmanager
    def server(self) -> Iterator[Server]:
        """The server, for as long as the block lasts.

        Raises:
            CommandFailedError: there is no connection, for the reason that is given.
        """
        from fairlead.remote.server import Server

        with self.connect() as session:
            yield Server(session, self.connect)

    def ask_ahead(self, question: Question[_Answer]) -> Ahead[_Answer]:
        """Connect and ask, while the caller does what it can without the answer. Close it in the end."""
        session = begin_session(self._access, self.traffic, self._subject)
        # Loaded while ssh connects.
        from fairlead.rollout.ahead import Ahead

        return Ahead(session, self.connect, question)


class Lines:
    """The ways to all servers of an environment, by the name of the server."""

    def __init__(self, lines: Mapping[str, Line]) -> None:
        self._lines = lines

    def __getitem__(self, host: str) -> Line:
        return self._lines[host]

    @property
    def connections(self) -> int:
        """How many connections were opened."""
        return sum(line.traffic.connections for line in self._lines.values())

    @property
    def agent_bytes(self) -> int:
        """How many bytes of the agent were sent."""
        return sum(line.traffic.agent_bytes for line in self._lines.values())

    @contextlib.contextmanager
    def ask_ahead(self, question: Question[_Answer]) -> Iterator[Mapping[str, Ahead[_Answer]]]:
        """Connect to every server and ask, while the block does what it can without the answers."""
        with contextlib.ExitStack() as stack:
            aheads = {}
            for host, line in self._lines.items():
                aheads[host] = line.ask_ahead(question)
                stack.callback(aheads[host].close)
            yield aheads


@contextlib.contextmanager
def open_lines(place: Place, *, take_over: bool = False) -> Iterator[Lines]:
    """The ways to the environment's servers, for as long as the block lasts.

    Everything that is asked by them names the app, the environment, the repository and the folder of it; with
    ``take_over`` the app may be another's so far.
    """
    subject = replace(place.subject, take_over=take_over)
    with contextlib.ExitStack() as stack:
        lines = {}
        for host in place.environment.hosts:
            access = stack.enter_context(open_access(host, place.environment, place.access, os.environ))
            lines[str(host)] = Line(access, Traffic(), subject)
        yield Lines(lines)


def first_question(place: Place) -> Question[StateAnswer]:
    """How they stand, where several have to agree; one host knows by itself."""
    return (lambda server: server.state()) if place.has_several else _greet


def _greet(server: Server) -> StateAnswer:
    """See that somebody answers; how it stands is not asked."""
    from fairlead.host.wire.status import StateAnswer

    server.hello()
    return StateAnswer()


def ask_all(place: Place, question: Question[_Answer]) -> dict[str, _Answer | FairleadError]:
    """Ask every server one thing, side by side: each answer, or why there is none."""
    answers: dict[str, _Answer | FairleadError] = {}
    with open_lines(place) as lines, lines.ask_ahead(question) as aheads:
        for host, ahead in aheads.items():
            try:
                answers[host] = ahead.wait()[1]
            except FairleadError as error:
                answers[host] = error
    return answers


def ask_each(place: Place, question: Question[_Answer]) -> dict[str, _Answer]:
    """Ask every server one thing, side by side, and return their answers.

    Raises:
        FairleadError: one cannot be reached, or its answer is an error.
    """
    answers = {}
    for host, answer in ask_all(place, question).items():
        if isinstance(answer, FairleadError):
            raise answer
        answers[host] = answer
    return answers
