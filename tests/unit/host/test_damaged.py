"""Whatever has become of a file of the agent's, who asks is answered in words, and what served goes on serving."""

from __future__ import annotations

import itertools
import json
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.disk import task
from fairlead.host.disk.journal import MENDED, Journal, render_record
from fairlead.host.disk.keys import keep_key
from fairlead.host.disk.layout import make_layout
from fairlead.host.disk.ledger import DEPLOY
from fairlead.host.disk.paths import Paths, app_paths
from fairlead.host.disk.place import ROLE, TOKEN_BYTES, Place
from fairlead.host.disk.routes import open_dark, switch_to, write_routes
from fairlead.host.door.task_process import run_task
from fairlead.host.edge import meetings
from fairlead.host.edge.meetings import list_meetings, read_meetings
from fairlead.host.edge.project import edge_hash, render_edge_project
from fairlead.host.engine.engine import Engine
from fairlead.host.run.context import Host
from fairlead.host.run.phases.platform import keep_for_revert, write_platform
from fairlead.host.run.phases.standing import is_project, read_before, read_standing
from fairlead.host.shape.bundle import Bundle, write_bundle
from fairlead.host.shape.project import platform_hashes, render_platform_project
from fairlead.host.state import removals
from fairlead.host.wire import labels
from fairlead.host.wire.caddy.snippet import render_switch
from fairlead.host.wire.document import parse_release
from fairlead.host.wire.owner import owner_of
from fairlead.host.wire.release import Release
from tests.unit.host.fuzz import ODD, ask, damage, damage_bytes
from tests.unit.host.pretend import PretendEngine
from tests.unit.host.samples import document, image, service
from tests.unit.host.stories import APP, NEW, OLD, tell_story

OPTIONS = {"start_timeout": 1, "drain_timeout": 0, "keep": 5}
OWNER = {"environment": "production", "repository": "https://github.com/acme/board"}
TASK = "20300131T235959-0a1b2c"
PLAN = {"request": "plan", "release": document(revision="3" * 40, options=OPTIONS, events=None)}
REQUESTS: tuple[dict[str, Any], ...] = (
    {"request": "state", "app": APP, "marks": True},
    {"request": "history", "app": APP},
    {"request": "attach", "app": APP, "task": TASK},
    PLAN,
    {"request": "repair", "app": APP, **OWNER},
)
_REPAIRED = 3
VITAL = ("platform.json", "platform.before.json", "journal.jsonl", "switch.caddy")
DAMAGE = ("empty", "cut", "no text", "deep", "other kinds", "a folder", "gone")


def _releases() -> dict[str, Release]:
    marks = {OLD: "1" * 40, NEW: "2" * 40}
    return {
        name: parse_release(document(revision=mark, options=OPTIONS, events=None))
        for name, mark in marks.items()
    }


@pytest.fixture(scope="module")
def home(memory: Path) -> Paths:
    """An app with all its files, in the middle of its second deploy."""
    paths = app_paths(memory / "home", APP)
    make_layout(paths)
    for name, release in _releases().items():
        write_bundle(paths, Bundle(name, release, dict.fromkeys(release.rolled, name)))
        write_routes(paths, name, {one: f"{one}-{name}" for one in release.routes})
    switch_to(paths, OLD)
    records, before = tell_story(DEPLOY)
    phases = [one.data.get("phase") for one in records]
    began = records[: phases.index("verify", before) + 1]
    paths.journal.write_bytes(b"".join(map(render_record, began)))
    paths.origin.write_text(json.dumps(owner_of(_releases()[OLD]).to_json()))
    keep_key(paths, b"k" * 32)
    open_dark(paths, NEW)
    paths.task(TASK).mkdir()
    (paths.task(TASK) / "request.json").write_text(json.dumps({"kind": "deploy", "task": TASK, "by": "al"}))
    (paths.task(TASK) / "events.jsonl").write_text('{"event": "note", "text": "x"}\n')
    paths.rotations.write_text("{}")
    paths.lock.touch()
    release = _releases()[OLD]
    switch = render_switch(h2c=False)
    write_platform(paths, render_platform_project(release, paths, switch), switch)
    with Journal(paths.journal) as journal:
        keep_for_revert(Host(paths, _engine(), journal, lambda _: None), before + 1)
    return paths


def _engine() -> PretendEngine:
    engine = PretendEngine()
    for name in ("caddy", "db"):
        engine.add(APP, name, "")
    for release, name in itertools.product((OLD, NEW), ("api", "web", "worker")):
        engine.add(APP, name, release)
    return engine


def _files(paths: Paths) -> list[str]:
    return sorted(str(one.relative_to(paths.home)) for one in paths.home.rglob("*") if one.is_file())


def _spoil(file: Path, how: str, odd: object) -> None:
    content = file.read_bytes()
    file.unlink()
    if how == "a folder":
        file.mkdir()
    elif how == "other kinds":
        file.write_text(json.dumps(odd))
    elif how != "gone":
        texts = {
            "empty": b"",
            "cut": content[: len(content) // 2],
            "deep": b"[" * 200_000,
            "no text": b"\xff\xfe\x00",
        }
        file.write_bytes(texts[how])


@pytest.fixture
def spoiled(
    home: Paths, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], tuple[Paths, PretendEngine]]]:
    """A fresh copy of the app, whose tasks are worked on at once, each time that it is called."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    root = memory / "root"

    def fresh() -> tuple[Paths, PretendEngine]:
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(home.root, root, symlinks=True)
        engine = _engine()
        monkeypatch.setattr(Engine, "connect", classmethod(lambda *_: engine))
        monkeypatch.setattr(task, "start_task", lambda folder, _: run_task(folder, ("agent",)))
        return app_paths(root, APP), engine

    yield fresh
    shutil.rmtree(root, ignore_errors=True)


@pytest.mark.parametrize("how", DAMAGE)
def test_every_damaged_file_is_answered_in_words(
    home: Paths,
    spoiled: Callable[[], tuple[Paths, PretendEngine]],
    how: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    odd = itertools.cycle(one for one in ODD if one != "\ud800")
    for at, name in enumerate(_files(home), DAMAGE.index(how)):
        paths, engine = spoiled()
        _spoil(paths.home / name, how, next(odd))
        # A repair takes as long as twenty looks.
        for request in REQUESTS if at % _REPAIRED == 0 or name in VITAL else REQUESTS[:-1]:
            _, events = ask(paths.root, json.dumps(request).encode() + b"\n")
            told = (name, how, request["request"], events[-1:])
            assert events, told
            assert events[-1]["event"] == "result", told
            assert "the agent failed" not in json.dumps(events), told
        serving = {f"{APP}-{OLD}-{one}-1" for one in ("api", "web", "worker")}
        assert serving <= engine.running(), (name, how, "what served goes on")
        assert "Traceback" not in capfd.readouterr().err, (name, how)


def _written(paths: Paths) -> Any:
    """The platform as it is brought up in this copy of the app, put aside as well."""
    switch = render_switch(h2c=False)
    write_platform(paths, render_platform_project(_releases()[OLD], paths, switch), switch)
    with Journal(paths.journal) as journal:
        keep_for_revert(Host(paths, _engine(), journal, lambda _: None), 9)
    return json.loads(paths.platform.read_bytes())


def _standing(paths: Paths, engine: PretendEngine) -> tuple[Any, list[str]]:
    """The platform as it is read, and what is told meanwhile."""
    told: list[str] = []
    with Journal(paths.journal) as journal:
        host = Host(paths, engine, journal, lambda event: told.append(str(event)))
        found = read_standing(host)
        assert read_standing(host) == found, "it is in its place again"
        mended = [one for one in journal.records if one.type == MENDED]
    assert [one.data["file"] for one in mended] == (["platform.json"] if told else [])
    return found, told


def test_the_platform_is_made_again_as_the_release_that_serves_has_it(
    spoiled: Callable[[], tuple[Paths, PretendEngine]],
) -> None:
    paths, engine = spoiled()
    whole = _written(paths)
    assert _standing(paths, engine) == (whole, [])
    for number in range(60):
        dice = random.Random(number)  # noqa: S311 - seeded damage
        content = json.dumps(damage(whole, dice) if number % 2 else whole).encode()
        paths.platform.write_bytes(content if number % 2 else damage_bytes(content, dice))
        paths.journal.unlink()
        found, told = _standing(paths, engine)
        assert is_project(found), number
        assert not told or found == whole, number


def test_what_runs_by_the_definition_of_another_release_keeps_it(
    spoiled: Callable[[], tuple[Paths, PretendEngine]],
) -> None:
    """After a rollback the database is that of the release which was left: its data does not go back."""
    paths, engine = spoiled()
    newer = document(revision="2" * 40, options=OPTIONS, events=None)
    newer["services"]["db"] = service("state", "db", "c")
    release = parse_release(newer)
    shutil.rmtree(paths.release(NEW))
    write_bundle(paths, Bundle(NEW, release, dict.fromkeys(release.rolled, NEW)))
    mark = platform_hashes(release, render_switch(h2c=False))["db"]
    engine.raw[f"{APP}-db-1"]["Config"]["Labels"][labels.HASH] = mark
    paths.platform.write_text("{")
    found, told = _standing(paths, engine)
    assert found["services"]["db"]["image"] == image("db", "c")
    assert found["services"]["db"]["labels"][labels.HASH] == mark
    assert found["services"]["caddy"]["image"] == image("caddy")
    assert "was made again" in told[0]


def test_what_was_put_aside_is_made_again_too_and_one_of_another_transaction_is_none(
    spoiled: Callable[[], tuple[Paths, PretendEngine]],
) -> None:
    paths, engine = spoiled()
    _written(paths)
    whole = json.loads(paths.platform_before.read_bytes())
    number = whole["transaction"]
    with Journal(paths.journal) as journal:
        host = Host(paths, engine, journal, lambda _: None)
        assert read_before(host, number) == whole
        assert read_before(host, number + 1) == {}
        for content in ("{", "[]", json.dumps({**whole, "project": 3}), json.dumps({**whole, "switch": []})):
            paths.platform_before.write_text(content)
            found = read_before(host, number)
            same = (found["project"], found["switch"]) == (whole["project"], whole["switch"])
            assert same, content[:40]
        paths.platform_before.unlink()
        assert read_before(host, number) == {}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b'{"services": {}}', b'{"services": []}', None])
def test_the_project_of_the_edge_is_made_again_as_it_runs(
    memory: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    """With the networks of all apps: it is started again by it."""
    place = Place(memory / f"edge-{content!r}".replace("/", "-"))
    place.tokens.mkdir(parents=True)
    (place.tokens / "board").write_text("ab" * TOKEN_BYTES)
    monkeypatch.setattr(meetings, "read_trusted", lambda: ())
    engine = PretendEngine()
    marks = {labels.ROLE: ROLE, labels.HASH: edge_hash("caddy:2")}
    engine.raw["edge"] = {
        "Id": "edge",
        "Name": "/edge",
        "Image": "sha256:1",
        "Config": {"Labels": marks, "Image": "caddy:2"},
        "State": {"Running": True, "Status": "running"},
    }
    whole = render_edge_project(place, "caddy:2", read_meetings(place), place.home.stat().st_gid)
    if content is None:
        place.project.mkdir()
    else:
        place.project.write_bytes(content)
    list_meetings(engine, place)
    assert json.loads(place.project.read_bytes()) == json.loads(json.dumps(whole))
    del engine.raw["edge"]
    place.project.write_text("{")
    list_meetings(engine, place)
    assert not place.project.exists(), "it is written when an edge is made"


def test_nobody_but_us_reads_what_the_platform_is_made_of(home: Paths) -> None:
    """It has the values of the environment of databases, and lies in the folder that the proxy is shown."""
    assert home.platform.stat().st_mode & 0o77 == 0
    home.platform.chmod(0o644)
    make_layout(home)
    assert home.platform.stat().st_mode & 0o77 == 0, "one that an older agent wrote"


@pytest.mark.parametrize("at", [1e308, -1e300, "x", None, 1.0, True])
@pytest.mark.parametrize("kept", [3, "abc", None, {}, [3], [None, "data"], {"a": 1}])
def test_what_is_written_of_a_removed_app_is_read_whatever_it_says(
    memory: Path, kept: object, at: object
) -> None:
    paths = app_paths(memory / "removed", APP)
    paths.root.mkdir(exist_ok=True)
    owner = {"environment": "production", "source": "https://github.com/acme/board"}
    record = {"app": APP, "at": at, "volumes_kept": kept, "data_kept": kept, "owner": owner, "by": kept}
    (paths.root / removals._FILE).write_text(f"{json.dumps(record)}\n{'[' * 200_000}\n")
    assert removals.read_kept(paths, PretendEngine()) is None
    found = removals.find_removed(paths.root, APP)
    assert found is not None
    assert "was removed" in removals.explain_removed(APP, found).what
