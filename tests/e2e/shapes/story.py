"""What happens to an app of one shape: good releases, bad ones, back, and away; and what came of each."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fairlead.lab.state import Lab, Server
from tests.e2e.shapes.visitors import GOOD, Visitors, ask
from tests.e2e.workbench import Workbench

APPS = Path(__file__).parent / "apps"
FAULTS = ("loopback", "crash", "later", "error", "hang")
"""It listens on the loopback only, crashes at once, crashes ten seconds later, answers 500, or never answers."""


@dataclass(frozen=True)
class Shape:
    """One shape of app. ``keeps``: whether it has data; ``port`` and ``headers``: how users reach it.

    ``gap``: whether its release stops what serves before it starts; ``says``: what its first page says, by version.
    """

    name: str
    keeps: bool = False
    gap: bool = False
    port: int = 80
    headers: Mapping[str, str] = field(default_factory=dict)
    says: Callable[[str], str] = lambda version: f"web {version}"
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """What came of one step: the exit code, what users saw, and whether what was written is there."""

    step: str
    code: int
    users: str
    serves: str
    data: str
    lost: int = 0

    @property
    def row(self) -> str:
        return f"{self.step}: {self}"

    def __str__(self) -> str:
        return f"exit {self.code}; answered {self.users}; then `{self.serves}`; data {self.data}"


class Story:
    """An app of one shape on one server."""

    def __init__(self, shape: Shape, folder: Path, lab: Lab, server: Server, image: str) -> None:
        self.shape = shape
        self.cells: list[Cell] = []
        self.told = ""
        """All of it so far, with what was said of failures."""
        self._image = image
        self.written: list[str] = []
        self._settings: Mapping[str, str] = {"VERSION": "0", "FAULT": ""}
        root = folder / shape.name
        shutil.copytree(APPS / shape.name, root)
        self._template = (root / "fairlead.yaml").read_text()
        self.bench = Workbench(root, lab, server, secrets=shape.secrets)
        self.bench.git("init", "--quiet", "--initial-branch", "main")

    def release(self, version: str, fault: str = "") -> Cell:
        """Commit a version, with what is wrong with it, and deploy it."""
        self._settings = {"VERSION": version, "FAULT": fault}
        variables = ", ".join(
            f'{name}: "{value}"' for name, value in {**self._settings, "IMAGE": self._image}.items()
        )
        text = self._template.replace("@SERVER@", self.bench.server.address)
        (self.bench.root / "fairlead.yaml").write_text(text.replace("@VARIABLES@", f"{{{variables}}}"))
        if not self.cells:
            # It breaks rules of the policy: what is there today is accepted, as one does with an app of old.
            self.bench.ok("validate", "--write-baseline")
        self.bench.commit(f"{version} {fault}".strip())
        return self._do(fault or f"release {version}", "deploy")

    def rollback(self) -> Cell:
        """Back to the release before."""
        return self._do("rollback", "rollback")

    def remove(self) -> Cell:
        """Take the app away, and leave its data."""
        return self._do("remove", "remove", "--yes")

    def write(self) -> None:
        """Let a user leave something that must never be lost."""
        if self.shape.keeps:
            note = secrets.token_hex(4)
            status, text = self.ask("/notes", method="POST", body=note)
            assert status == 201, (status, text)
            self.written.append(note)

    def ask(self, path: str = "/", **words: str) -> tuple[int, str]:
        """As a user does."""
        return ask(self.bench.server.address, self.shape.port, path, headers=self.shape.headers, **words)

    @property
    def serves(self) -> str:
        """What a user gets now."""
        status, text = self.ask()
        return text if 0 < status < GOOD else f"nothing ({status or text})"

    def _do(self, step: str, *words: str) -> Cell:
        with Visitors(self.bench.server.address, self.shape.port, self.shape.headers) as visitors:
            ended = self.bench.fairlead(*words)
        users = visitors.told() if self.cells else "-"
        cell = Cell(step, ended.code, users, self.serves, self._data(), visitors.lost if self.cells else 0)
        self.cells.append(cell)
        self.told += f"{cell.row}\n{ended.stderr if ended.code else ''}"
        return cell

    def _data(self) -> str:
        if not self.written:
            return "-"
        status, text = self.ask("/notes")
        if status != 200:
            return "not to be read"
        missing = len(set(self.written) - set(text.split()))
        return f"{missing} of {len(self.written)} lost" if missing else f"all of {len(self.written)}"
