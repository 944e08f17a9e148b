"""What the verbs that talk to a server share: their options, the way to the server, the events on the screen."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fairlead.errors import FairleadError, InputError

if TYPE_CHECKING:
    from fairlead.host.wire.changes import Subject
    from fairlead.host.wire.status import StateAnswer
    from fairlead.remote.access import AccessOptions
    from fairlead.remote.ahead import Ahead, Question
    from fairlead.remote.server import Server
    from fairlead.remote.session import Session, Traffic
    from fairlead.remote.ssh import Access
    from fairlead.report import Reporter
    from fairlead.settings.values import Environment, Settings

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])
_Answer = TypeVar("_Answer")


def access_options(function: _Decorated) -> _Decorated:
    """``--known-hosts`` and ``--identity`` (arguments ``known_hosts``, ``identity``)."""
    known_hosts = click.option(
        "--known-hosts",
        metavar="FILE",
        envvar="FAIRLEAD_KNOWN_HOSTS",
        show_envvar=True,
        type=click.Path(dir_okay=False, path_type=Path),
        help="The servers' host keys. [default: known_hosts of the environment, else ssh's own]",
    )
    identity = click.option(
        "--identity",
        metavar="FILE",
        envvar="FAIRLEAD_SSH_IDENTITY",
        show_envvar=True,
        type=click.Path(dir_okay=False, path_type=Path),
        help="The private key. Its content may come in FAIRLEAD_SSH_KEY instead. [default: ssh's own choice]",
    )
    return known_hosts(identity(function))


def host_option(function: _Decorated) -> _Decorated:
    """``--host`` (argument ``host``): one of several hosts."""
    return click.option(
        "--host",
        metavar="HOST",
        help="One host of the environment, as fairlead.yaml names it. [default: all]",
    )(function)


def access_of(known_hosts: Path | None, identity: Path | None) -> AccessOptions:
    """The values of ``access_options``."""
    from fairlead.remote.access import AccessOptions

    return AccessOptions(known_hosts, identity)


@dataclass(frozen=True)
class Place:
    """The environment that a verb is about, and its servers."""

    settings: Settings
    environment: Environment

    @property
    def app(self) -> str:
        """What the app is called on the servers of this environment."""
        return self.settings.name_of(self.environment)

    @property
    def subject(self) -> Subject:
        """What every request to a server is about: the server compares it with what is there, and refuses another's."""
        from fairlead.host.wire.changes import Subject
        from fairlead.identity import read_source

        source = read_source(self.settings.root, os.environ) or self.settings.registry
        return Subject(self.app, self.environment.name, source or "")

    @property
    def hosts(self) -> tuple[str, ...]:
        """The servers, as fairlead.yaml names them."""
        return tuple(str(host) for host in self.environment.hosts)

    @property
    def host(self) -> str:
        """All of them, in words."""
        return ", ".join(self.hosts)

    def only(self, host: str | None) -> Place:
        """The same environment with this host alone; None changes nothing.

        Raises:
            InputError: it has no such host.
        """
        if host is None:
            return self
        found = [one for one in self.environment.hosts if host in {str(one), one.name}]
        if not found:
            raise InputError(
                f"the environment {self.environment.name} has no host {host}", fix=f"it has {self.host}"
            )
        return Place(self.settings, dataclasses.replace(self.environment, hosts=(found[0],)))


def find_place(environment: str | None, registry: str | None = None) -> Place:
    """Read fairlead.yaml and find the environment; ``registry`` is what ``--registry`` says.

    Raises:
        InputError: the file does not hold, or there is no such environment.
    """
    from fairlead.settings.load import load_settings

    if registry:
        # Said by the user, and so also the host that the login is for, wherever that is asked.
        os.environ["FAIRLEAD_REGISTRY"] = registry
    settings = load_settings(Path.cwd(), os.environ)
    return Place(settings, settings.environment(environment))


class Line:
    """The way to one server: opens the connection, and again should it break; counts what it cost."""

    def __init__(self, access: Access, traffic: Traffic, subject: Subject) -> None:
        from fairlead.host.wire.contract import render

        self._access = access
        self._subject = render(subject)
        self.traffic = traffic

    def connect(self) -> Session:
        """Open a connection.

        Raises:
            CommandFailedError: there is none, for the reason that is given.
        """
        from fairlead.remote.session import open_session

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
        from fairlead.remote.session import begin_session

        session = begin_session(self._access, self.traffic, self._subject)
        # Loaded while ssh connects.
        from fairlead.remote.ahead import Ahead

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
def open_lines(place: Place, options: AccessOptions, *, take_over: bool = False) -> Iterator[Lines]:
    """The ways to the environment's servers, for as long as the block lasts.

    Everything that is asked by them names the app, the environment and the repository; with ``take_over`` the app may
    be another's so far.
    """
    from fairlead.remote.access import open_access
    from fairlead.remote.session import Traffic

    subject = dataclasses.replace(place.subject, take_over=take_over)
    with contextlib.ExitStack() as stack:
        lines = {}
        for host in place.environment.hosts:
            access = stack.enter_context(open_access(host, place.environment, options, os.environ))
            lines[str(host)] = Line(access, Traffic(), subject)
        yield Lines(lines)


def first_question(place: Place) -> Question[StateAnswer]:
    """How they stand, where several have to agree; one host knows by itself."""
    return (lambda server: server.state()) if len(place.hosts) > 1 else _greet


def _greet(server: Server) -> StateAnswer:
    """See that somebody answers; how it stands is not asked."""
    from fairlead.host.wire.status import StateAnswer

    server.hello()
    return StateAnswer()


def ask_all(
    place: Place, options: AccessOptions, question: Question[_Answer]
) -> dict[str, _Answer | FairleadError]:
    """Ask every server one thing, side by side: each answer, or why there is none."""
    answers: dict[str, _Answer | FairleadError] = {}
    with open_lines(place, options) as lines, lines.ask_ahead(question) as aheads:
        for host, ahead in aheads.items():
            try:
                answers[host] = ahead.wait()[1]
            except FairleadError as error:
                answers[host] = error
    return answers


def ask_each(place: Place, options: AccessOptions, question: Question[_Answer]) -> dict[str, _Answer]:
    """Ask every server one thing, side by side, and return their answers.

    Raises:
        FairleadError: one cannot be reached, or its answer is an error.
    """
    answers = {}
    for host, answer in ask_all(place, options, question).items():
        if isinstance(answer, FairleadError):
            raise answer
        answers[host] = answer
    return answers


def show_event(reporter: Reporter, event: Mapping[str, Any], host: str = "") -> None:
    """Show one event of a task as it comes; ``host`` is said where there are several."""
    kind = event.get("event")
    said = f"{host}: " if host else ""
    if kind == "phase":
        reporter.phase(event["phase"], event["state"], event.get("seconds"), event.get("detail") or "", host)
    elif kind == "task":
        reporter.line(f"{said}{event.get('previous') or 'nothing'} -> {event.get('release')}")
    elif kind == "note":
        say = reporter.warn if event.get("level") == "warning" else reporter.line
        say(f"{said}{event.get('text')}")
    elif kind == "attached" and event.get("resumed"):
        reporter.line(f"{said}following task {event.get('task')}, which is under way on the server")
