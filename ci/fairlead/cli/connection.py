"""What the verbs that talk to a server share: their options, the way to the server, the events on the screen."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from fairlead.remote.access import AccessOptions
    from fairlead.remote.ahead import Ahead
    from fairlead.remote.session import Session, Traffic
    from fairlead.remote.ssh import Access
    from fairlead.report import Reporter
    from fairlead.settings import Environment, Settings

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


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


def access_of(known_hosts: Path | None, identity: Path | None) -> AccessOptions:
    """The values of ``access_options``."""
    from fairlead.remote.access import AccessOptions

    return AccessOptions(known_hosts, identity)


@dataclass(frozen=True)
class Place:
    """The environment that a verb is about, and its server."""

    settings: Settings
    environment: Environment

    @property
    def app(self) -> str:
        return self.settings.app

    @property
    def host(self) -> str:
        return str(self.environment.hosts[0])


def find_place(environment: str | None, registry: str | None = None) -> Place:
    """Read fairlead.yaml and find the environment; ``registry`` is what ``--registry`` says.

    Raises:
        InputError: the file does not hold, there is no such environment, or it has several hosts.
    """
    from fairlead.remote.access import sole_host
    from fairlead.settings import load_settings

    environ = {**os.environ, **({"FAIRLEAD_REGISTRY": registry} if registry else {})}
    settings = load_settings(Path.cwd(), environ)
    found = settings.environment(environment)
    sole_host(found)
    return Place(settings, found)


class Line:
    """The way to one server: opens the connection, and again should it break; counts what it cost."""

    def __init__(self, access: Access, traffic: Traffic) -> None:
        self._access = access
        self.traffic = traffic

    def connect(self) -> Session:
        """Open a connection.

        Raises:
            CommandFailedError: there is none, for the reason that is given.
        """
        from fairlead.remote.session import open_session

        return open_session(self._access, self.traffic)

    @contextlib.contextmanager
    def ask_ahead(self, request: dict[str, Any]) -> Iterator[Ahead]:
        """Connect and ask, while the block does what it can without the answer."""
        from fairlead.remote.ahead import Ahead
        from fairlead.remote.session import begin_session

        ahead = Ahead(begin_session(self._access, self.traffic), request)
        try:
            yield ahead
        finally:
            ahead.close()


@contextlib.contextmanager
def open_line(place: Place, options: AccessOptions) -> Iterator[Line]:
    """The way to the environment's server, for as long as the block lasts."""
    from fairlead.remote.access import open_access, sole_host
    from fairlead.remote.session import Traffic

    with open_access(sole_host(place.environment), place.environment, options, os.environ) as access:
        yield Line(access, Traffic())


def ask(place: Place, options: AccessOptions, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask the server one thing, and return the answer's data. It is told the time at which it was asked.

    Raises:
        FairleadError: there is no connection, or the answer is an error.
    """
    from fairlead.remote.outcome import answer_of

    with open_line(place, options) as line, line.connect() as session:
        return answer_of(session.ask({"app": place.app, "time": time.time(), **request}))


def show_event(reporter: Reporter, event: Mapping[str, Any]) -> None:
    """Show one event of a task as it comes."""
    kind = event.get("event")
    if kind == "phase":
        reporter.phase(event["phase"], event["state"], event.get("seconds"), event.get("detail") or "")
    elif kind == "task":
        reporter.line(f"{event.get('previous') or 'nothing'} -> {event.get('release')}")
    elif kind == "note":
        say = reporter.warn if event.get("level") == "warning" else reporter.line
        say(str(event.get("text")))
    elif kind == "attached" and event.get("resumed"):
        reporter.line(f"following task {event.get('task')}, which is under way on the server")
