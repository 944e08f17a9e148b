"""The real agent and the real engine of this machine, reached by the real client's session: a server without ssh."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.errors import CommandFailedError
from fairlead.host.wire.frames import Frame
from fairlead.remote.session import Blob, Session, Traffic, loader_argv
from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage


@dataclass(frozen=True)
class Answer:
    """What came back: the events, the last of which is the result."""

    events: Sequence[Frame]

    @property
    def result(self) -> Frame:
        return self.events[-1]

    @property
    def text(self) -> str:
        return json.dumps(self.events)


def ask(stage: Stage, request: Mapping[str, Any], blobs: Sequence[Blob] = ()) -> Answer:
    """Ask the agent of the stage's root, as the command does."""
    events: list[Frame] = []
    argv = [sys.executable, *loader_argv()[1:]]
    named = {"app": stage.app, "environment": "production"}
    with Session(argv, _lost, Traffic(), env={"FAIRLEAD_ROOT": str(stage.root)}) as session:
        events.append(session.ask({**named, **request}, blobs, events.append))
    return Answer(events)


def deploy(stage: Stage, sheet: Sheet, secrets: Mapping[str, bytes] | None = None, **fields: Any) -> Answer:
    """Deploy a release, with its files and the values of its secrets."""
    files = [Blob("file", sha256, content) for sha256, content in sheet.blobs.items()]
    values = [Blob("secret", name, value) for name, value in (secrets or {}).items()]
    request = {"request": "deploy", "release": sheet.document(), "options": {}, "by": "alice", **fields}
    return ask(stage, request, [*files, *values])


def written(folder: Path) -> dict[Path, bytes]:
    """Every file below the folder, but for the vault itself."""
    return {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and "secrets" not in path.relative_to(folder).parts
    }


def _lost(stderr: str) -> CommandFailedError:
    return CommandFailedError("lost", details=tuple(stderr.splitlines()))
