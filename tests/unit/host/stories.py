"""Journals made by hand: what a deploy and a rollback write."""

from __future__ import annotations

from fairlead.host.disk.journal import BEGIN, COMMIT, END, JOB, PHASE, PULLED, Record
from fairlead.host.disk.ledger import DEPLOY, ROLLBACK
from fairlead.host.run import table

APP = "board"
OLD, NEW = "000001", "000002"
WITHIN = tuple(phase for phase in table.PHASES if not phase.facts.holds)


def _transaction(first: int, kind: str, release: str, previous: str | None) -> list[Record]:
    """The records of a deploy or a rollback, from its first to its last."""
    told = {"task": "t", "by": "alice", "revision": "1" * 40, "revision_time": 7}
    job = {"service": "migrate", "hash": f"h-{release}", "container": "c", "release": release}
    bodies: list[tuple[str, dict[str, object]]] = [
        (BEGIN, {"kind": kind, "release": release, "previous": previous, **told})
    ]
    within: dict[str, list[tuple[str, dict[str, object]]]] = {
        "pull": [(PULLED, {"images": [f"image-{release}"]})],
        "migrate": [(JOB, {**job, "state": "begin"}), (JOB, {**job, "state": "done"})],
        "commit": [(COMMIT, {"tx": first, "release": release})],
    }
    for phase in (phase.name for phase in WITHIN if kind in phase.kinds):
        bodies += [(PHASE, {"tx": first, "phase": phase}), *within.get(phase, [])]
    bodies.append((END, {"tx": first, "release": release, "status": "live", "phases": [], "error": None}))
    return [Record(first + at, 1000.0 + first + at, what, body) for at, (what, body) in enumerate(bodies)]


def tell_story(kind: str) -> tuple[list[Record], int]:
    """Releases that served, then the command that the power is cut in; and how many records came before that."""
    records = _transaction(1, DEPLOY, OLD, None)
    if kind == ROLLBACK:
        records += _transaction(len(records) + 1, DEPLOY, NEW, OLD)
        return records + _transaction(len(records) + 1, ROLLBACK, OLD, NEW), len(records)
    return records + _transaction(len(records) + 1, DEPLOY, NEW, OLD), len(records)
