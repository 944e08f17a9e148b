"""Which apps were removed from this host, for whoever asks where one has gone, and the journals that they left.

``<root>/removed.jsonl``, a line each: ``at`` (epoch seconds), ``app``, ``owner`` (repository and environment), ``by``, ``key`` (the fingerprint, where it is
known), ``volumes`` (whether its data went too), ``volumes_kept``, the names of those that stayed, ``data_kept``, the
folders that did. The journal of an app that is gone lies in ``<root>/removed.journals/``: who did what to it is not for its remover to forget.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from ..disk.atomic import make_folder, open_private, sync_folder
from ..disk.paths import Paths
from ..engine.engine import Engine
from ..wire.errors import InputFault
from ..wire.owner import Owner, parse_owner
from ..wire.plainjson import parse_json
from ..wire.text import stamp

_FILE = "removed.jsonl"
_JOURNALS = "removed.journals"
"""No app can have this name: there is a dot in it."""


def write_removed(
    root: Path, app: str, marker: Mapping[str, Any], kept: Sequence[str], data: Sequence[str]
) -> None:
    """Add the line of an app that is gone; ``marker`` says who asked, and for what."""
    record = {
        "at": round(time.time(), 3),
        "app": app,
        "owner": marker.get("owner"),
        "by": marker.get("by", ""),
        "key": marker.get("key", ""),
        "volumes": marker.get("volumes"),
        "volumes_kept": list(kept),
        "data_kept": list(data),
    }
    with open_private(root / _FILE) as stream:
        stream.write(json.dumps(record) + "\n")


def keep_journal(root: Path, app: str, journal: Path) -> None:
    """Put the journal of an app that goes aside, beside those of the same name before it.

    Raises:
        OSError: it could not be; it is where it was.
    """
    if not journal.exists() or not journal.stat().st_size:
        return
    folder = root / _JOURNALS
    make_folder(folder)
    stem = f"{app}-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}"
    for number in itertools.count():
        with contextlib.suppress(FileExistsError):
            os.link(journal, folder / (f"{stem}.{number}.jsonl" if number else f"{stem}.jsonl"))
            break
    sync_folder(folder)
    journal.unlink()


def find_removed(root: Path, app: str) -> Optional[Mapping[str, Any]]:
    """The last line of an app; None where it was never removed, or nothing can be read."""
    with contextlib.suppress(OSError):
        for line in reversed((root / _FILE).read_text(errors="replace").splitlines()):
            with contextlib.suppress(ValueError):
                record = parse_json(line)
                if isinstance(record, dict) and record.get("app") == app:
                    return record
    return None


@dataclass(frozen=True)
class Kept:
    """What stayed of an app that was removed: volumes and folders that are still there, and whose they are."""

    owner: Owner
    volumes: Sequence[str]


def read_kept(paths: Paths, engine: Engine) -> Optional[Kept]:
    """The volumes and folders that stayed of the app of this name; None where there are none, or nobody knows whose they are.

    Raises:
        EngineFault: the engine does not answer.
    """
    record = find_removed(paths.root, paths.app) or {}
    owner = parse_owner(record.get("owner"))
    named, folders = _names(record, "volumes_kept"), _names(record, "data_kept")
    if owner is None or not (named or folders):
        return None
    found = engine.get("/volumes", filters=json.dumps({"name": named})).get("Volumes") or () if named else ()
    there = sorted({str(one["Name"]) for one in found} & set(named))
    there += [folder for folder in folders if Path(folder).is_dir()]
    return Kept(owner, there) if there else None


def _names(record: Mapping[str, Any], key: str) -> list[str]:
    found = record.get(key)
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def explain_removed(app: str, record: Mapping[str, Any]) -> InputFault:
    """What to tell who asks for an app that was removed: when, by whom, and how to delete what stayed of it."""
    kept, folders = _names(record, "volumes_kept"), _names(record, "data_kept")
    by = f" by {record['by']}" if record.get("by") else ""
    at = record.get("at")
    data = f"; its volumes stayed: {', '.join(kept)}" if kept else ""
    data += f"; its folders stayed: {', '.join(folders)}" if folders else ""
    delete = [f"`docker volume rm {' '.join(kept)}`"] if kept else []
    delete += [f"as root `rm -r {' '.join(folders)}`"] if folders else []
    rest = f", or delete its data on the host: {' and '.join(delete)}" if delete else ""
    return InputFault(
        f"the app {app} was removed from this host",
        why=f"on {stamp(at if isinstance(at, float) else None)}{by}{data}",
        fix=f"deploy it to have it back{rest}",
    )
