"""Who did what, when, and how it ended: an append-only file of JSON lines, fsynced record by record.

Each line carries a sequence number and a checksum over the rest of it, so that a line that a power cut
left half written, or a full disk garbled, is told from a good one. Reading never fails for such a line:
a torn end is cut off by the next writer, under the app's lock; a bad line in the middle is passed over.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .atomic import sync_folder
from .hide import VaultMask
from .paths import Paths

BEGIN = "begin"
PHASE = "phase"
JOB = "job"
PULLED = "pulled"
COMMIT = "commit"
END = "end"
PRUNED = "pruned"
MENDED = "mended"
KEPT = "kept"

_CHECKSUM_CHARS = 16
_READ: dict[Path, tuple[bytes, list[Record], int]] = {}
"""What was good of each journal when it was read last, its records, and how long it was."""


@dataclass(frozen=True)
class Record:
    """One line: its number from 1, when it was written (epoch seconds), its kind, and what it says."""

    seq: int
    at: float
    type: str
    data: Mapping[str, Any]


class Journal:
    """The writer. Hold the app's lock while it is open."""

    def __init__(self, path: Path) -> None:
        """Open the journal and cut off what a crash left half written.

        Raises:
            OSError: no space, no permission.
        """
        made = not path.exists()
        self._mask = VaultMask(Paths(path.parent.parent, path.parent.name))
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        content = _read_all(self._handle)
        self.records, self._size = _parse_again(path, content)
        if self._size != len(content):
            os.ftruncate(self._handle, self._size)
            os.fsync(self._handle)
        if self._size and not content[: self._size].endswith(b"\n"):
            self._write(b"\n", sync=True)
        if made:
            sync_folder(path.parent)

    def append(self, kind: str, /, *, sync: bool = True, **data: Any) -> Record:
        """Write one record; when this returns it survives a power cut.

        What is told of an error holds the words of containers and tools: no value of a secret is written with them.
        ``sync=False`` is for what is only told, never decided upon: it becomes durable with the next record.

        Raises:
            OSError: no space; the file is as it was before.
        """
        if data.get("error"):
            data["error"] = self._mask.document(data["error"])
        seq = self.records[-1].seq + 1 if self.records else 1
        record = Record(seq, round(time.time(), 3), kind, data)
        self._write(render_record(record), sync=sync)
        self.records.append(record)
        return record

    def close(self) -> None:
        os.close(self._handle)

    def __enter__(self) -> Journal:  # noqa: PYI034 - `Self` came with Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, line: bytes, *, sync: bool) -> None:
        try:
            _write_whole(self._handle, line, self._size)
            if sync:
                os.fsync(self._handle)
        except OSError:
            # Half a line would swallow the next one.
            os.ftruncate(self._handle, self._size)
            raise
        self._size += len(line)


def read_journal(path: Path) -> list[Record]:
    """The good records of a journal, oldest first; none when there is no file. Needs no lock."""
    try:
        return _parse_again(path, path.read_bytes())[0]
    except FileNotFoundError:
        return []


def render_record(record: Record) -> bytes:
    """One line with its checksum and newline."""
    body = {"seq": record.seq, "at": record.at, "type": record.type, **record.data}
    return _canonical({**body, "sum": _checksum(body)}) + b"\n"


def parse_records(content: bytes) -> tuple[list[Record], int]:
    """The good records, and the length of the content up to the end of the last of them."""
    return _parse_on([], content, 0)


def _parse_again(path: Path, content: bytes) -> tuple[list[Record], int]:
    """The same for a file that this process has read before, mostly: only what was written since is parsed."""
    before, records, end = _READ.get(path, (b"", [], 0))
    if not (before.endswith(b"\n") and content.startswith(before)):
        records, end = [], 0
    records, end = _parse_on(records, content, end)
    _READ[path] = (content[:end], records, end)
    return list(records), end


def _parse_on(records: Sequence[Record], content: bytes, end: int) -> tuple[list[Record], int]:
    records = list(records)
    for line, position in _lines(content, end):
        record = _record(line)
        if record is not None and record.seq > (records[-1].seq if records else 0):
            records.append(record)
            end = position
    return records, end


def _lines(content: bytes, start: int) -> Iterator[tuple[bytes, int]]:
    """Each line from there on without its newline, and where the next one starts."""
    while start < len(content):
        newline = content.find(b"\n", start)
        stop = len(content) if newline < 0 else newline + 1
        yield content[start:stop].rstrip(b"\n"), stop
        start = stop


def _record(line: bytes) -> Record | None:
    try:
        body = json.loads(line)
        found = body.pop("sum")
        if not _is_as_written(line, found) and found != _checksum(body):
            return None
        return Record(int(body.pop("seq")), float(body.pop("at")), str(body.pop("type")), body)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _is_as_written(line: bytes, found: str) -> bool:
    """Whether the line without its checksum has it: a third of the time that rendering the record again takes."""
    before, mark, after = line.partition(b',"sum":"%s"' % found.encode())
    return bool(mark) and hashlib.sha256(before + after).hexdigest()[:_CHECKSUM_CHARS] == found


def _checksum(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(body)).hexdigest()[:_CHECKSUM_CHARS]


def _canonical(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def _write_whole(handle: int, line: bytes, position: int) -> None:
    written = os.pwrite(handle, line, position)
    if written != len(line):
        raise OSError(f"wrote {written} of {len(line)} bytes to the journal")


def _read_all(handle: int) -> bytes:
    parts: list[bytes] = []
    while True:
        part = os.read(handle, 1 << 20)
        if not part:
            return b"".join(parts)
        parts.append(part)
