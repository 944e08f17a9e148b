"""Tasks: which is which, which one runs, which are too old to keep."""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path

import pytest

from fairlead.host.disk import task
from fairlead.host.disk.events import EVENTS
from fairlead.host.disk.orders import give_order
from fairlead.host.disk.paths import Paths
from fairlead.host.door.task_process import prune_agents, write_launcher
from fairlead.host.wire.events import render_event
from fairlead.host.wire.fleet import COMMIT, STOP
from fairlead.host.wire.result import Result


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    (tmp_path / "board" / "tasks").mkdir(parents=True)
    return Paths(tmp_path, "board")


def _make(paths: Paths, name: str, **request: object) -> Path:
    folder = paths.task(name)
    folder.mkdir()
    (folder / "request.json").write_text(json.dumps(request))
    return folder


def test_ids_sort_by_time_and_are_safe_as_names() -> None:
    assert task.TASK_ID.fullmatch(task.new_task_id())


def test_the_same_release_is_the_same_request_whoever_sends_it() -> None:
    first = {
        "kind": "deploy",
        "release": {"revision": "a", "created_by": "alice", "verdict": {"at": 1}},
        "options": {},
        "by": "alice",
    }
    second = {
        **first,
        "release": {"revision": "a", "created_by": "bob", "verdict": {"at": 2}},
        "by": "bob",
        "task": "other",
    }
    assert task.fingerprint(first) == task.fingerprint(second)
    assert task.fingerprint(first) != task.fingerprint({**first, "release": {"revision": "b"}})
    assert task.fingerprint(first) != task.fingerprint({**first, "options": {"allow_older": True}})


def test_only_a_task_whose_process_lives_is_found(paths: Paths) -> None:
    folder = _make(paths, "20300101T000000-aaaaaa", kind="rollback", to="000001")
    request = {"kind": "rollback", "to": "000001"}
    assert task.find_running(paths, request) is None
    with (folder / "alive").open("w") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        assert task.is_running(folder)
        assert task.find_running(paths, request) == folder.name
        assert task.find_running(paths, {**request, "to": "000002"}) is None
    assert not task.is_running(folder)


@pytest.mark.parametrize(
    ("told", "ended", "found"),
    [
        (None, None, True),
        ("ready", None, True),
        (COMMIT, None, True),
        (STOP, None, False),
        (None, Result("live"), True),
        (None, Result("reverted", 6), False),
        (STOP, Result("reverted", 6), False),
        (None, Result("refused", 2), False),
    ],
)
def test_one_that_is_on_its_way_back_is_not_joined(
    paths: Paths, told: str | None, ended: Result | None, found: bool
) -> None:
    """A job was cancelled and is run again: how the one before ends is not how this one does."""
    folder = _make(paths, "20300101T000000-aaaaaa", kind="deploy")
    events = [{"event": "note", "text": "begun"}, *([render_event(ended)] if ended else [])]
    (folder / EVENTS).write_text("".join(json.dumps(one) + "\n" for one in events))
    if told:
        give_order(folder, told)
    with (folder / "alive").open("w") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        assert task.find_running(paths, {"kind": "deploy"}) == (folder.name if found else None)


def test_a_task_that_died_says_so_with_its_last_words(paths: Paths) -> None:
    folder = _make(paths, "20300101T000000-aaaaaa")
    (folder / "events.jsonl").write_text('{"event":"note","text":"begun"}\n')
    (folder / "log").write_text("killed\n")
    events = list(task.follow_task(folder, lambda: False))
    assert [event["event"] for event in events] == ["note", "result"]
    assert events[-1]["exit"] == 4
    assert events[-1]["error"]["details"] == ["killed"]
    assert "run the same command again" in events[-1]["error"]["fix"]


def test_old_tasks_go_but_not_those_of_the_last_day(paths: Paths) -> None:
    for number in range(40):
        folder = _make(paths, f"20300101T0000{number:02d}-aaaaaa")
        old = time.time() - (3 * 86400 if number < 5 else 0)
        os.utime(folder, (old, old))
    task.prune_tasks(paths, keep="20300101T000001-aaaaaa")
    gone = {number for number in range(40) if not paths.task(f"20300101T0000{number:02d}-aaaaaa").exists()}
    assert gone == {0, 2, 3, 4}


def test_agents_that_a_launcher_names_stay(paths: Paths) -> None:
    agents = paths.root / "agents"
    for number in range(8):
        (agents / f"{number:064d}").mkdir(parents=True)
        os.utime(agents / f"{number:064d}", (number, number))
    write_launcher(paths, ("/usr/bin/python3", "-I", str(agents / f"{0:064d}")))
    prune_agents(agents, keep=f"{1:064d}")
    assert sorted(int(agent.name) for agent in agents.iterdir()) == [0, 1, 3, 4, 5, 6, 7]


def test_the_launcher_is_a_command_that_quotes(tmp_path: Path) -> None:
    root = tmp_path / "it's"
    (root / "board").mkdir(parents=True)
    write_launcher(Paths(root, "board"), ("/usr/bin/python3", "-I", "/agents/x"))
    launcher = root / "board" / "fairlead"
    assert launcher.stat().st_mode & 0o777 == 0o700
    last = launcher.read_text().splitlines()[-1]
    assert last == (
        f"FAIRLEAD_ROOT='{tmp_path}/it'\\''s' exec '/usr/bin/python3' '-I' '/agents/x' --app board \"$@\""
    )


def test_a_task_whose_events_cannot_be_written_is_not_started(paths: Paths) -> None:
    """Told while somebody listens: the detached process would have nobody to tell."""
    folder = _make(paths, "20260101T000000-abcdef", kind="repair")
    (folder / "events.jsonl").symlink_to(paths.root / "missing" / "events.jsonl")
    with pytest.raises(FileNotFoundError):
        task.start_task(folder, lambda _: pytest.fail("it was started"))
    assert not (folder / "alive").exists()
