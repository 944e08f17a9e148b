"""What the phases of one transaction share."""

from __future__ import annotations

import math
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional, Protocol

from ..disk.journal import Journal
from ..disk.orders import raise_if_stopped
from ..disk.paths import Paths
from ..engine.containers import Container, read_app_containers, refresh_containers
from ..engine.engine import Engine
from ..plan.plan import Plan
from ..shape.bundle import Bundle
from ..state.state import State
from ..watch.beforehand import Before, Beforehand
from ..watch.crashes import Crashes
from ..watch.questions import Question
from ..watch.traffic import TrafficRecorder
from ..watch.verdict import Verdict
from ..wire.errors import ReleaseFault
from ..wire.events import INFO, WARNING, NoteEvent
from ..wire.owner import Owner
from ..wire.phases import PREPARE
from ..wire.release import Service
from ..wire.request import Options
from ..wire.result import Emit


@dataclass(frozen=True)
class Outcome:
    """How a phase ended well: ``detail`` is told to the user, ``skipped`` if there was nothing to do."""

    detail: str = ""
    skipped: bool = False


@dataclass
class Host:
    """The app on this host, under its lock: what recovery needs too.

    ``proved`` has the ids of the containers whose health check has passed when Fairlead ran it; ``until`` is when the
    phase under way has to be over (monotonic seconds), ``within`` how many seconds it was given; ``apart`` are the
    containers that are being started beside the phases, as they were before: until they run, the engine does not answer
    for them.
    """

    paths: Paths
    engine: Engine
    journal: Journal
    emit: Emit
    phase: str = PREPARE.name
    seen: tuple[Container, ...] = ()
    proved: set[str] = field(default_factory=set)
    until: float = math.inf
    within: float = math.inf
    apart: tuple[Container, ...] = ()

    def begin_phase(self, name: str, within: float = math.inf) -> None:
        """From now on it is this phase, and it has so many seconds: nothing that it calls outlasts them."""
        self.phase, self.within, self.until = name, within, time.monotonic() + within
        self.engine.until = self.until

    def list_containers(self) -> list[Container]:
        """All containers of the app: the engine is asked for the list, which costs it 15 ms a container."""
        found = read_app_containers(self.engine, self.paths, apart=self.apart)
        self.seen = tuple(found)
        return found

    def refresh_containers(self) -> list[Container]:
        """The containers of the last list as they are now, without those that are gone: for when none can be new."""
        if not self.seen:
            return self.list_containers()
        return refresh_containers(self.engine, self.seen, apart=self.apart)

    def note(self, text: str, level: str = INFO) -> None:
        """Tell the user something that is no failure."""
        self.emit(NoteEvent(level, text, self.phase))

    def warn(self, text: str) -> None:
        self.note(text, WARNING)


class Request(Protocol):
    """What every request to change something says."""

    @property
    def task(self) -> str: ...
    @property
    def by(self) -> str: ...
    @property
    def claim(self) -> Optional[Owner]: ...
    @property
    def options(self) -> Options: ...
    @property
    def blobs(self) -> Optional[Path]: ...
    @property
    def credentials(self) -> Optional[Path]: ...


@dataclass
class Progress:
    """What has happened so far in a deploy or rollback.

    ``number`` is its first record in the journal, ``token`` opens the dark route, ``switched_at`` (monotonic
    seconds) is when its release began to serve; ``recorder`` counts what users are answered, ``verdict`` is the watch's,
    ``unasked`` says in words of whom nothing could be asked; ``uncertified`` are the public questions that got no TLS,
    ``unserved`` the services whose users' calls all failed, and of which nobody can tell whose fault that is;
    ``starting`` is what is being started beside the phases, ``unproved`` what is to be proved while the release serves;
    ``crashes`` are those of containers while they start; ``beforehand`` asks what users ask up to the switch, and ``before``
    is what it has seen until then; ``doubted`` are the questions whose bad answers are not held against the release.
    """

    number: int = 0
    token: str = ""
    switched_at: float = 0.0
    recorder: Optional[TrafficRecorder] = None
    verdict: Optional[Verdict] = None
    unasked: tuple[str, ...] = ()
    uncertified: tuple[Question, ...] = ()
    unserved: tuple[str, ...] = ()
    starting: Optional[Future[None]] = None
    unproved: tuple[Service, ...] = ()
    crashes: Optional[Crashes] = None
    beforehand: Optional[Beforehand] = None
    before: Optional[Before] = None
    doubted: tuple[Question, ...] = ()


@dataclass(frozen=True)
class Deploy:
    """One deploy or rollback: what was asked for, what was found on the host under its lock, and what follows from both.

    Nothing of it changes but its ``progress``.
    """

    host: Host
    request: Request
    state: State
    plan: Plan
    target: Bundle
    progress: Progress = field(default_factory=Progress)

    @property
    def options(self) -> Options:
        return self.request.options

    @property
    def paths(self) -> Paths:
        return self.host.paths

    @property
    def engine(self) -> Engine:
        return self.host.engine

    def look(self) -> list[Container]:
        """All containers of the app as they are now; listed again only where this transaction may have made some."""
        if self.plan.makes_containers:
            return self.host.list_containers()
        self.host.seen = self.host.seen or self.state.containers
        self.host.seen = tuple(self.host.refresh_containers())
        return list(self.host.seen)

    def await_started(self) -> None:
        """Wait until nothing is being started beside the phases any more.

        Raises:
            AgentError: it could not be started.
        """
        try:
            if self.progress.starting is not None:
                self.progress.starting.result()
        finally:
            self.host.apart = ()

    def checkpoint(self) -> None:
        """A safe point: go no further where the client said stop, or where the phase has taken its time.

        Raises:
            StoppedFault: it did.
            ReleaseFault: it has.
        """
        raise_if_stopped(self.paths.task(self.request.task))
        if time.monotonic() >= self.host.until:
            raise ReleaseFault(
                f"{self.host.phase} was not over within {self.host.within:g} s",
                why="something that it had to wait for takes longer than it may",
                fix="look at the log lines of the release; `deploy.start_timeout` gives it more time",
            )
