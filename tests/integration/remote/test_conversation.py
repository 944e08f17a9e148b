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
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from fairlead.errors import CommandFailedError
from fairlead.host.events import read_events
from fairlead.host.frames import FrameReader, FrameWriter
from fairlead.remote.agent import Agent, _sources, build_agent, render_zipapp
from fairlead.remote.attach import run_remote_task
from fairlead.remote.session import Blob, Event, LostError, Session, Traffic, loader_argv

SLOW_DEPLOY = b"""
import os, time
from .result import Result

def run_deploy(paths, request, emit, engine=None):
    emit({"event": "task", "task": request.task, "release": "000001", "previous": None})
    for number in range(10):
        time.sleep(0.03)
        while number == 5 and os.environ.get("HOLD") and not os.path.exists(os.environ["HOLD"]):
            time.sleep(0.01)
        emit({"event": "phase", "phase": str(number), "state": "done", "seconds": 0.1})
    if os.environ.get("DIE"):
        os.kill(os.getpid(), 9)
    secrets = [path.read_bytes() for path in paths.secrets.rglob("*") if path.is_file()]
    blobs = sorted(path.name for path in request.blobs.iterdir())
    login = request.credentials.read_text() if request.credentials else None
    emit(Result("live", release="000001", serving="000001",
                data={"secrets": len(secrets), "blobs": blobs, "login": login, "umask": os.umask(0)}).to_event())

def run_rotation(paths, request, emit, engine=None):
    emit(Result("live", data={"secrets": dict(request.secrets)}).to_event())

def run_rollback(paths, request, emit, engine=None):
    raise ZeroDivisionError("a bug")

def run_repair(paths, emit, by="", engine=None):
    emit(Result("ok").to_event())
"""
CONFIG, CANARY = b"config file", b"c4n4ry-5ecret"
IMAGE = "registry.example.com/web@sha256:" + "ab" * 32
FILE = {"kind": "file", "sha256": hashlib.sha256(CONFIG).hexdigest(), "mode": "0644"}
TREE = hashlib.sha256(json.dumps(FILE, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _service(role: str, **more: Any) -> dict[str, Any]:
    return {
        "role": role,
        "rollout": "switch",
        "port": 8000,
        "health": None,
        "gate": "running",
        "expect_release": None,
        "image": IMAGE,
        "platforms": {},
        "why": "declared",
        "depends_on": {},
        "mounts": [],
        "definition": {"image": IMAGE},
        "hash": "cd" * 32,
        "irreversible": False,
        **more,
    }


def _release(**more: Any) -> dict[str, Any]:
    mounts = [
        {"secret": "password", "target": "/run/secrets/password"},
        {"file": TREE, "target": "/etc/config", "read_only": True},
    ]
    return {
        "schema": "fairlead.release/v1",
        "app": "board",
        "environment": "production",
        "revision": "1a" * 20,
        "revision_time": 1_800_000_000,
        "created_by": "alice@laptop",
        "tool": "fairlead",
        "verdict": {
            "passed": True,
            "fingerprint": "5a" * 32,
            "tool": "test",
            "at": 1,
            "counts": {"error": 0},
        },
        "source": "",
        "url": None,
        "options": {},
        "networks": {},
        "volumes": {},
        "proxy": {"service": "caddy"},
        "services": {
            "web": _service("app", mounts=mounts),
            "caddy": _service("proxy", port=None, rollout="recreate"),
        },
        "routes": {"web": 8000},
        "probes": [],
        "files": {TREE: FILE},
        "secrets": {"password": hashlib.sha256(CANARY).hexdigest()},
        "events": None,
        **more,
    }


BLOBS = (
    Blob("file", FILE["sha256"], CONFIG),
    Blob("secret", "password", CANARY),
    Blob("credentials", "", b'{"auths":{}}'),
)
REQUEST = {"request": "deploy", "release": _release(), "options": {}, "by": "alice@laptop"}


def _slow_agent() -> Agent:
    sources = dict(_sources(resources.files("fairlead.host"), ""))
    content = render_zipapp({**sources, "deploy.py": SLOW_DEPLOY})
    return Agent(content, hashlib.sha256(content).hexdigest())


class Server:
    """A "server" on this machine: a root of its own, reached by running the loader."""

    def __init__(self, root: Path, agent: Agent) -> None:
        self.root = root
        self.agent = agent
        self.traffic = Traffic()
        self.environ: dict[str, str] = {}

    def connect(self, agent: Agent | None = None) -> Session:
        argv = [sys.executable, *loader_argv()[1:]]
        env = {"FAIRLEAD_ROOT": str(self.root), **self.environ}
        return Session(argv, _lost, self.traffic, agent=agent or self.agent, env=env).greet()

    @property
    def tasks(self) -> list[Path]:
        return sorted((self.root / "board" / "tasks").iterdir())


def _lost(stderr: str) -> CommandFailedError:
    return CommandFailedError("lost", details=tuple(stderr.splitlines()))


def _kill(session: Session) -> None:
    session._process.send_signal(signal.SIGKILL)
    session._process.wait()


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path, _slow_agent())


def test_the_agent_is_sent_once_and_then_never_again(server: Server) -> None:
    for _ in range(3):
        with server.connect(build_agent()) as session:
            assert session.ask({"request": "hello"})["data"]["protocol"] == 1
    assert server.traffic.connections == 3
    assert server.traffic.agent_bytes == len(build_agent().content)
    assert [path.name for path in (server.root / "agents").iterdir()] == [build_agent().sha256]


def test_an_agent_that_arrives_damaged_never_runs(server: Server) -> None:
    broken = Agent(b"x" + server.agent.content[1:], server.agent.sha256)
    with pytest.raises(CommandFailedError, match="damaged"):
        server.connect(broken)
    assert list((server.root / "agents").iterdir()) == []


def test_a_name_that_leaves_the_folder_is_refused(server: Server) -> None:
    with pytest.raises(CommandFailedError, match="no agent"):
        server.connect(Agent(b"x", "../" + "a" * 61))


def test_a_root_that_cannot_be_written_is_told_with_what_to_do(server: Server) -> None:
    (server.root / "agents").write_text("a file where the folder should be")
    with pytest.raises(CommandFailedError, match="cannot keep the agent") as caught:
        server.connect()
    assert "host setup" in caught.value.fix


def test_what_a_shell_prints_at_its_start_is_passed_over(server: Server) -> None:
    words = ["sh", "-c", 'echo "Welcome!"; echo "{}"; exec "$@"', "sh", sys.executable, *loader_argv()[1:]]
    env = {"FAIRLEAD_ROOT": str(server.root)}
    with Session(words, _lost, Traffic(), agent=server.agent, env=env) as session:
        assert session.ask({"request": "hello"})["exit"] == 0


def test_a_deploy_is_told_from_its_first_event_to_its_result(server: Server) -> None:
    events: list[Event] = []
    with server.connect() as session:
        result = session.ask(REQUEST, BLOBS, events.append)
        assert session.ask({"request": "hello"})["exit"] == 0, "the connection stays usable"
    assert result["status"] == "live"
    assert result["data"]["blobs"] == [FILE["sha256"]]
    assert result["data"]["secrets"] == 1
    assert result["data"]["login"] == '{"auths":{}}'
    assert result["data"]["umask"] == 0o022
    assert [event["event"] for event in events] == ["attached", "task", *["phase"] * 10]


def test_a_client_that_dies_does_not_stop_the_deploy_and_another_one_joins_it(server: Server) -> None:
    seen: list[Event] = []
    go = server.root / "go"
    server.environ["HOLD"] = str(go)
    session = server.connect()

    def die(event: Event) -> None:
        seen.append(event)
        if len(seen) == 4:
            _kill(session)

    with pytest.raises(LostError):
        session.ask(REQUEST, BLOBS, die)
    session.close()
    joined: list[Event] = []

    def join(event: Event) -> None:
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


def test_a_dropped_connection_is_opened_again_and_no_event_is_told_twice(server: Server) -> None:
    events: list[Event] = []
    session = server.connect()

    def cut_once(event: Event) -> None:
        events.append(event)
        if event.get("phase") == "3" and server.traffic.connections == 1:
            _kill(session)

    result = run_remote_task(session, server.connect, REQUEST, BLOBS, cut_once)
    session.close()
    assert result["status"] == "live"
    assert server.traffic.connections == 2
    assert [event.get("phase") for event in events if event["event"] == "phase"] == [
        str(n) for n in range(10)
    ]


def test_nobody_listening_the_deploy_ends_all_the_same(server: Server) -> None:
    """Not even when everything that the connection started is killed with it."""
    session = server.connect()
    with pytest.raises(LostError):
        session.ask(REQUEST, BLOBS, lambda _: os.killpg(session._process.pid, signal.SIGKILL))
    session.close()
    events = server.tasks[0] / "events.jsonl"
    deadline = time.monotonic() + 30
    while not any(event["event"] == "result" for event in read_events(events)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert read_events(events)[-1]["status"] == "live"


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
    events: list[Event] = []
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
        changed = {**REQUEST, "release": _release(revision="2b" * 20)}
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


HOSTILE: tuple[dict[str, Any], ...] = (
    {"request": "format-disk"},
    {},
    {"request": None},
    {"request": "state"},
    {"request": "state", "app": "../etc"},
    {"request": "state", "app": ["board"]},
    {"request": "attach", "app": "board", "task": "../../etc"},
    {"request": "attach", "app": "board"},
    {"request": "logs", "app": "board", "tail": -1},
    {"request": "logs", "app": "board", "service": 7},
    {"request": "rollback", "app": "board"},
    {"request": "repair", "app": "board"},
    {"request": "deploy"},
    {"request": "deploy", "release": []},
    {"request": "deploy", "release": {"schema": "fairlead.release/v9"}},
    {"request": "deploy", "release": _release(app="../x")},
    {"request": "deploy", "release": _release(files={TREE: {"kind": "dir", "entries": {"../x": FILE}}})},
    {"request": "deploy", "release": _release(secrets={"../../x": "ab" * 32})},
    {"request": "deploy", "release": _release(), "parts": "none"},
    {"request": "deploy", "release": _release(), "options": {"allow_older": "yes"}},
    {"request": "plan", "release": {}},
    {"request": "order", "app": "board", "order": "commit"},
    {"request": "order", "app": "board", "task": "../../etc", "order": "commit"},
    {"request": "deploy", "release": _release(), "options": {"fleet": {"hosts": "a"}}},
    {"request": "deploy", "release": _release(), "options": {"fleet": {"hosts": [], "release": "../x"}}},
)


def test_hostile_requests_are_refused_in_words_and_change_nothing(server: Server) -> None:
    """One after the other over one connection, which stays usable throughout."""
    with server.connect() as session:
        for request in HOSTILE:
            result = session.ask(request)
            assert result["exit"] == 2, (request, result)
            assert result["error"]["what"]
        assert session.ask({"request": "hello"})["exit"] == 0
    outside = {path.name for path in server.root.iterdir()} - {"agents", "board"}
    assert outside == set()
    assert not (server.root / "board" / "secrets").exists()


def test_refused_blobs_do_not_break_the_conversation(server: Server) -> None:
    with server.connect() as session:
        wrong = Blob("file", "ff" * 32, b"\n" * 100_000)
        assert session.ask(REQUEST, (wrong,))["exit"] == 2
        other = Blob("secret", "password", b'{"request":"hello"}\n')
        assert session.ask(REQUEST, (BLOBS[0], other))["exit"] == 2
        assert session.ask(REQUEST, BLOBS)["exit"] == 0


@pytest.mark.parametrize(
    "raw", [b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 70_000 + b"\n", b'{"blobs": [-1]}\n', b"[1]\n"]
)
def test_noise_is_answered_and_hung_up_on(server: Server, raw: bytes) -> None:
    with server.connect() as session:
        session._writer.write_bytes(raw)
        answer = session._reader.read_frame()
        assert answer is not None
        assert answer["exit"] == 2
        assert session._reader.read_frame() is None


def test_following_logs_ends_with_the_client(tmp_path: Path) -> None:
    """The door that waits for a line notices that nobody listens any more."""
    read, write = os.pipe()
    answer_read, answer_write = os.pipe()
    code = "from fairlead.host import door, state\n"
    code += "import os, time\nfrom pathlib import Path\n"
    code += "state.stream_logs = lambda *a, **k: iter(lambda: time.sleep(60), 0)\n"
    code += "from fairlead.host import engine\nengine.Engine.connect = classmethod(lambda *a: None)\n"
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
    assert process.wait(20) == -signal.SIGTERM
    assert FrameReader(answer_read).read_frame() is None
    os.close(answer_read)
