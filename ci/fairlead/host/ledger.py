"""What the journal adds up to: the releases and their states, and what was left unfinished. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .journal import BEGIN, COMMIT, END, JOB, PHASE, PRUNED, PULLED, Record
from .paths import RELEASE_ID

DEPLOY = "deploy"
ROLLBACK = "rollback"

BEGUN = "begun"
STABLE = "stable"
GONE = "pruned"


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
    is a part of.
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

    @property
    def may_have_served(self) -> bool:
        """Whether users may have been served by its release, while what served before still runs."""
        return self.phase in ("switch", "watch", "agree", "commit")

    def to_json(self) -> dict[str, Any]:
        """One entry of ``fairlead history``."""
        return {
            "kind": self.kind,
            "release": self.release,
            "previous": self.previous,
            "revision": self.revision,
            "by": self.by,
            "task": self.task,
            "began_at": self.began_at,
            "ended_at": self.ended_at,
            "status": self.status or "unfinished",
            "phase": self.phase,
            "phases": [dict(phase) for phase in self.phases],
            "error": dict(self.error) if self.error else None,
            "repaired": self.repaired,
            "secrets": sorted(self.rotations),
            "committed": self.committed,
            "hosts": list(self.hosts),
        }


@dataclass(frozen=True)
class Rotation:
    """A secret that got a new value with a release: what is older has it too, the values before it are revoked.

    ``value`` and ``revoked`` are sha256.
    """

    release: str
    value: str
    revoked: frozenset[str]

    def to_json(self) -> dict[str, Any]:
        return {"release": self.release, "value": self.value, "revoked": sorted(self.revoked)}


@dataclass(frozen=True)
class JobRun:
    """The last known state of a one-shot: ``begin``, ``done`` or ``failed``, and its container's name.

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
    """The sum of a journal. ``serving`` is by the journal's account; the symlink is the truth."""

    releases: Mapping[str, ReleaseEntry] = field(default_factory=dict)
    transactions: tuple[Transaction, ...] = ()
    serving: str | None = None
    jobs: Mapping[str, JobRun] = field(default_factory=dict)
    pulled: frozenset[str] = frozenset()
    rotations: Mapping[str, Rotation] = field(default_factory=dict)

    @property
    def unfinished(self) -> Transaction | None:
        """The transaction that has begun and not ended. There is at most one: the last."""
        last = self.transactions[-1] if self.transactions else None
        return last if last is not None and not last.status else None

    def is_startable(self, release: str | None) -> bool:
        """Whether a release has served and its bundle was not pruned."""
        entry = self.releases.get(release or "")
        return entry is not None and entry.state == STABLE

    def irreversible_since(self, release: str) -> list[JobRun]:
        """The irreversible jobs that ran, or may have, for releases after this one; the newest last."""
        runs = (run for run in self.jobs.values() if run.irreversible and run.state != "failed")
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


def fold_records(records: Iterable[Record]) -> Ledger:
    """Add up a journal. Any sequence of records gives a ledger; what makes no sense is passed over."""
    ledger = Ledger()
    for record in records:
        step = _STEPS.get(record.type)
        if step is not None:
            try:
                ledger = step(ledger, record)
            except (KeyError, TypeError, ValueError):
                # A record of another version of Fairlead: its checksum is right, its fields are not ours.
                continue
    return ledger


def _begin(ledger: Ledger, record: Record) -> Ledger:
    data = record.data
    previous = data["previous"]
    if not all(RELEASE_ID.fullmatch(str(one)) for one in (data["release"], previous) if one is not None):
        # These become the names of folders.
        raise ValueError("no id of a release")
    transaction = Transaction(
        number=record.seq,
        kind=str(data["kind"]),
        release=str(data["release"]),
        previous=previous,
        task=str(data["task"]),
        by=str(data["by"]),
        revision=str(data["revision"]),
        began_at=record.at,
        hosts=tuple(str(host) for host in data.get("hosts") or ()),
        rotations={
            str(name): Rotation(str(data["release"]), str(one["value"]), frozenset(map(str, one["revoked"])))
            for name, one in (data.get("secrets") or {}).items()
        },
    )
    releases = dict(ledger.releases)
    if transaction.kind == DEPLOY:
        releases[transaction.release] = ReleaseEntry(
            id=transaction.release,
            state=BEGUN,
            revision=transaction.revision,
            revision_time=int(data["revision_time"]),
            by=transaction.by,
            began_at=record.at,
        )
    return replace(ledger, releases=releases, transactions=(*ledger.transactions, transaction))


def _phase(ledger: Ledger, record: Record) -> Ledger:
    last = ledger.transactions[-1] if ledger.transactions else None
    updated = tuple(str(name) for name in record.data.get("updated") or ()) or (last.updated if last else ())
    return _update_last(ledger, record, phase=str(record.data["phase"]), updated=updated)


def _job(ledger: Ledger, record: Record) -> Ledger:
    data = record.data
    before = ledger.jobs.get(str(data["hash"]))
    run = JobRun(
        str(data["service"]),
        str(data["state"]),
        str(data["container"]),
        str(data["release"]),
        record.at,
        # Told when it begins; how it ended may be written by recovery.
        bool(data.get("irreversible", before is not None and before.irreversible)),
    )
    return replace(ledger, jobs={**ledger.jobs, str(data["hash"]): run})


def _pulled(ledger: Ledger, record: Record) -> Ledger:
    return replace(ledger, pulled=ledger.pulled | {str(image) for image in record.data["images"]})


def _commit(ledger: Ledger, record: Record) -> Ledger:
    last = ledger.transactions[-1] if ledger.transactions else None
    if last is None or last.number != record.data["tx"]:
        return ledger
    entry = ledger.releases[last.release]
    if entry.committed_at is None:
        entry = replace(entry, predecessor=last.previous, committed_at=record.at)
    entry = replace(entry, state=STABLE)
    rotated = {name: _rotate(ledger.rotations.get(name), one) for name, one in last.rotations.items()}
    committed = replace(
        ledger,
        releases={**ledger.releases, entry.id: entry},
        serving=entry.id,
        rotations={**ledger.rotations, **rotated},
    )
    return _update_last(committed, record, committed=True)


def _rotate(before: Rotation | None, rotation: Rotation) -> Rotation:
    """A rotation on top of the one before: what was revoked stays so, but for the value that it gives."""
    revoked = rotation.revoked | (before.revoked if before is not None else frozenset())
    return replace(rotation, revoked=revoked - {rotation.value})


def _end(ledger: Ledger, record: Record) -> Ledger:
    data = record.data
    last = ledger.transactions[-1] if ledger.transactions else None
    if last is None or last.number != data["tx"]:
        return ledger
    status = str(data["status"])
    releases = dict(ledger.releases)
    entry = releases.get(last.release)
    if last.kind == DEPLOY and entry is not None and entry.state == BEGUN:
        releases[entry.id] = replace(entry, state=status)
    return _update_last(
        replace(ledger, releases=releases),
        record,
        status=status,
        ended_at=record.at,
        phases=tuple(data.get("phases") or ()),
        error=data.get("error"),
        repaired=bool(data.get("repaired")),
    )


def _pruned(ledger: Ledger, record: Record) -> Ledger:
    releases = dict(ledger.releases)
    for release in record.data["releases"]:
        if release in releases and releases[release].state == STABLE:
            releases[release] = replace(releases[release], state=GONE)
    gone = {str(image) for image in record.data["images"]}
    return replace(ledger, releases=releases, pulled=ledger.pulled - gone)


def _update_last(ledger: Ledger, record: Record, **changes: Any) -> Ledger:
    last = ledger.transactions[-1] if ledger.transactions else None
    if last is None or last.number != record.data["tx"]:
        return ledger
    return replace(ledger, transactions=(*ledger.transactions[:-1], replace(last, **changes)))


_STEPS = {
    BEGIN: _begin,
    PHASE: _phase,
    JOB: _job,
    PULLED: _pulled,
    COMMIT: _commit,
    END: _end,
    PRUNED: _pruned,
}
