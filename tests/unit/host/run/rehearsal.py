"""A transaction with pretend phases: an app of files and a dictionary, on which everything but the phases is real."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Optional
from unittest import mock

from fairlead.host.disk.fold import fold_records
from fairlead.host.disk.journal import Journal, Record, render_record
from fairlead.host.disk.layout import make_layout
from fairlead.host.disk.ledger import DEPLOY, ROLLBACK, Ledger, Rotation
from fairlead.host.disk.orders import give_order
from fairlead.host.disk.paths import Paths, app_paths
from fairlead.host.disk.routes import open_dark, open_inside, read_live, switch_to, write_routes
from fairlead.host.plan.plan import Plan
from fairlead.host.run import graceful, transaction
from fairlead.host.run.context import Deploy, Host, Outcome
from fairlead.host.run.phases.commit import run_commit
from fairlead.host.run.recover import recover
from fairlead.host.run.table import PHASES, Phase
from fairlead.host.shape.bundle import Bundle, read_bundle, write_bundle
from fairlead.host.wire import labels
from fairlead.host.wire.document import parse_release
from fairlead.host.wire.events import render_event
from fairlead.host.wire.fleet import STOP, Fleet
from fairlead.host.wire.planned import Action
from fairlead.host.wire.request import Options, RollbackRequest
from fairlead.host.wire.result import Event, Result
from tests.unit.host.pretend import PretendEngine
from tests.unit.host.samples import document, nothing
from tests.unit.host.stories import APP, NEW, OLD, tell_story

TASK = "t"
ROLLED = ("api", "web", "worker")
ACTIONS = (
    Action("web", "app", "start", "image changed", "web@sha256:1"),
    Action("db", "state", "keep", "unchanged", "postgres@sha256:1"),
)


@dataclass(frozen=True)
class Piece:
    """What is played: ``previous`` serves, and ``target`` is to."""

    name: str
    kind: str
    target: str
    previous: Optional[str]
    fleet: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def phases(self) -> tuple[Phase, ...]:
        """Those that it has."""
        return tuple(one for one in PHASES if self.kind in one.kinds and (self.fleet or not one.facts.holds))


PIECES = tuple(
    Piece(f"{name} of several hosts" if fleet else name, kind, target, previous, fleet)
    for name, kind, target, previous in (
        ("first deploy", DEPLOY, NEW, None),
        ("deploy", DEPLOY, NEW, OLD),
        ("rollback", ROLLBACK, OLD, NEW),
    )
    for fleet in (False, True)
)


@dataclass(frozen=True)
class Deed:
    """What was done to a container, which release served then, and whether the transaction had ended."""

    verb: str
    name: str
    live: Optional[str]
    ended: bool


class WatchedEngine(PretendEngine):
    """Writes down what is done to containers, and fails while it is ``dead``."""

    def __init__(self, note: Callable[[str, str], None]) -> None:
        super().__init__()
        self._note = note
        self.dead: Optional[Exception] = None

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, object],
        *,
        body: Optional[Mapping[str, Any]] = None,
        timeout: float = 60.0,
    ) -> Any:
        if self.dead is not None and method != "GET":
            raise self.dead
        words = path.strip("/").split("/")
        if words[0] == "containers" and method != "GET" and words[1] in self.raw:
            self._note("remove" if method == "DELETE" else words[2], words[1])
        return super().call(method, path, query, body=body, timeout=timeout)


@dataclass
class Rehearsal:
    """One transaction: ``faults`` are raised by the phases of these names, one a run, at once or ``late``.

    ``stop_in`` is the phase in which the client says stop, after its deed; ``begun`` are the phases that were run,
    ``told`` is the result that went out before the end, and after how many phases.
    """

    root: Path
    piece: Piece
    faults: dict[str, list[BaseException]] = field(default_factory=dict)
    late: bool = False
    stop_in: str = ""
    act: Optional[Callable[[Deploy, str], None]] = None
    rotations: Mapping[str, Rotation] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    events: list[Mapping[str, Any]] = field(default_factory=list)
    told: list[tuple[Result, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        self.paths: Paths = app_paths(self.root, APP)
        self.engine = WatchedEngine(self._note)
        shutil.copytree(
            _find_home(self.root.parent, first=self.piece.previous is None), self.root, symlinks=True
        )
        for service, role in (("caddy", "proxy"), ("db", "state")):
            self.engine.add(APP, service, "")
            self.engine.raw[f"{APP}-{service}-1"]["Config"]["Labels"][labels.ROLE] = role
        self.before = [] if self.piece.previous is None else _history(self.piece)
        self.paths.journal.write_bytes(b"".join(map(render_record, self.before)))
        if self.piece.previous is not None:
            switch_to(self.paths, self.piece.previous)
            self._add(self.piece.previous)
        if self.piece.kind == ROLLBACK:
            self._add(self.piece.target, running=False)
        self.ran_before = self.engine.running()

    def run(self) -> Result:
        """From the first record to the result, as ``run.deploy`` does it."""
        with Journal(self.paths.journal) as self.journal:
            host = Host(self.paths, self.engine, self.journal, self._hear)
            timeline = transaction.Timeline(self._hear)
            timeline.begin(PHASES[0].name)
            table = tuple(replace(one, run=partial(self._run_phase, one.name)) for one in PHASES)
            with mock.patch.object(transaction, "PHASES", table), mock.patch.object(graceful, "_POLL", 0.001):
                deploy = self._deploy(host)
                transaction.begin_transaction(deploy)
                return transaction.run_transaction(
                    deploy, timeline, lambda result: self.told.append((result, len(self.begun)))
                )

    def _hear(self, event: Event) -> None:
        self.events.append(render_event(event))

    def recover(self) -> Ledger:
        """What the next command does first."""
        self.engine.dead = None
        with Journal(self.paths.journal) as self.journal:
            recover(Host(self.paths, self.engine, self.journal, self._hear))
            return fold_records(self.journal.records)

    @property
    def live(self) -> Optional[str]:
        return read_live(self.paths)

    @property
    def written(self) -> list[Record]:
        """The journal since the transaction began."""
        with Journal(self.paths.journal) as journal:
            return journal.records[len(self.before) :]

    @property
    def warnings(self) -> list[str]:
        return [str(one["text"]) for one in self.events if one.get("level") == "warning"]

    def verbs(self) -> list[tuple[str, set[str]]]:
        """What was done to containers in a row, and to which of them."""
        groups = itertools.groupby(self.deeds, key=lambda deed: deed.verb)
        return [(verb, {deed.name for deed in deeds}) for verb, deeds in groups]

    def containers(self, release: str) -> set[str]:
        """The names of those of a release that are there."""
        return {name for name in self.engine.raw if f"-{release}-" in name}

    def _deploy(self, host: Host) -> Deploy:
        piece = self.piece
        target = read_bundle(self.paths, piece.target)
        assert target is not None
        facts = (piece.kind, APP, piece.target, piece.previous, ACTIONS, (), False, False)
        plan = Plan(*facts, rotations=self.rotations)
        options = Options(fleet=Fleet(hosts=("a", "b")) if piece.fleet else None, reason="pages are slow")
        request = RollbackRequest(TASK, options=options, by="alice")
        return Deploy(host, request, nothing(), plan, target)

    def _run_phase(self, name: str, deploy: Deploy) -> Outcome:
        self.begun.append(name)
        if not self.late:
            self._fail(name)
        {"start": self._start, "switch": self._switch, "commit": run_commit, "retire": self._retire}.get(
            name, lambda _: None
        )(deploy)
        if name == self.stop_in:
            give_order(self.paths.task(TASK), STOP, "enough")
        if self.act is not None:
            self.act(deploy, name)
        self._fail(name)
        return Outcome(detail=name, skipped=name == "pull")

    def _fail(self, name: str) -> None:
        if self.faults.get(name):
            # What follows is what is done about it.
            self.deeds.clear()
            raise self.faults[name].pop(0)

    def _start(self, deploy: Deploy) -> None:
        open_dark(self.paths, deploy.target.id)
        open_inside(self.paths, deploy.target.id, {})
        self._add(deploy.target.id)

    def _switch(self, deploy: Deploy) -> None:
        switch_to(self.paths, deploy.target.id)

    def _retire(self, deploy: Deploy) -> None:
        for name in self.containers(deploy.plan.previous or "none"):
            self.engine.stop(name, grace=1)

    def _add(self, release: str, *, running: bool = True) -> None:
        for service in ROLLED:
            self.engine.add(APP, service, release, running=running)

    def _note(self, verb: str, name: str) -> None:
        ended = any(one.type == "end" for one in self.journal.records[len(self.before) :])
        self.deeds.append(Deed(verb, name, self.live, ended))


def _find_home(folder: Path, *, first: bool) -> Path:
    """The folders of an app with its releases, made once and copied from then on."""
    home = folder / ("first" if first else "home")
    if not home.exists():
        paths = app_paths(home, APP)
        make_layout(paths)
        paths.task(TASK).mkdir(parents=True)
        for release in [NEW] if first else [OLD, NEW]:
            _write_release(paths, release)
    return home


def _write_release(paths: Paths, release: str) -> None:
    options = {"start_timeout": 1, "drain_timeout": 0, "keep": 5}
    made = parse_release(document(revision=release * 6 + "0000", options=options, events=None))
    write_bundle(paths, Bundle(release, made, dict.fromkeys(made.rolled, release)))
    write_routes(paths, release, {name: f"{name}-{release}" for name in made.routes})


def _history(piece: Piece) -> list[Record]:
    records, before = tell_story(piece.kind)
    return records[:before]
