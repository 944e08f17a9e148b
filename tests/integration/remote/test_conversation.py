"""Both ends of the connection: the real loader and agent, over a local pipe instead of ssh.

Where a task is needed, the transaction in the agent is replaced by one that only tells phases: what is tested
is the door, the detached process and the client; the transaction has tests of its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fairlead.host.disk.events import follow_events
from fairlead.host.wire.calls import GiveOrder, frame_of
from fairlead.host.wire.events import PhaseEvent
from fairlead.host.wire.fleet import STOP
from fairlead.host.wire.frames import Frame, FrameReader, FrameWriter
from fairlead.host.wire.result import Event
from fairlead.parallel import each
from fairlead.remote.attach import run_remote_task
from fairlead.remote.session import Blob, LostError
from tests.integration.remote.request import BLOBS, CANARY, FILE, REQUEST, release
from tests.integration.remote.server import Server, kill
from tests.patience import PATIENCE


def test_a_deploy_is_told_from_its_first_event_to_its_result(server: Server) -> None:
    events: list[Frame] = []
    with server.connect() as session:
        result = session.ask(REQUEST, BLOBS, events.append)
        assert session.ask({"request": "hello"})["exit"] == 0, "the connection stays usable"
    assert result["status"] == "live"
    assert result["data"]["blobs"] == [FILE["sha256"]]
    assert result["data"]["secrets"] == 1
    assert json.loads(result["data"]["login"]) == {"auths": {}}
    assert result["data"]["umask"] == 0o022
    assert [event["event"] for event in events] == ["attached", "task", *["phase"] * 10]


def test_a_client_that_dies_does_not_stop_the_deploy_and_another_one_joins_it(server: Server) -> None:
    seen: list[Frame] = []
    go = server.root / "go"
    server.environ["HOLD"] = str(go)
    session = server.connect()

    def die(event: Frame) -> None:
        seen.append(event)
        if len(seen) == 4:
            kill(session)

    with pytest.raises(LostError):
        session.ask(REQUEST, BLOBS, die)
    session.close()
    joined: list[Frame] = []

    def join(event: Frame) -> None:
        joined.append(event)
        go.touch()

    with server.connect() as again:
        result = again.ask({**REQUEST, "by": "bob@desk"}, BLOBS, join)
    assert result["status"] == "live"
    assert joined[0]["resumed"] is True
    assert [event.get("phase") for event in joined if event["event"] == "phase"] == [
        str(n) for n in range(10)
    ]
    assert len(server.tasks) == 1


def test_an_interrupt_ends_what_is_asked_in_threads(server: Server) -> None:
    """As `logs --follow` does: of Ctrl-C, and of a cancelled job, ssh hears nothing itself."""
    go = server.root / "go"
    server.environ["HOLD"] = str(go)
    late = threading.Timer(PATIENCE, go.touch)
    late.start()
    main = threading.main_thread()

    def interrupt(event: Frame) -> None:
        if event.get("phase") == "3":
            signal.pthread_kill(main.ident or 0, signal.SIGINT)

    def ask(_: int) -> None:
        with server.connect() as session:
            session.ask(REQUEST, BLOBS, interrupt)

    with pytest.raises(KeyboardInterrupt):
        each(ask, [0])
    assert not go.exists()
    late.cancel()
    go.touch()
    with server.connect() as again:
        assert again.ask(REQUEST, BLOBS)["status"] == "live"


def test_a_command_that_was_cancelled_and_is_run_again_is_not_told_how_the_first_one_ends(
    server: Server,
) -> None:
    """The task was told to stop, and is at it still: the same request is a task of its own."""
    server.subject = {"app": "board", "environment": "production"}
    go = server.root / "go"
    server.environ["HOLD"] = str(go)
    session = server.connect()

    def cancel(event: Frame) -> None:
        if event.get("phase") == "3":
            with server.connect() as other:
                assert other.ask(frame_of(GiveOrder(STOP, server.tasks[0].name)))["exit"] == 0
            kill(session)

    with pytest.raises(LostError):
        session.ask(REQUEST, BLOBS, cancel)
    session.close()
    events: list[Frame] = []

    def begin(event: Frame) -> None:
        events.append(event)
        go.touch()

    with server.connect() as again:
        assert again.ask(REQUEST, BLOBS, begin)["status"] == "live"
    assert events[0]["resumed"] is False
    assert [folder.name for folder in server.tasks][1:] == [events[0]["task"]]


def test_a_request_that_is_sent_again_is_done_once(server: Server) -> None:
    """Its connection broke before it heard of its task, which has ended meanwhile: a second rollback goes further back."""
    request = {**REQUEST, "nonce": "a1" * 16}
    events: list[Frame] = []
    for said in (request, request, {**request, "nonce": "b2" * 16}, REQUEST):
        with server.connect() as session:
            assert session.ask(said, BLOBS, events.append)["status"] == "live"
    told = [(one["task"], one["resumed"]) for one in events if one["event"] == "attached"]
    assert told[0] == (told[1][0], False)
    assert [resumed for _, resumed in told] == [False, True, False, False]
    assert len(server.tasks) == 3


def test_a_dropped_connection_is_opened_again_and_no_event_is_told_twice(server: Server) -> None:
    events: list[Event] = []
    session = server.connect()

    def cut_once(event: Event) -> None:
        events.append(event)
        if isinstance(event, PhaseEvent) and event.phase == "3" and server.traffic.connections == 1:
            kill(session)

    server.subject = {"app": "board"}
    result = run_remote_task(session, server.connect, REQUEST, BLOBS, cut_once)
    session.close()
    assert result.status == "live"
    assert server.traffic.connections == 2
    assert [event.phase for event in events if isinstance(event, PhaseEvent)] == [str(n) for n in range(10)]


def test_nobody_listening_the_deploy_ends_all_the_same(server: Server) -> None:
    """Not even when everything that the connection started is killed with it."""
    session = server.connect()
    with pytest.raises(LostError):
        session.ask(REQUEST, BLOBS, lambda _: os.killpg(session._process.pid, signal.SIGKILL))
    session.close()
    events = server.tasks[0] / "events.jsonl"
    deadline = time.monotonic() + PATIENCE
    while not any(event["event"] == "result" for event in _written(events)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert _written(events)[-1]["status"] == "live"


def _written(events: Path) -> list[Frame]:
    """The events of a task so far."""
    return list(follow_events(events, alive=lambda: False, gone=lambda: False))


def test_a_task_that_is_killed_is_told_as_such(server: Server) -> None:
    server.environ["DIE"] = "1"
    with server.connect() as session:
        result = session.ask(REQUEST, BLOBS)
    assert (result["status"], result["exit"]) == ("failed", 4)
    assert "ended without a result" in result["error"]["what"]


def test_a_bug_in_the_transaction_is_one_line_for_the_client_and_a_traceback_in_the_log(
    server: Server,
) -> None:
    (server.root / "board").mkdir()
    (server.root / "board" / "journal.jsonl").touch()
    with server.connect() as session:
        result = session.ask({"request": "rollback", "app": "board"})
    assert result["exit"] == 4
    assert result["error"]["what"] == "the agent failed: ZeroDivisionError: a bug"
    assert "Traceback" not in json.dumps(result)
    assert "Traceback" in (server.tasks[0] / "log").read_text()


def test_secrets_are_in_their_own_place_and_nowhere_else(server: Server) -> None:
    argv: set[str] = set()
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            argv.add(subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout)

    watcher = threading.Thread(target=watch)
    watcher.start()
    events: list[Frame] = []
    with server.connect() as session:
        result = session.ask(REQUEST, BLOBS, events.append)
    stop.set()
    watcher.join()
    found = [path for path in server.root.rglob("*") if path.is_file() and CANARY in path.read_bytes()]
    assert [path.relative_to(server.root).parts[:3] for path in found] == [("board", "secrets", "password")]
    assert (server.root / "board" / "secrets").stat().st_mode & 0o077 == 0
    told = json.dumps([*events, result]) + "".join(argv)
    assert CANARY.decode() not in told
    assert not Path(json.loads((server.tasks[0] / "request.json").read_text())["credentials"]).exists()


def test_a_value_that_the_host_has_need_not_be_sent_again(server: Server) -> None:
    with server.connect() as session:
        assert session.ask(REQUEST, BLOBS)["exit"] == 0
        changed = {**REQUEST, "release": release(revision="2b" * 20)}
        assert session.ask(changed, BLOBS[:1])["exit"] == 0


def test_a_new_value_goes_to_its_place_and_its_hash_to_the_task(server: Server) -> None:
    """One that is not what the request says, or that the request does not name, never gets there."""
    named = {"password": hashlib.sha256(CANARY).hexdigest()}
    rotation = {"request": "rotate", "app": "board", "secrets": named}
    with server.connect() as session:
        assert session.ask(rotation, [BLOBS[1]])["exit"] == 2, "the app was never deployed"
        (server.root / "board").mkdir()
        (server.root / "board" / "journal.jsonl").touch()
        assert session.ask(rotation, [Blob("secret", "password", b"another")])["exit"] == 2
        assert session.ask(rotation, [Blob("secret", "other", CANARY)])["exit"] == 2
        assert session.ask({**rotation, "secrets": {"../password": named["password"]}})["exit"] == 2
        assert not list((server.root / "board" / "secrets").rglob("*"))
        assert session.ask(rotation, [BLOBS[1]])["data"]["secrets"] == named
    (task,) = server.tasks
    assert CANARY not in (task / "request.json").read_bytes()
    assert (server.root / "board" / "secrets" / "password" / named["password"]).read_bytes() == CANARY


def test_following_logs_ends_with_the_client(tmp_path: Path) -> None:
    """The door that waits for a line notices that nobody listens any more."""
    read, write = os.pipe()
    answer_read, answer_write = os.pipe()
    code = "from fairlead.host.door import door, logs\n"
    code += "import os, time\nfrom pathlib import Path\n"
    code += "logs.stream_logs = lambda *a, **k: iter(lambda: time.sleep(60), 0)\n"
    code += "from fairlead.host.engine import engine\nengine.Engine.connect = classmethod(lambda *a: None)\n"
    code += f"door.run_door(Path({str(tmp_path)!r}), ())"
    python_path = os.pathsep.join(sys.path)
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=read,
        stdout=answer_write,
        env={**os.environ, "PYTHONPATH": python_path},
    )
    os.close(read)
    os.close(answer_write)
    FrameWriter(write).write({"request": "logs", "app": "board", "follow": True})
    time.sleep(0.3)
    assert process.poll() is None
    os.close(write)
    assert process.wait(PATIENCE) == -signal.SIGTERM
    assert FrameReader(answer_read).read_frame() is None
    os.close(answer_read)
