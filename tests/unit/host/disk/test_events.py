"""Events outlive connections: appended, followed, read from the start or from where somebody stopped."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from fairlead.host.disk.events import Emitter, follow_events
from fairlead.host.wire.events import NoteEvent, render_event
from fairlead.host.wire.result import Result


def _follow(path: Path, *, alive: bool, start: int = 0, gone: bool = False) -> list[dict[str, object]]:
    return list(follow_events(path, alive=lambda: alive, gone=lambda: gone, start=start))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "events.jsonl"
    emit = Emitter(path)
    for number in range(3):
        emit(NoteEvent(text=str(number)))
    emit(Result("ok"))
    assert emit.ended
    emit.close()
    return path


def test_a_late_reader_sees_all_of_it(path: Path) -> None:
    assert [event.get("text") for event in _follow(path, alive=False)] == ["0", "1", "2", None]


def test_a_reader_that_comes_back_goes_on_where_it_stopped(path: Path) -> None:
    assert [event.get("text") for event in _follow(path, alive=True, start=2)] == ["2", None]


def test_the_result_is_told_even_to_a_reader_who_has_seen_everything(path: Path) -> None:
    assert _follow(path, alive=True, start=99) == [render_event(Result("ok"))]


def test_what_a_full_disk_cuts_off_swallows_nothing_else(tmp_path: Path) -> None:
    """A limit on the size of files makes the kernel cut a write short, as a full disk does."""
    path = tmp_path / "events.jsonl"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    emit = Emitter(path)
    emit(NoteEvent(text="first"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, before[1]))
    try:
        for text in ("cut off", "no room at all"):
            emit(NoteEvent(text=text))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    emit(Result("ok"))
    emit.close()
    assert [event.get("text") for event in _follow(path, alive=False)] == ["first", None]


def test_a_writer_that_dies_ends_the_reading_without_a_result(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"event":"note","text":"last words"}\n{"event":"resu')
    assert _follow(path, alive=False) == [{"event": "note", "text": "last words"}]


def test_a_reader_that_has_gone_ends_the_reading(tmp_path: Path) -> None:
    assert _follow(tmp_path / "none", alive=True, gone=True) == []


def test_damaged_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'\x00\xff\n[1]\n\n{"event":"result"}\n')
    assert _follow(path, alive=True) == [{"event": "result"}]


def test_a_full_disk_does_not_fail_who_tells(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    emit = Emitter(tmp_path / "events.jsonl")
    emit.close()
    emit(NoteEvent())
    assert not emit.ended
