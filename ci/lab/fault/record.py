"""What is written down about a fault before it begins: how to undo it, and when. One file each, in the lab's folder."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.fault.plan import Step
from lab.state import Lab, write_private

_CLAIMED = ".claimed"


@dataclass(frozen=True)
class Record:
    """A fault that lasts. ``until`` is in seconds since the epoch."""

    path: Path
    fault: str
    server: str
    until: float
    undo: tuple[Step, ...]


def faults_folder(lab: Lab) -> Path:
    """Where a lab's records lie: beside its keys, and gone with it."""
    return lab.identity.parent / "faults"


def write_record(folder: Path, fault: str, server: str, until: float, undo: Sequence[Step]) -> Record:
    """Write one down."""
    path = folder / f"{secrets.token_hex(6)}.json"
    document = {
        "schema": "fairlead.lab-fault-record/v1",
        "fault": fault,
        "server": server,
        "until": until,
        "undo": [
            {
                "words": step.words,
                "stdin": base64.b64encode(step.stdin).decode(),
                "tolerant": step.tolerant,
            }
            for step in undo
        ],
    }
    write_private(path, json.dumps(document).encode())
    return read_record(path)


def read_record(path: Path) -> Record:
    """Read one.

    Raises:
        FileNotFoundError: the fault is undone.
    """
    document = json.loads(path.read_text())
    undo = tuple(
        Step(tuple(step["words"]), base64.b64decode(step["stdin"]), bool(step["tolerant"]))
        for step in document["undo"]
    )
    return Record(path, document["fault"], document["server"], float(document["until"]), undo)


def list_records(folder: Path) -> list[Record]:
    """Every fault that is not undone, those that somebody began to undo included."""
    records = []
    for path in sorted(folder.glob("[0-9a-f]*.json*")):
        try:
            records.append(read_record(path))
        except FileNotFoundError:
            continue
    return records


def claim(record: Record) -> Record | None:
    """Take it upon oneself to undo a fault; None when another does."""
    if record.path.suffix == _CLAIMED:
        return record
    claimed = record.path.with_name(record.path.name + _CLAIMED)
    try:
        record.path.rename(claimed)
    except FileNotFoundError:
        return None
    return Record(claimed, record.fault, record.server, record.until, record.undo)
