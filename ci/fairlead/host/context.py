"""What the phases of one transaction share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from .bundle import Bundle
from .containers import Container
from .engine import Engine
from .journal import Journal
from .paths import Paths
from .plan import Plan
from .request import Options
from .result import Emit
from .state import State

INFO = "info"
WARNING = "warning"


@dataclass(frozen=True)
class Outcome:
    """How a phase ended well: ``detail`` is told to the user, ``skipped`` if there was nothing to do."""

    detail: str = ""
    skipped: bool = False


@dataclass
class Host:
    """The app on this host, under its lock: what recovery needs too."""

    paths: Paths
    engine: Engine
    journal: Journal
    emit: Emit
    phase: str = "prepare"

    def note(self, text: str, level: str = INFO) -> None:
        """Tell the user something that is no failure."""
        self.emit({"event": "note", "level": level, "text": text, "phase": self.phase})

    def warn(self, text: str) -> None:
        self.note(text, WARNING)


@dataclass
class Context:
    """One deploy or rollback under way.

    ``number`` is its first record in the journal, ``token`` opens the dark route, ``fresh`` are the containers
    that it started, by service, as they were seen last.
    """

    host: Host
    number: int
    task: str
    by: str
    options: Options
    state: State
    plan: Plan
    target: Bundle
    blobs: Optional[Path] = None
    credentials: Optional[Path] = None
    token: str = ""
    fresh: dict[str, tuple[Container, ...]] = field(default_factory=dict)

    @property
    def paths(self) -> Paths:
        return self.host.paths

    @property
    def engine(self) -> Engine:
        return self.host.engine
