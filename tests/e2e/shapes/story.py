"""What happens to an app of one shape: good releases, bad ones, back, and away; and what came of each."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.e2e.shapes.delivery import Delivery
from tests.e2e.shapes.visitors import GOOD, Caller, Visitors, ask
from tests.ended import Ended
from tests.patience import PATIENCE

NOTHING = "nothing"
_SOON = 3.0
_POLL = 0.2
FAULTS = ("loopback", "crash", "later", "error", "hang")
"""It listens on the loopback only, crashes at once, crashes ten seconds later, answers 500, or never answers."""


@dataclass(frozen=True)
class Shape:
    """One shape of app. ``keeps``: whether it has data; ``port`` and ``headers``: how users reach it.

    ``gaps``: the releases in which requests may be lost, since what serves is stopped before the new one starts, or what
    users send is sent once, whatever comes of it; ``says``: what its first page says, by version.
    """

    name: str
    keeps: bool = False
    gaps: Sequence[str] = ()
    port: int = 80
    headers: Mapping[str, str] = field(default_factory=dict)
    says: Callable[[str], str] = lambda version: f"web {version}"
    secrets: Mapping[str, str] = field(default_factory=dict)
    caller: Caller = ask
    builds: bool = False
    php: bool = False
    faults: Sequence[str] = FAULTS
    short: str = ""
    long: bool = False
    """``builds``: it builds its images itself; ``php``: its page is in PHP; ``short``: its fault in the short form,
    which with ``long`` `make test-all` tries."""


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

    def __init__(self, shape: Shape, delivery: Delivery, address: str, images: Mapping[str, str]) -> None:
        self.shape = shape
        self.cells: list[Cell] = []
        self.told = ""
        """All of it so far, with what was said of failures."""
        self.written: list[str] = []
        self._delivery = delivery
        self._address = address
        self._images = images

    def release(self, version: str, fault: str = "") -> Cell:
        """Bring a version, with what is wrong with it."""
        settings = {"VERSION": version, "FAULT": fault, "IMAGE": self._images[version]}
        return self._do(fault or f"release {version}", lambda: self._delivery.release(settings))

    def rollback(self) -> Cell:
        """Back to the release before."""
        return self._do("rollback", self._delivery.rollback)

    def remove(self) -> Cell:
        """Take the app away, and leave its data."""
        return self._do("remove", self._delivery.remove)

    def recover(self) -> None:
        """After a bad release, let the good one serve, and wait until it does."""
        self._delivery.recover()
        patience = time.monotonic() + PATIENCE
        while self.serves.startswith(NOTHING):
            assert time.monotonic() < patience, self.told
            time.sleep(_POLL)

    def write(self) -> None:
        """Let a user leave something that must never be lost."""
        if self.shape.keeps:
            note = secrets.token_hex(4)
            status, text = self.ask("/notes", method="POST", body=note)
            assert status == 201, (status, text)
            self.written.append(note)

    def ask(self, path: str = "/", **words: str) -> tuple[int, str]:
        """As a user does."""
        return ask(self._address, self.shape.port, path, headers=self.shape.headers, **words)

    @property
    def serves(self) -> str:
        """What a user gets now."""
        shape = self.shape
        status, text = shape.caller(self._address, shape.port, headers=shape.headers)
        return text if 0 < status < GOOD else f"{NOTHING} ({status or text})"

    def _do(self, step: str, act: Callable[[], Ended]) -> Cell:
        shape = self.shape
        with Visitors(self._address, shape.port, shape.headers, shape.caller) as visitors:
            ended = act()
            visitors.stay(self._delivery.after if step in FAULTS else min(self._delivery.after, _SOON))
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
