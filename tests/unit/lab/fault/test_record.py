from __future__ import annotations

import time
from pathlib import Path

import pytest

from lab.fault import guard, inflict
from lab.fault.plan import Step
from lab.fault.record import claim, list_records, read_record, write_record

UNDO = (Step(("exec", "lab-2", "x"), b"\0\xff", tolerant=True), Step(("start", "lab-2")))


def test_a_record_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    record = write_record(tmp_path, "pause", "lab-2", 1234.5, UNDO)
    assert list_records(tmp_path) == [record]
    assert (record.fault, record.server, record.until, record.undo) == ("pause", "lab-2", 1234.5, UNDO)
    assert record.path.stat().st_mode & 0o777 == 0o600


def test_one_of_two_undoes_a_fault(tmp_path: Path) -> None:
    record = write_record(tmp_path, "pause", "lab-2", 0, UNDO)
    assert claim(record) is not None
    assert claim(record) is None


def test_a_fault_whose_undoing_was_cut_short_is_still_on_record(tmp_path: Path) -> None:
    claim(write_record(tmp_path, "pause", "lab-2", 0, UNDO))
    (left,) = list_records(tmp_path)
    assert claim(left) == left


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    steps: list[Step] = []
    monkeypatch.setattr(inflict, "run_steps", steps.extend)
    return steps


def test_the_guard_undoes_a_fault_when_it_is_due(tmp_path: Path, ran: list[Step]) -> None:
    record = write_record(tmp_path, "pause", "lab-2", time.time() + 0.2, UNDO)
    guard.main(record.path)
    assert time.time() >= record.until
    assert tuple(ran) == UNDO
    assert list_records(tmp_path) == []


def test_the_guard_leaves_when_another_has_undone_the_fault(tmp_path: Path, ran: list[Step]) -> None:
    record = write_record(tmp_path, "pause", "lab-2", time.time() + 60, UNDO)
    record.path.unlink()
    guard.main(record.path)
    assert ran == []


def test_a_fault_whose_undoing_fails_stays_on_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise OSError("the engine is gone")

    monkeypatch.setattr(inflict, "run_steps", fail)
    record = write_record(tmp_path, "pause", "lab-2", 0, UNDO)
    with pytest.raises(OSError, match="gone"):
        inflict.undo(record)
    assert [read_record(one.path).undo for one in list_records(tmp_path)] == [UNDO]
