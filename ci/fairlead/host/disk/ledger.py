"""What a journal adds up to: the releases and their states, and what was left unfinished. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..wire.phases import SERVING, find_phase

if TYPE_CHECKING:
    from ..wire.status import HistoryEntry

DEPLOY = "deploy"
ROLLBACK = "rollback"

BEGUN = "begun"
STABLE = "stable"
GONE = "pruned"
LOST = "lost"
"""What became of a job's work: it is gone with the data that it worked on."""


@dataclass(frozen=True)
class ReleaseEntry:
    """One release as the journal knows it.

    ``state`` is ``begun``, ``stable`` (it has served), ``refused``, ``reverted``, ``failed`` or ``pruned``;
    ``predecessor`` is what served when it was committed first: where a rollback from it goes.
    """

    id: str
    state: str
    revision: str
    revision_time: int
    by: str
    began_at: float
    predecessor: str | None = None
    committed_at: float | None = None


@dataclass(frozen=True)
class Transaction:
    """A deploy or rollback: ``number`` is the sequence number of its first record.

    ``phase`` is the last one that was begun, ``updated`` the platform services that it set out to change,
    ``previous`` what served before, ``status`` empty while it is unfinished; ``hosts`` are those of the fleet that it
    is a part of. ``by`` is what the client said of itself, ``key`` the fingerprint of its key, where the door knew it,
    ``reason`` why it was wanted, where that was said.
    """

    number: int
    kind: str
    release: str
    previous: str | None
    task: str
    by: str
    revision: str
    began_at: float
    phase: str = ""
    updated: tuple[str, ...] = ()
    committed: bool = False
    status: str = ""
    ended_at: float | None = None
    phases: tuple[Mapping[str, Any], ...] = ()
    error: Mapping[str, Any] | None = None
    repaired: bool = False
    hosts: tuple[str, ...] = ()
    rotations: Mapping[str, Rotation] = field(default_factory=dict)
    key: str = ""
    reason: str = ""

    @property
    def may_have_served(self) -> bool:
        """Whether users may have been served by its release, while what served before still runs."""
        return find_phase(self.phase).stage == SERVING

    @property
    def entry(self) -> HistoryEntry:
        """As ``fairlead history`` shows it."""
        from ..wire.status import HistoryEntry

        return HistoryEntry(
            kind=self.kind,
            release=self.release,
            previous=self.previous,
            revision=self.revision,
            by=self.by,
            key=self.key,
            reason=self.reason,
            task=self.task,
            began_at=self.began_at,
            ended_at=self.ended_at,
            status=self.status or "unfinished",
            phase=self.phase,
            phases=self.phases,
            error=self.error or None,
            repaired=self.repaired,
            secrets=tuple(sorted(self.rotations)),
            committed=self.committed,
            hosts=self.hosts,
        )


@dataclass(frozen=True)
class Rotation:
    """A secret that got a new value with a release: what is older has it too, the values before it are revoked.

    ``value`` and ``revoked`` are what values are called (``marks``).
    """

    release: str
    value: str
    revoked: frozenset[str]

    def to_json(self) -> dict[str, Any]:
        return {"release": self.release, "value": self.value, "revoked": sorted(self.revoked)}


@dataclass(frozen=True)
class JobRun:
    """The last known state of a one-shot: ``begin``, ``done``, ``failed`` or ``lost``, and its container's name.

    ``irreversible``: a release from before it may not understand the data any more.
    """

    service: str
    state: str
    container: str
    release: str
    at: float
    irreversible: bool = False


@dataclass(frozen=True)
class Ledger:
    """The sum of a journal. ``serving`` is by the journal's account; the symlink is the truth.

    ``nameless``: volumes without a name that outlived their containers, with data in them.
    """

    releases: Mapping[str, ReleaseEntry] = field(default_factory=dict)
    transactions: tuple[Transaction, ...] = ()
    serving: str | None = None
    jobs: Mapping[str, JobRun] = field(default_factory=dict)
    pulled: frozenset[str] = frozenset()
    rotations: Mapping[str, Rotation] = field(default_factory=dict)
    nameless: frozenset[str] = frozenset()

    @property
    def unfinished(self) -> Transaction | None:
        """The transaction that has begun and not ended. There is at most one: the last."""
        last = self.transactions[-1] if self.transactions else None
        return last if last is not None and not last.status else None

    @property
    def last_committed(self) -> Transaction | None:
        """The transaction that brought what should serve."""
        return next((one for one in reversed(self.transactions) if one.committed), None)

    def is_startable(self, release: str | None) -> bool:
        """Whether a release has served and its bundle was not pruned."""
        entry = self.releases.get(release or "")
        return entry is not None and entry.state == STABLE

    def irreversible_since(self, release: str) -> list[JobRun]:
        """The irreversible jobs that ran, or may have, for releases after this one; the newest last."""
        runs = (run for run in self.jobs.values() if run.irreversible and run.state not in ("failed", LOST))
        return sorted((run for run in runs if run.release > release), key=lambda run: run.release)

    def previous(self, release: str | None) -> str | None:
        """Where a rollback from this release goes: what served before it and is still there."""
        seen: set[str] = set()
        entry = self.releases.get(release or "")
        while entry is not None and entry.predecessor is not None and entry.id not in seen:
            seen.add(entry.id)
            if self.is_startable(entry.predecessor):
                return entry.predecessor
            entry = self.releases.get(entry.predecessor)
        return None
