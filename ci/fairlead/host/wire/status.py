"""The answers to ``state`` and ``history``: what serves on a host, and how it came to that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from .answer import (
    COUNT,
    NUMBER,
    PAIRS,
    RECORD,
    RECORDS,
    SWITCH,
    WHOLE,
    WORD,
    WORDS,
    beside,
    part,
    parts,
)

SCHEMA = "fairlead.state/v1"


@dataclass(frozen=True)
class RunningContainer:
    """A container of a service; ``since`` is the engine's time, ``digest`` of the image that it runs."""

    name: str = field(default="", metadata=WORD)
    running: bool = field(default=False, metadata=SWITCH)
    health: Optional[str] = field(default=None, metadata=WORD)
    since: Optional[str] = field(default=None, metadata=WORD)
    restarts: int = field(default=0, metadata=COUNT)
    digest: Optional[str] = field(default=None, metadata=WORD)


@dataclass(frozen=True)
class RunningService:
    """A service of the release that serves: what should run (``image``, ``digest``), and what does (``running_digest``).

    ``release`` is whose containers it has, None for the platform; ``revision`` the commit that its image is of;
    ``state`` a word for how it is; ``replicas`` how many there should be, None for a job.
    """

    service: str = field(default="", metadata=WORD)
    role: str = field(default="", metadata=WORD)
    image: str = field(default="", metadata=WORD)
    digest: Optional[str] = field(default=None, metadata=WORD)
    platforms: Mapping[str, str] = field(default_factory=dict, metadata=PAIRS)
    running_digest: Optional[str] = field(default=None, metadata=WORD)
    release: Optional[str] = field(default=None, metadata=WORD)
    revision: Optional[str] = field(default=None, metadata=WORD)
    replicas: Optional[int] = field(default=None, metadata=COUNT)
    state: str = field(default="", metadata=WORD)
    since: Optional[str] = field(default=None, metadata=WORD)
    containers: tuple[RunningContainer, ...] = field(default=(), metadata=parts(RunningContainer))


@dataclass(frozen=True)
class KnownRelease:
    """A release whose bundle is there; ``state`` is the ledger's.

    ``previous`` is where a rollback from it goes. ``digests`` of its images are there where they were asked for.
    """

    id: str = field(default="", metadata=WORD)
    state: str = field(default="", metadata=WORD)
    revision: str = field(default="", metadata=WORD)
    by: str = field(default="", metadata=WORD)
    at: Optional[float] = field(default=None, metadata=NUMBER)
    previous: Optional[str] = field(default=None, metadata=WORD)
    digests: Optional[tuple[str, ...]] = field(default=None, metadata=beside("digests", WORDS))


@dataclass(frozen=True)
class HistoryEntry:
    """A deploy, rollback or rotation; or, without a ``task``, that users were shown a page instead, or were no more.

    ``status`` is how it ended, ``unfinished`` where it has not; ``phase`` the last one that was begun; ``hosts`` all of
    the fleet; ``word`` how an unfinished one was told to end, where that is asked.
    """

    kind: str = field(default="", metadata=WORD)
    release: Optional[str] = field(default=None, metadata=WORD)
    previous: Optional[str] = field(default=None, metadata=WORD)
    revision: Optional[str] = field(default=None, metadata=WORD)
    by: str = field(default="", metadata=WORD)
    key: str = field(default="", metadata=WORD)
    reason: str = field(default="", metadata=beside("task", WORD))
    task: Optional[str] = field(default=None, metadata=beside("task", WORD))
    began_at: float = field(default=0.0, metadata=NUMBER)
    ended_at: Optional[float] = field(default=None, metadata=NUMBER)
    status: str = field(default="", metadata=WORD)
    phase: str = field(default="", metadata=beside("task", WORD))
    phases: tuple[Mapping[str, Any], ...] = field(default=(), metadata=beside("task", RECORDS))
    error: Optional[Mapping[str, Any]] = field(default=None, metadata=beside("task", RECORD))
    repaired: bool = field(default=False, metadata=beside("task", SWITCH))
    secrets: tuple[str, ...] = field(default=(), metadata=beside("task", WORDS))
    committed: bool = field(default=False, metadata=beside("task", SWITCH))
    hosts: tuple[str, ...] = field(default=(), metadata=beside("task", WORDS))
    word: Optional[str] = field(default=None, metadata=beside("word", WORD))
    document: Mapping[str, Any] = field(default_factory=dict, metadata=WHOLE)


@dataclass(frozen=True)
class StandingBy:
    """What runs on for a rollback, and until when (epoch seconds)."""

    release: str = field(default="", metadata=WORD)
    until: float = field(default=0.0, metadata=NUMBER)
    services: tuple[str, ...] = field(default=(), metadata=WORDS)


@dataclass(frozen=True)
class ShownPage:
    """The page that users see in a maintenance: since when (epoch seconds), by whom, with which key."""

    since: float = field(default=0.0, metadata=NUMBER)
    by: str = field(default="", metadata=WORD)
    key: str = field(default="", metadata=WORD)
    retry_after: int = field(default=0, metadata=COUNT)
    own_page: bool = field(default=False, metadata=SWITCH)


@dataclass(frozen=True)
class RunningTask:
    """A task under way; ``heard`` is for how many seconds nothing was heard of a client of its own."""

    task: str = field(default="", metadata=WORD)
    kind: str = field(default="", metadata=WORD)
    heard: float = field(default=0.0, metadata=NUMBER)


@dataclass(frozen=True)
class HostMarks:
    """How values of secrets are named on a host: by its key; ``plain`` are those that serve under their sha256."""

    key: Optional[str] = field(default=None, metadata=WORD)
    plain: Mapping[str, str] = field(default_factory=dict, metadata=PAIRS)


@dataclass(frozen=True)
class StateAnswer:
    """What serves, which digest should run, and which does; what is under way, and what was left.

    ``content`` and ``unfinished_content`` are hashes that are equal for equal releases; ``next_id`` is what a release
    would be called; ``drained`` the paths that answer 503, None where users are let in; ``busy`` who holds the lock, in
    words. ``unserved`` (in words) and ``marks`` are there where they were asked for.
    """

    schema: str = field(default=SCHEMA, metadata=WORD)
    app: str = field(default="", metadata=WORD)
    environment: Optional[str] = field(default=None, metadata=WORD)
    url: Optional[str] = field(default=None, metadata=WORD)
    serving: Optional[str] = field(default=None, metadata=WORD)
    previous: Optional[str] = field(default=None, metadata=WORD)
    since: Optional[float] = field(default=None, metadata=NUMBER)
    by: Optional[str] = field(default=None, metadata=WORD)
    revision: Optional[str] = field(default=None, metadata=WORD)
    revision_time: Optional[int] = field(default=None, metadata=COUNT)
    services: tuple[RunningService, ...] = field(default=(), metadata=parts(RunningService))
    releases: tuple[KnownRelease, ...] = field(default=(), metadata=parts(KnownRelease))
    last: Optional[HistoryEntry] = field(default=None, metadata=part(HistoryEntry))
    unfinished: Optional[HistoryEntry] = field(default=None, metadata=part(HistoryEntry))
    content: Optional[str] = field(default=None, metadata=WORD)
    unfinished_content: Optional[str] = field(default=None, metadata=WORD)
    next_id: str = field(default="", metadata=WORD)
    standby: Optional[StandingBy] = field(default=None, metadata=part(StandingBy))
    drained: Optional[tuple[str, ...]] = field(default=None, metadata=WORDS)
    maintenance: Optional[ShownPage] = field(default=None, metadata=part(ShownPage))
    jobs_done: tuple[str, ...] = field(default=(), metadata=WORDS)
    busy: Optional[str] = field(default=None, metadata=WORD)
    tasks: Optional[tuple[RunningTask, ...]] = field(
        default=None, metadata=beside("tasks", parts(RunningTask))
    )
    unserved: Optional[tuple[str, ...]] = field(default=None, metadata=beside("unserved", WORDS))
    marks: Optional[HostMarks] = field(default=None, metadata=beside("marks", part(HostMarks)))
    document: Mapping[str, Any] = field(default_factory=dict, metadata=WHOLE)


@dataclass(frozen=True)
class HistoryAnswer:
    """Every deploy, rollback and maintenance, newest first."""

    app: str = field(default="", metadata=WORD)
    history: tuple[HistoryEntry, ...] = field(default=(), metadata=parts(HistoryEntry))
