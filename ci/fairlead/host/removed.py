"""Which apps were removed from this host, for whoever asks where one has gone: its own history went with it.

``<root>/removed.jsonl``, a line each: ``at`` (epoch seconds), ``app``, ``by``, ``volumes`` (whether its data went too)
and ``volumes_kept``, the names of those that stayed.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

from .errors import InputFault
from .text import stamp

_FILE = "removed.jsonl"


def write_removed(root: Path, app: str, marker: Mapping[str, Any], kept: Sequence[str]) -> None:
    """Add the line of an app that is gone; ``marker`` says who asked, and for what."""
    record = {
        "at": round(time.time(), 3),
        "app": app,
        "by": marker.get("by", ""),
        "volumes": marker.get("volumes"),
        "volumes_kept": list(kept),
    }
    with (root / _FILE).open("a") as stream:
        stream.write(json.dumps(record) + "\n")


def find_removed(root: Path, app: str) -> Optional[Mapping[str, Any]]:
    """The last line of an app; None where it was never removed, or nothing can be read."""
    with contextlib.suppress(OSError):
        for line in reversed((root / _FILE).read_text(errors="replace").splitlines()):
            with contextlib.suppress(ValueError):
                record = json.loads(line)
                if isinstance(record, dict) and record.get("app") == app:
                    return record
    return None


def explain_removed(app: str, record: Mapping[str, Any]) -> InputFault:
    """What to tell who asks for an app that was removed: when, by whom, and how to delete what stayed of it."""
    kept = [name for name in record.get("volumes_kept") or () if isinstance(name, str)]
    by = f" by {record['by']}" if record.get("by") else ""
    at = record.get("at")
    data = f"; its volumes stayed: {', '.join(kept)}" if kept else ""
    rest = f", or delete its data on the host: `docker volume rm {' '.join(kept)}`" if kept else ""
    return InputFault(
        f"the app {app} was removed from this host",
        why=f"on {stamp(at if isinstance(at, float) else None)}{by}{data}",
        fix=f"deploy it to have it back{rest}",
    )
