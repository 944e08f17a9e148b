"""The journal under a power cut, a full disk and plain garbage."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from fairlead.host.disk.fold import fold_records
from fairlead.host.disk.journal import (
    BEGIN,
    COMMIT,
    END,
    JOB,
    PHASE,
    PRUNED,
    PULLED,
    Journal,
    Record,
    parse_records,
    read_journal,
    render_record,
)
from fairlead.host.disk.ledger import STABLE, Ledger


def _story() -> list[Record]:
    """Three deploys (the second refused), a rollback, a pruning."""
    records: list[Record] = []

    def add(kind: str, /, **data: object) -> int:
        records.append(Record(len(records) + 1, 1000.0 + len(records), kind, data))
        return len(records)

    def deploy(release: str, previous: str | None, status: str) -> None:
        number = add(
            BEGIN,
            kind="deploy",
            release=release,
            previous=previous,
            task="t",
            by="alice",
            revision="1" * 40,
            revision_time=7,
        )
        add(PHASE, tx=number, phase="prepare")
        add(PULLED, images=[f"image-{release}"])
        add(PHASE, tx=number, phase="platform", updated=["caddy"])
        add(JOB, service="migrate", hash=f"hash-{release}", container="c", release=release, state="begin")
        add(JOB, service="migrate", hash=f"hash-{release}", container="c", release=release, state="done")
        if status == "live":
            add(PHASE, tx=number, phase="switch")
            add(COMMIT, tx=number, release=release)
        add(
            END,
            tx=number,
            release=release,
            status=status,
            phases=[{"phase": "prepare", "state": "done", "seconds": 1}],
        )

    deploy("000001", None, "live")
    deploy("000002", "000001", "refused")
    deploy("000003", "000001", "live")
    number = add(
        BEGIN,
        kind="rollback",
        release="000001",
        previous="000003",
        task="t",
        by="bob",
        revision="1" * 40,
        revision_time=7,
    )
    add(COMMIT, tx=number, release="000001")
    add(END, tx=number, release="000001", status="live")
    add(PRUNED, releases=["000003"], images=["image-000003"])
    return records


def _check(ledger: Ledger, serving_at: dict[int, str | None], seen: int) -> None:
    """What holds for the ledger of any prefix."""
    assert ledger.serving == serving_at[seen]
    if ledger.serving is not None:
        assert ledger.releases[ledger.serving].state == STABLE
    assert sum(1 for one in ledger.transactions if not one.status) <= 1
    for entry in ledger.releases.values():
        assert entry.predecessor is None or entry.predecessor in ledger.releases
    previous = ledger.previous(ledger.serving)
    assert previous is None or ledger.is_startable(previous)


def test_every_prefix_is_a_consistent_ledger() -> None:
    """Cut at any byte: the good records before the cut count, nothing else, and the next record fits on."""
    story = _story()
    lines = [render_record(record) for record in story]
    content = b"".join(lines)
    ends = [sum(map(len, lines[: index + 1])) for index in range(len(lines))]
    serving_at = {index: fold_records(story[:index]).serving for index in range(len(lines) + 1)}
    for cut in range(len(content) + 1):
        records, end = parse_records(content[:cut])
        # A record that lacks its newline alone is whole.
        whole = sum(1 for end in ends if end - 1 <= cut)
        assert records == story[:whole]
        assert end == min(cut, ends[whole - 1] if whole else 0)
    for whole in range(len(story) + 1):
        _check(fold_records(story[:whole]), serving_at, whole)


def test_writer_cuts_off_a_torn_end_and_goes_on(tmp_path: Path) -> None:
    """After any cut an appended record is read back, and its number follows the last good one."""
    lines = [render_record(record) for record in _story()[:4]]
    path = tmp_path / "journal.jsonl"
    start = len(b"".join(lines[:3]))
    for cut in range(start, start + len(lines[3]) + 1):
        path.write_bytes(b"".join(lines)[:cut])
        with Journal(path) as journal:
            record = journal.append(END, tx=1, release="000001", status="reverted")
        assert [one.seq for one in read_journal(path)] == list(range(1, record.seq + 1))
        assert path.read_bytes().endswith(b"\n")


def test_garbage_never_stops_the_reader(tmp_path: Path) -> None:
    """Flipped bytes, lost pages and foreign lines cost the records that they hit, and no other."""
    story = _story()
    content = b"".join(render_record(record) for record in story)
    path = tmp_path / "journal.jsonl"
    chance = random.Random(7)  # noqa: S311 - a seeded choice of places
    for _ in range(60):
        spoiled = bytearray(content)
        for _ in range(chance.randint(1, 6)):
            place = chance.randrange(len(spoiled))
            length = chance.choice((1, 1, 1, 40, 4096))
            spoiled[place : place + length] = bytes(
                chance.randrange(256) for _ in range(len(spoiled[place : place + length]))
            )
        path.write_bytes(bytes(spoiled))
        good = {one.seq for one in read_journal(path)}
        assert all(one == story[one.seq - 1] for one in read_journal(path))
        fold_records(read_journal(path))
        with Journal(path) as journal:
            journal.append(PHASE, tx=1, phase="verify")
        assert good <= {one.seq for one in read_journal(path)}


def test_what_was_read_before_is_no_reason_to_overlook_a_change(tmp_path: Path) -> None:
    """A file that is read again and again is told as it is: grown, torn, cut, or another one."""
    path = tmp_path / "journal.jsonl"
    lines = [render_record(record) for record in _story()]
    whole, other = b"".join(lines), b"".join(lines).replace(b"alice", b"bobby")
    contents = [b"".join(lines[:count]) for count in range(len(lines) + 1)]
    contents += [whole + lines[3], whole + b"garbage", whole[:-20], whole[:-1], whole, other, b"", whole]
    for content in contents:
        path.write_bytes(content)
        assert read_journal(path) == parse_records(content)[0]
        read_journal(path).clear()


def test_a_full_disk_leaves_the_journal_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that does not fit is taken back: half of it would swallow the next one."""
    path = tmp_path / "journal.jsonl"
    write = os.pwrite
    with Journal(path) as journal:
        journal.append(PHASE, tx=1, phase="pull")
        monkeypatch.setattr(os, "pwrite", lambda handle, line, at: write(handle, line[:9], at))
        with pytest.raises(OSError, match="9 of"):
            journal.append(PHASE, tx=1, phase="start")
        assert path.read_bytes() == render_record(journal.records[0])
        monkeypatch.undo()
        journal.append(PHASE, tx=1, phase="verify")
    assert [one.data["phase"] for one in read_journal(path)] == ["pull", "verify"]


def test_records_of_another_version_are_passed_over() -> None:
    """A record whose fields are not ours changes nothing."""
    odd = [
        Record(1, 0.0, BEGIN, {}),
        Record(2, 0.0, "novelty", {"x": 1}),
        Record(3, 0.0, COMMIT, {"tx": 1}),
        Record(4, 0.0, JOB, {}),
    ]
    assert fold_records(odd) == Ledger()
