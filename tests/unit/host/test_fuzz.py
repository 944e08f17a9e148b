"""Hostile requests, bundles and journals: every one is answered in words, and nothing outside the app is touched.

Some inputs by default; ``FAIRLEAD_FUZZ=100000`` for the long run, ``FAIRLEAD_FUZZ_SEED`` for another seed.
An input that fails is told by its seed and number.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.disk import credentials, task
from fairlead.host.disk.credentials import drop_credentials
from fairlead.host.disk.fold import fold_records
from fairlead.host.disk.journal import Journal, Record, parse_records, read_journal, render_record
from fairlead.host.disk.layout import make_layout
from fairlead.host.disk.ledger import DEPLOY
from fairlead.host.disk.paths import Paths, app_paths
from fairlead.host.disk.routes import switch_to, write_routes
from fairlead.host.disk.vault import store_tree
from fairlead.host.run.context import Host
from fairlead.host.run.recover import recover
from fairlead.host.shape.bundle import Bundle, write_bundle
from fairlead.host.wire.errors import AgentError
from fairlead.host.wire.reading.tree import parse_tree
from fairlead.host.wire.release import FileTree, tree_digest
from fairlead.host.wire.request import parse_deploy_request
from tests.unit.host.fuzz import WATCH, ask, damage, damage_bytes, encode
from tests.unit.host.pretend import PretendEngine
from tests.unit.host.samples import document
from tests.unit.host.stories import OLD, tell_story

_REPAIRED = 5
"""A repair takes as long as a hundred readings: one in so many journals gets one."""
COUNT = int(os.environ.get("FAIRLEAD_FUZZ", "1500"))
pytestmark = pytest.mark.timeout(7200 if COUNT > 10_000 else 300)
SEED = os.environ.get("FAIRLEAD_FUZZ_SEED", "1")
CONFIG, VALUE = b"a config file\n", b"c4n4ry"


def _name(entry: Mapping[str, Any]) -> str:
    return tree_digest(parse_tree(entry))


SHA, SECRET = hashlib.sha256(CONFIG).hexdigest(), hashlib.sha256(VALUE).hexdigest()
FILE = {"kind": "file", "sha256": SHA, "mode": "0644"}
FOLDER = {
    "kind": "dir",
    "entries": {"a.conf": {"sha256": SHA, "mode": "0644"}, "d/b.conf": {"sha256": SHA, "mode": "0600"}},
}
PARTS = [
    {"kind": "file", "name": SHA},
    {"kind": "secret", "name": "password"},
    {"kind": "credentials", "name": ""},
]
BLOBS = (CONFIG, VALUE, b'{"auths": {}}')
DEPLOY_REQUEST = {
    "request": "deploy",
    "release": document(files={_name(FILE): FILE, _name(FOLDER): FOLDER}, secrets={"password": SECRET}),
    "options": {"allow_older": True, "lock_timeout": 1.5, "accept_recreate": ["db"], "only": []},
    "by": "alice",
    "parts": PARTS,
    "blobs": [len(blob) for blob in BLOBS],
}
REQUESTS: tuple[dict[str, Any], ...] = (
    DEPLOY_REQUEST,
    DEPLOY_REQUEST,
    {**DEPLOY_REQUEST, "request": "plan"},
    {
        "request": "rollback",
        "app": "board",
        "to": "000001",
        "options": {"accept_schema": "000002"},
        "by": "bob",
    },
    {
        "request": "rotate",
        "app": "board",
        "secrets": {"password": SECRET},
        "parts": PARTS[1:2],
        "blobs": [len(VALUE)],
    },
    {"request": "repair", "app": "board", "decision": "finish"},
    {"request": "state", "app": "board"},
    {"request": "history", "app": "board"},
    {"request": "logs", "app": "board", "service": "web", "tail": 10},
    {"request": "attach", "app": "board", "task": "20300131T235959-0a1b2c", "from": 3},
    {"request": "order", "app": "board", "task": "20300131T235959-0a1b2c", "order": "commit"},
    {"request": "drain", "app": "board", "seconds": 5},
    {"request": "undrain", "app": "board"},
    {"request": "maintenance", "app": "board", "on": True, "page": "<p>", "retry_after": 60, "by": "bob"},
    {"request": "remove", "app": "board", "data": True},
    {"request": "hello"},
)


@pytest.fixture
def root(memory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A root with one app that has served, an engine that is not there, and tasks that are worked on at once."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{memory}/no-engine.sock")
    monkeypatch.setattr(task, "start_task", lambda folder, _: _work(folder))
    paths = app_paths(memory / "fuzz" / "root", "board")
    make_layout(paths)
    # Elsewhere than those of others who deploy on this machine meanwhile.
    (paths.root.parent / "logins").mkdir()
    monkeypatch.setattr(credentials, "_PLACES", (str(paths.root.parent / "logins"),))
    (paths.root.parent / "canary").write_text("untouched")
    with Journal(paths.journal) as journal:
        for record in tell_story(DEPLOY)[0]:
            journal.append(record.type, **record.data)
    yield paths.root
    shutil.rmtree(paths.root.parent)


def _work(folder: Path) -> None:
    """What a task does with a request before any engine is asked: all that becomes a file."""
    raw = task.read_request(folder)
    drop_credentials(task.credentials_of(raw))
    if raw.get("kind") != "deploy":
        return
    try:
        request = parse_deploy_request(raw, folder / "blobs", None)
        paths = Paths(folder.parents[2], request.release.app)
        for tree, spec in request.release.files.items():
            store_tree(paths, tree, spec, folder / "blobs")
        shutil.rmtree(paths.release("000009"), ignore_errors=True)
        homes = dict.fromkeys(request.release.rolled, "000009")
        write_bundle(paths, Bundle("000009", request.release, homes))
        write_routes(paths, "000009", {name: f"{name}-000009" for name in request.release.routes})
    except AgentError:
        return


def _logins(root: Path) -> list[Path]:
    return list((root.parent / "logins").iterdir())


def _requests(count: int) -> Iterator[tuple[str, bytes]]:
    """Damaged conversations, each with what it is called."""
    for number in range(count):
        dice = random.Random(f"{SEED}/{number}")  # noqa: S311 - seeded damage
        frame = dice.choice(REQUESTS)
        blobs = b"".join(BLOBS) if len(frame.get("blobs", ())) == 3 else VALUE * len(frame.get("blobs", ()))
        how = dice.random()
        raw = encode(damage(frame, dice) if how < 0.8 else frame) + blobs
        yield f"seed {SEED}, input {number}", damage_bytes(raw, dice) if how > 0.7 else raw


def test_whatever_is_asked_is_answered_in_words(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """No exception reaches the boundary, no file outside the app's own folder is touched, no program is started."""
    for name, raw in _requests(COUNT * 9 // 10):
        # The root itself is asked to be there each time.
        with WATCH.over(str(root), f"{root.parent}/logins/"):
            code, events = ask(root, raw)
        assert WATCH.strayed == [], name
        assert code in {0, 2}, name
        assert _logins(root) == [], (name, "a login was left in memory")
        # Each looks for one like it among those that are there: thousands of a day are nobody's.
        shutil.rmtree(root / "board" / "tasks", ignore_errors=True)
        for event in events:
            assert "the agent failed" not in json.dumps(event.get("error")), (name, event)
        assert not events or events[-1]["event"] == "result", (name, events[-1:])
    assert "Traceback" not in capfd.readouterr().err
    assert sorted(path.name for path in root.parent.iterdir()) == ["canary", "logins", "root"]
    assert (root.parent / "canary").read_text() == "untouched"


def test_whatever_the_journal_says_it_is_read_and_repaired(root: Path) -> None:
    """Torn, garbled, or with fields of another kind under checksums that are right."""
    paths = app_paths(root, "board")
    records, before = tell_story(DEPLOY)
    for number in range(COUNT // 10):
        dice = random.Random(f"{SEED}/journal/{number}")  # noqa: S311 - seeded damage
        name = f"seed {SEED}, journal {number}"
        told = records[: dice.randint(before, len(records))]
        if dice.random() < 0.7:
            at = dice.randrange(len(told))
            told[at] = Record(told[at].seq, told[at].at, told[at].type, _damaged(told[at].data, dice))
        content = b"".join(map(render_record, told))
        paths.journal.write_bytes(damage_bytes(content, dice) if dice.random() < 0.5 else content)
        fold_records(read_journal(paths.journal))
        if number % _REPAIRED:
            continue
        with WATCH.over(f"{paths.home}/", f"{root.parent}/logins/"):
            _recover(paths, name)
        assert WATCH.strayed == [], name


def _damaged(data: Mapping[str, Any], dice: random.Random) -> dict[str, Any]:
    key = dice.choice(sorted(data))
    return {**data, key: damage(data[key], dice)}


def _recover(paths: Paths, name: str) -> None:
    switch_to(paths, OLD)
    write_routes(paths, OLD, {"web": f"web-{OLD}"})
    with Journal(paths.journal) as journal:
        host = Host(paths, PretendEngine(), journal, lambda _: None)
        try:
            recover(host)
        except AgentError:
            return
        content = paths.journal.read_bytes()
        assert parse_records(content)[1] == len(content), name


@pytest.mark.parametrize("field", ["release", "previous"])
def test_a_release_that_is_no_folder_of_ours_is_passed_over(root: Path, field: str) -> None:
    """What a repair removes has the name that the journal gives it."""
    paths = app_paths(root, "board")
    outside = root.parent / "000007"
    outside.mkdir()
    records, before = tell_story(DEPLOY)
    begin = records[before]
    hostile = Record(begin.seq, begin.at, begin.type, {**begin.data, field: "../../../000007"})
    paths.journal.write_bytes(b"".join(map(render_record, [*records[:before], hostile])))
    with WATCH.over(f"{paths.home}/"):
        _recover(paths, field)
    assert WATCH.strayed == []
    assert outside.is_dir()


def test_the_watch_sees_what_leaves_the_app(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a path that leaves its folder believed, it would be told."""
    monkeypatch.setattr("fairlead.host.disk.vault.is_inside", lambda _: True)
    monkeypatch.setattr("fairlead.host.wire.reading.tree.is_inside", lambda _: True)
    entries = {"../../../../escaped": {"sha256": SHA, "mode": "0644"}}
    tree = tree_digest(FileTree(True, {"../../../../escaped": (SHA, 0o644)}))
    release = document(files={tree: {"kind": "dir", "entries": entries}})
    request = {**DEPLOY_REQUEST, "release": release, "parts": PARTS[:1], "blobs": [len(CONFIG)]}
    with WATCH.over(f"{root}/"):
        ask(root, encode(request) + CONFIG)
    assert any("escaped" in one for one in WATCH.strayed)
