"""A conversation at the door, in this process."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.disk import record
from fairlead.host.disk.record import AuditLog, render_line
from fairlead.host.door.door import Door
from fairlead.host.wire.frames import FrameReader, FrameWriter
from fairlead.host.wire.restriction import Restriction


class Said:
    """A conversation at the door, and the lines that it left in the host's log."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.lines: list[str] = []
        monkeypatch.setattr(
            record, "write_line", lambda what, told: self.lines.append(render_line(what, told))
        )

    def ask(
        self, restriction: Restriction, *asked: Mapping[str, Any], raw: bytes = b""
    ) -> list[dict[str, Any]]:
        """The answers to these requests."""
        content = raw or b"".join(json.dumps(one).encode() + b"\n" for one in asked)
        here, there = os.memfd_create("asked"), os.memfd_create("told")
        try:
            os.write(here, content)
            os.lseek(here, 0, os.SEEK_SET)
            recorder = AuditLog(restriction, {"SSH_CONNECTION": "192.0.2.7 50022 192.0.2.1 22"})
            Door(self.root, FrameReader(here), FrameWriter(there), ("agent",), restriction, recorder).serve()
            return [json.loads(line) for line in os.pread(there, 1 << 24, 0).splitlines()]
        finally:
            os.close(here)
            os.close(there)
