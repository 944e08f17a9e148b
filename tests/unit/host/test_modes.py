"""Whatever the agent writes is for its own user alone, but for what containers read, by whichever umask it runs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fairlead.host.disk import task
from fairlead.host.disk.events import EVENTS, Emitter
from fairlead.host.disk.journal import Journal
from fairlead.host.disk.keys import keep_key
from fairlead.host.disk.layout import make_layout
from fairlead.host.disk.ledger import Rotation
from fairlead.host.disk.lock import Holder, hold_lock
from fairlead.host.disk.orders import give_order, hand_on
from fairlead.host.disk.paths import Paths
from fairlead.host.disk.place import Place
from fairlead.host.disk.routes import open_dark, open_inside, switch_to, write_routes
from fairlead.host.disk.vault import store_secret, store_tree
from fairlead.host.door.intake import NOTHING, open_task
from fairlead.host.door.task_process import write_launcher
from fairlead.host.edge.claims import Claim, write_claim
from fairlead.host.edge.lifecycle import edge_lock
from fairlead.host.run.phases import migrate
from fairlead.host.run.removal import begin_removal
from fairlead.host.shape.bundle import Bundle, rewrite_projects, write_bundle
from fairlead.host.shape.rotation import write_rotations
from fairlead.host.state import removals
from fairlead.host.state.drain import start_drain
from fairlead.host.state.maintenance import start_maintenance
from fairlead.host.wire.events import PhaseEvent
from fairlead.host.wire.frames import FrameReader
from fairlead.host.wire.page import WantedPage
from fairlead.host.wire.release import FileTree, tree_digest
from tests.modes import OPEN, find_loose, find_unused
from tests.unit.host.samples import container, release


@pytest.fixture(params=[0, 0o022, 0o077], ids="{:03o}".format)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A host on which everything has been written that can be without an engine."""
    before = os.umask(request.param)
    try:
        root = tmp_path / "root"
        root.mkdir(0o750)
        _write_app(Paths(root, "board"), tmp_path)
        _write_edge(root)
        gone = Paths(root, "gone")
        _serve(gone)
        begin_removal(gone, by="me", volumes=True)
        removals.keep_journal(root, "gone", gone.journal)
        removals.write_removed(root, "gone", {"by": "me"}, ["gone_data"], [])
        yield root
    finally:
        os.umask(before)


def _serve(paths: Paths) -> None:
    make_layout(paths)
    one = release()
    bundle = Bundle("000001", one, dict.fromkeys(one.rolled, "000001"))
    write_bundle(paths, bundle)
    rewrite_projects(paths, bundle)
    write_routes(paths, "000001", dict.fromkeys(one.routes, "000001"))
    switch_to(paths, "000001")
    open_dark(paths, "000001")
    open_inside(paths, "000002", {"new": "new-000002"})
    with Journal(paths.journal) as journal:
        journal.append("seen")


def _write_app(paths: Paths, tmp_path: Path) -> None:
    name = _task(paths)
    _serve(paths)
    store_secret(paths, "password", b"secret")
    keep_key(paths, b"k" * 32)
    blobs = tmp_path / "blobs"
    blobs.mkdir(exist_ok=True)
    sha = hashlib.sha256(b"x").hexdigest()
    (blobs / sha).write_bytes(b"x")
    spec = FileTree(True, {"a/b.conf": (sha, 0o644)})
    store_tree(paths, tree_digest(spec), spec, blobs)
    start_drain(paths, ["/health/ready"])
    start_maintenance(paths, WantedPage(), "me")
    write_launcher(paths, ("python3", "agent"))
    write_rotations(paths, {"password": Rotation("000001", "a" * 64, frozenset())})
    with hold_lock(paths.lock, Holder("a deploy", "me", name, 1, 0.0), wait=0, on_wait=lambda _: None):
        pass


def _task(paths: Paths) -> str:
    here = os.memfd_create("asked")
    try:
        name = open_task(FrameReader(here), {"kind": "deploy"}, [], NOTHING, paths)
    finally:
        os.close(here)
    folder = paths.task(name)
    hand_on(folder, {"order": "switch"})
    give_order(folder, "commit")
    emit = Emitter(folder / EVENTS)
    emit(PhaseEvent("pull"))
    emit.close()
    engine = SimpleNamespace(logs=lambda *_, **__: iter(["a line"]))
    deploy = SimpleNamespace(paths=paths, request=SimpleNamespace(task=name), engine=engine)
    migrate._keep_output(cast("Any", deploy), release().services["migrate"], container("migrate"))
    assert task.list_tasks(paths) == [name]
    return name


def _write_edge(root: Path) -> None:
    place = Place(root)
    with edge_lock(place, "board"):
        write_claim(place, Claim("board", frozenset({"board.example.com"}), "https", "x.internal", 80))


def test_nobody_else_may_look_at_what_the_agent_writes(world: Path) -> None:
    assert find_loose(world) == []


def test_containers_still_read_what_is_theirs(world: Path) -> None:
    """Each mode that stands in the list is one that is there, so that no reason outlives what it was for."""
    made_with_an_engine = ("caddy", "edge/run", "(edge)")
    assert not [
        one for one in find_unused(world) if not any(word in one.lower() for word in made_with_an_engine)
    ]


def test_a_file_that_an_older_agent_left_open_is_closed(tmp_path: Path) -> None:
    (tmp_path / "removed.jsonl").touch(0o644)
    (tmp_path / "removed.jsonl").chmod(0o644)
    removals.write_removed(tmp_path, "gone", {}, [], [])
    assert find_loose(tmp_path) == []


def test_every_exception_has_a_reason() -> None:
    assert all(one.reason for one in OPEN)
