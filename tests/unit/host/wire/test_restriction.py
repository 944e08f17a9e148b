"""What a key may ask for, and what is written down of it."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.disk import task
from fairlead.host.disk.atomic import write_file
from fairlead.host.disk.paths import app_paths
from fairlead.host.disk.record import render_line
from fairlead.host.door.answers import READING
from fairlead.host.door.door import Door
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.frames import FrameReader, FrameWriter
from fairlead.host.wire.restriction import VERBS, Restriction, parse_restriction
from tests.unit.host.said import Said
from tests.unit.host.samples import document

KEY = "SHA256:" + "k" * 43
OTHER_KINDS = ("attach", "order")
ALL = sorted(frozenset().union(*VERBS.values()))


def frames(request: str, app: str) -> dict[str, Any]:
    """A request about an app, as a client sends it."""
    if request in {"deploy", "plan"}:
        return {"request": request, "release": document(app=app)}
    return {"request": request, "app": app}


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Said:
    """The door of a host with two apps."""
    for app in ("board", "shop"):
        paths = app_paths(tmp_path, app)
        paths.home.mkdir()
        paths.journal.touch()
    return Said(tmp_path, monkeypatch)


def test_the_table_of_verbs_has_every_request_that_the_door_knows(tmp_path: Path) -> None:
    door = Door(tmp_path, FrameReader(0), FrameWriter(1), ())
    assert set(ALL) == {*READING, *door._telling, *door._taking}


@pytest.mark.parametrize("verb", sorted(VERBS))
@pytest.mark.parametrize("request_", [*ALL, "", "None", "deploy ", "DEPLOY", "relieve"])
def test_a_key_may_what_its_verbs_need_and_nothing_else(verb: str, request_: str) -> None:
    restriction = Restriction(KEY, frozenset({"board"}), frozenset({verb}))
    frame = frames(request_, "board")
    if request_ in VERBS[verb]:
        restriction.require(frame)
    else:
        with pytest.raises(InputFault, match="may not ask for") as caught:
            restriction.require(frame)
        assert verb in caught.value.why
        assert KEY in caught.value.why


@pytest.mark.parametrize("request_", [one for one in ALL if one not in {"hello", "check"}])
@pytest.mark.parametrize(
    "app",
    [
        "shop",
        "board2",
        "Board",
        "board,shop",
        "../board",
        "board/../shop",
        "board\0",
        "board\n",
        "",
        "*",
        None,
        7,
        ["board"],
    ],
)
def test_a_key_of_one_app_may_not_name_another(request_: str, app: Any) -> None:
    restriction = Restriction(KEY, frozenset({"board"}), None)
    for frame in (
        {"request": request_, "app": app},
        {"request": request_, "release": {"app": app}},
        {"request": request_, "app": "board", "release": {"app": app}},
        {"request": request_, "app": app, "release": {"app": "board"}},
    ):
        if app is None and "board" in str(frame):
            continue
        with pytest.raises(InputFault):
            restriction.require(frame)


def test_a_key_of_one_app_may_not_replace_the_edge_of_all() -> None:
    frame = {"request": "deploy", "release": document(), "options": {"upgrade_edge": True}}
    with pytest.raises(InputFault, match="the edge"):
        Restriction(KEY, frozenset({"board"}), None).require(frame)
    Restriction(KEY, None, frozenset({"deploy"})).require(frame)


def test_no_key_is_restricted_by_nobody() -> None:
    for request in ALL:
        Restriction().require(frames(request, "shop"))


@pytest.mark.parametrize(
    "options",
    [
        {"take_over": True},
        {"accept_schema": "000001"},
        {"accept_recreate": ["db"]},
        {"allow_older": True},
        {"only": ["web"]},
        {"upgrade_edge": True},
        {"whatever": 1},
    ],
)
def test_a_rollback_without_the_right_to_deploy_is_a_plain_one(options: Mapping[str, Any]) -> None:
    frame = {"request": "rollback", "app": "board", "options": {**options, "no_wait": True}}
    with pytest.raises(InputFault, match="but not with"):
        Restriction(KEY, None, frozenset({"rollback"})).require(frame)
    Restriction(KEY, None, frozenset({"rollback", "deploy"})).require(frame)
    plain = {
        "no_wait": True,
        "lock_timeout": 5,
        "accept_schema": "",
        "fleet": {"hosts": []},
        "reason": "pages are slow",
    }
    Restriction(KEY, None, frozenset({"rollback"})).require({**frame, "options": plain})


@pytest.mark.parametrize(
    "options",
    [
        {"take_over": True},
        {"allow_older": True},
        {"only": ["web"]},
        {"accept_schema": "000001"},
        {"accept_recreate": ["db"]},
        {"upgrade_edge": True},
        {"whatever": 1},
    ],
)
def test_new_values_of_secrets_widen_nothing_without_the_right_to_deploy(options: Mapping[str, Any]) -> None:
    """A service that keeps data is made again by who may deploy: a volume without a name does not come along."""
    own = {"no_wait": True, "lock_timeout": 5, "accept_recreate": [], "fleet": {"hosts": []}}
    frame = {"request": "rotate", "app": "board", "options": own}
    wide = {**frame, "options": {**own, **options}}
    Restriction(KEY, None, frozenset({"secrets"})).require(frame)
    with pytest.raises(InputFault, match="but not with"):
        Restriction(KEY, None, frozenset({"secrets"})).require(wide)
    Restriction(KEY, None, frozenset({"secrets", "deploy"})).require(wide)


@pytest.mark.parametrize("verb", sorted(name for name, requests in VERBS.items() if "plan" in requests))
def test_only_who_brings_secrets_may_ask_what_a_value_would_change(verb: str) -> None:
    """Otherwise a plan tells of each guess whether it is the one that serves."""
    restriction = Restriction(KEY, frozenset({"board"}), frozenset({verb}))
    restriction.require(frames("plan", "board"))
    restriction.require({"request": "plan", "app": "board", "to": "000001"})
    guess = {"request": "plan", "app": "board", "secrets": {"pin": "a" * 64}}
    if verb in ("deploy", "secrets"):
        restriction.require(guess)
    else:
        with pytest.raises(InputFault, match="values of secrets"):
            restriction.require(guess)


@pytest.mark.parametrize(
    "request_",
    ["rollback", "rotate", "repair", "remove", "plan", "drain", "undrain", "maintenance"],
)
def test_what_is_not_there_names_only_apps_that_the_key_may_hear_of(said: Said, request_: str) -> None:
    paths = app_paths(said.root, "board")
    paths.journal.unlink()
    frame = {"request": request_, "app": "board", "secrets": {}}
    told = json.dumps(said.ask(Restriction(KEY, frozenset({"board"}), None), frame))
    assert "never been deployed" in told
    assert "shop" not in told
    assert "shop" in json.dumps(said.ask(Restriction(), frame))


@pytest.mark.parametrize(
    "words",
    [
        ["--apps", ""],
        ["--apps", "board,"],
        ["--apps", "Board"],
        ["--apps"],
        ["--verbs", "everything"],
        ["--verbs", ""],
        ["--key", "me"],
        ["--key", f"{KEY} x"],
        ["--app", "board"],
        ["serve"],
        ["--policy", "x"],
    ],
)
def test_what_root_wrote_wrongly_allows_nothing(words: list[str]) -> None:
    with pytest.raises(InputFault, match="may do nothing"):
        parse_restriction(words)


def test_what_root_wrote_is_read() -> None:
    assert parse_restriction([]) == Restriction()
    assert parse_restriction(["--key", KEY, "--apps", "a,b", "--verbs", "logs"]) == Restriction(
        KEY, frozenset({"a", "b"}), frozenset({"logs"})
    )


def test_every_request_is_written_down_with_the_key_also_the_refused(said: Said) -> None:
    restriction = Restriction(KEY, frozenset({"board"}), frozenset({"rollback"}))
    asked: list[dict[str, Any]] = [
        {"request": "deploy", "release": document(), "by": "root\nasked key=SHA256:forged", "blobs": [3]},
        {"request": "history", "app": "board"},
        {"request": "rollback", "app": "shop"},
        {"request": "hello", "app": "board"},
        {"order": "stop"},
    ]
    raw = b"".join(json.dumps(one).encode() + b"\n" + b"abc" * ("blobs" in one) for one in asked)
    answers = said.ask(restriction, raw=raw + b"nonsense\n")
    assert [one["exit"] for one in answers] == [2, 2, 2, 0, 2]
    assert answers[3]["data"]["apps"] == ["board"], "it hears of no other app"
    kinds = [line.split()[0] for line in said.lines]
    assert kinds == ["asked", "ended"] * 4 + ["malformed"]
    for line in said.lines:
        assert f"key={KEY} from=192.0.2.7:50022 " in f"{line} "
        assert line.isprintable()
    assert (
        "request=deploy app=board environment=production repository=https://github.com/acme/board commit=1111"
        in (said.lines[0])
    )
    assert r'by="root\nasked key=SHA256:forged"' in said.lines[0]
    assert "status=refused exit=2" in said.lines[1]


@pytest.mark.parametrize("request_", ["remove", "repair", "rollback"])
@pytest.mark.parametrize(
    "by", ["x" * 201, "a\nb", "\x1b[2J", ["x"], {"x": 1}], ids=["long", "lines", "steers", "list", "mapping"]
)
def test_who_asks_is_one_line_wherever_it_is_kept(said: Said, request_: str, by: Any) -> None:
    """It outlives the app: what a removal says of itself is never thrown away."""
    paths = app_paths(said.root, "board")
    paths.home.mkdir(parents=True, exist_ok=True)
    paths.journal.touch()
    frame = {"request": request_, "app": "board", "by": by}
    (answer,) = said.ask(Restriction(KEY, None, frozenset({"remove", "repair", "rollback"})), frame)
    assert (answer["status"], answer["exit"]) == ("refused", 2)
    assert "by" in str(answer["error"]["details"])


def test_a_key_without_a_restriction_is_not_in_this_record(said: Said) -> None:
    said.ask(Restriction(), {"request": "hello"})
    assert said.lines == []


def _run_forever(said: Said, app: str, kind: str) -> str:
    """A task that seems to run: its lock is held by this process."""
    paths = app_paths(said.root, app)
    name = task.new_task_id()
    folder = paths.task(name)
    folder.mkdir(parents=True)
    write_file(folder / "request.json", json.dumps({"kind": kind, "task": name}).encode())
    return name


@pytest.mark.parametrize("request_", OTHER_KINDS)
@pytest.mark.parametrize(
    "name", ["../../shop/tasks/{task}", "..", ".", "", "x", "{task}/", "{task}\n", "/etc"]
)
def test_a_task_of_another_app_is_not_reached_by_its_name(said: Said, request_: str, name: str) -> None:
    given = name.format(task=_run_forever(said, "shop", "deploy"))
    restriction = Restriction(KEY, frozenset({"board"}), None)
    frame = {"request": request_, "app": "board", "task": given, "order": "stop"}
    assert [one["exit"] for one in said.ask(restriction, frame)] == [2]
    assert not list(app_paths(said.root, "shop").tasks.glob("*/order*"))


def test_who_may_not_deploy_follows_a_deploy_without_a_say_in_it(
    said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = _run_forever(said, "board", "deploy")
    folder = app_paths(said.root, "board").task(name)
    monkeypatch.setattr(task, "is_running", lambda _: True)
    (folder / "events.jsonl").touch()
    order = {"request": "order", "app": "board", "task": name, "order": "stop"}
    (folder / "attended").touch()
    night = Restriction(KEY, None, frozenset({"rollback"}))
    assert said.ask(night, order)[0]["exit"] == 2
    assert "has a client" in said.ask(night, order)[0]["error"]["what"]
    os.utime(folder / "attended", (1, 1))
    assert said.ask(night, order)[0]["exit"] == 0, "its client is gone: somebody has to end it"
    os.utime(folder / "attended", (1, 1))
    before = sorted(folder.iterdir())
    said.ask(night, {"request": "attach", "app": "board", "task": name}, {"order": "switch"})
    assert sorted(folder.iterdir()) == before
    assert (folder / "attended").stat().st_mtime == 1, "it does not pass for the task's client, either"
    assert any(line.startswith("ordered ") for line in said.lines)


@pytest.mark.parametrize("seed", range(200))
def test_a_line_is_one_line_whatever_is_in_it(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    pieces = [
        "\n",
        "\r",
        "\0",
        '"',
        "\\",
        " key=",
        "\x1b[2J",
        "\x7f",
        "\x9b",
        "\u2028",
        "\udc80",
        "é" * 300,
        "a" * 5000,
        "=",
    ]
    told = {"key": KEY, **{name: "".join(chance.choices(pieces, k=3)) for name in ("by", "app", "why")}}
    line = render_line("asked", {**told, "exit": 2})
    assert line.isascii()
    assert line.isprintable()
    assert line.startswith(f"asked key={KEY} by=")
    assert line.endswith(" exit=2")
    assert len(line) < 1000
