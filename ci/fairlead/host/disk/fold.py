"""Add up a journal: one pass over its records, in time that grows with their number alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..wire.names import NAMELESS, RELEASE_ID
from .journal import BEGIN, COMMIT, END, JOB, KEPT, PHASE, PRUNED, PULLED, Record
from .ledger import BEGUN, DEPLOY, GONE, STABLE, JobRun, Ledger, ReleaseEntry, Rotation, Transaction


def fold_records(records: Iterable[Record]) -> Ledger:
    """Add up a journal. Any sequence of records gives a ledger; what makes no sense is passed over."""
    fold = _Fold()
    for record in records:
        step = _STEPS.get(record.type)
        if step is not None:
            try:
                step(fold, record)
            except (KeyError, TypeError, ValueError):
                # A record of another version of Fairlead: its checksum is right, its fields are not ours.
                continue
    return fold.ledger()


class _Fold:
    """A ledger in the making. Each step works its record out before it changes anything."""

    def __init__(self) -> None:
        self._releases: dict[str, ReleaseEntry] = {}
        self._transactions: list[Transaction] = []
        # Of the last transaction, whose value is made once, when all of it is known.
        self._changes: dict[str, Any] = {}
        self._serving: str | None = None
        self._jobs: dict[str, JobRun] = {}
        self._pulled: set[str] = set()
        self._rotations: dict[str, Rotation] = {}
        self._nameless: set[str] = set()

    def ledger(self) -> Ledger:
        """What it has come to."""
        self._settle_last()
        return Ledger(
            releases=self._releases,
            transactions=tuple(self._transactions),
            serving=self._serving,
            jobs=self._jobs,
            pulled=frozenset(self._pulled),
            rotations=self._rotations,
            nameless=frozenset(self._nameless),
        )

    def begin(self, record: Record) -> None:
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
            key=str(data.get("key") or ""),
            reason=str(data.get("reason") or ""),
            rotations={
                str(name): Rotation(
                    str(data["release"]), str(one["value"]), frozenset(map(str, one["revoked"]))
                )
                for name, one in (data.get("secrets") or {}).items()
            },
        )
        if transaction.kind == DEPLOY:
            self._releases[transaction.release] = ReleaseEntry(
                id=transaction.release,
                state=BEGUN,
                revision=transaction.revision,
                revision_time=int(data["revision_time"]),
                by=transaction.by,
                began_at=record.at,
            )
        self._settle_last()
        self._transactions.append(transaction)

    def phase(self, record: Record) -> None:
        last = self._last(record)
        if last is not None:
            phase = str(record.data["phase"])
            updated = tuple(str(name) for name in record.data.get("updated") or ())
            self._changes.update({"phase": phase, **({"updated": updated} if updated else {})})

    def job(self, record: Record) -> None:
        data = record.data
        before = self._jobs.get(str(data["hash"]))
        self._jobs[str(data["hash"])] = JobRun(
            str(data["service"]),
            str(data["state"]),
            str(data["container"]),
            str(data["release"]),
            record.at,
            # Told when it begins; how it ended may be written by recovery.
            bool(data.get("irreversible", before is not None and before.irreversible)),
        )

    def pulled(self, record: Record) -> None:
        self._pulled |= {str(image) for image in record.data["images"]}

    def kept(self, record: Record) -> None:
        # What is removed by these names may be nobody's but the app's: a name that was given is none of them.
        self._nameless |= {str(name) for name in record.data["volumes"] if NAMELESS.fullmatch(str(name))}

    def commit(self, record: Record) -> None:
        last = self._last(record)
        if last is None:
            return
        entry = self._releases[last.release]
        if entry.committed_at is None:
            entry = replace(entry, predecessor=last.previous, committed_at=record.at)
        self._releases[entry.id] = replace(entry, state=STABLE)
        self._serving = entry.id
        for name, rotation in last.rotations.items():
            self._rotations[name] = _rotate(self._rotations.get(name), rotation)
        self._changes["committed"] = True

    def end(self, record: Record) -> None:
        data = record.data
        last = self._last(record)
        if last is None:
            return
        status = str(data["status"])
        phases = tuple(data.get("phases") or ())
        entry = self._releases.get(last.release)
        if last.kind == DEPLOY and entry is not None and entry.state == BEGUN:
            self._releases[entry.id] = replace(entry, state=status)
        self._changes.update(
            status=status,
            ended_at=record.at,
            phases=phases,
            error=data.get("error"),
            repaired=bool(data.get("repaired")),
        )

    def pruned(self, record: Record) -> None:
        gone = {str(image) for image in record.data["images"]}
        for release in [str(one) for one in record.data["releases"]]:
            entry = self._releases.get(release)
            if entry is not None and entry.state == STABLE:
                self._releases[release] = replace(entry, state=GONE)
        self._pulled -= gone

    def _last(self, record: Record) -> Transaction | None:
        """The last transaction as it began, if the record is one of its own."""
        last = self._transactions[-1] if self._transactions else None
        return last if last is not None and last.number == record.data["tx"] else None

    def _settle_last(self) -> None:
        if self._changes:
            self._transactions[-1] = replace(self._transactions[-1], **self._changes)
            self._changes = {}


def _rotate(before: Rotation | None, rotation: Rotation) -> Rotation:
    """A rotation on top of the one before: what was revoked stays so, but for the value that it gives."""
    revoked = rotation.revoked | (before.revoked if before is not None else frozenset())
    return replace(rotation, revoked=revoked - {rotation.value})


_STEPS = {
    BEGIN: _Fold.begin,
    PHASE: _Fold.phase,
    JOB: _Fold.job,
    PULLED: _Fold.pulled,
    KEPT: _Fold.kept,
    COMMIT: _Fold.commit,
    END: _Fold.end,
    PRUNED: _Fold.pruned,
}
