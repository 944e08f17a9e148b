"""A client and a server of different versions understand each other, or say that they do not.

``version_before`` holds both sides of a conversation as the version before had it: greeting, hello, history, a deploy with
its files, secrets and login, its events over again, and two changes that are refused. It is recorded anew when the
protocol gets another number.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fairlead.errors import CommandFailedError, FairleadError
from fairlead.host.wire.changes import DeployCall, RollbackCall, RotateCall, Subject
from fairlead.host.wire.contract import defaults, render
from fairlead.host.wire.events import PhaseEvent, parse_event
from fairlead.host.wire.frames import Frame, FrameWriter
from fairlead.host.wire.names import PROTOCOL
from fairlead.host.wire.request import Options
from fairlead.host.wire.result import Event
from fairlead.remote.server import Server as Asked
from fairlead.remote.session import Session, Traffic, loader_argv
from tests.integration.remote.request import BLOBS, release
from tests.integration.remote.server import Server, lost
from tests.patience import PATIENCE

BEFORE = Path(__file__).parent / "version_before"
SUBJECT = render(Subject("board", "production", "https://git.example.com/acme/board"))
BY, KEY = "alice@laptop", "5c" * 32
_LAUNCHER = """
import json, pathlib, sys
marked = {"mark": json.loads(sys.stdin.buffer.readline())["mark"]} if sys.argv[2] else {}
for line in pathlib.Path(sys.argv[1]).read_text().splitlines():
    print(json.dumps({**json.loads(line), **marked}), flush=True)
sys.stdin.buffer.read()
"""


def _greet(server: Server, greeting: Frame) -> dict[str, Any]:
    """What the loader of this version answers to a client's greeting."""
    argv = [sys.executable, *loader_argv()[1:]]
    env = {"FAIRLEAD_ROOT": str(server.root), "PATH": "/usr/bin:/bin"}
    sent = json.dumps(greeting).encode() + b"\n"
    done = subprocess.run(argv, input=sent, stdout=subprocess.PIPE, env=env, timeout=PATIENCE, check=False)
    _, line = done.stdout.splitlines()
    return dict(json.loads(line))


def _launcher(folder: Path, *answers: Frame, marks: bool = False) -> Session:
    """A connection to a launcher that answers this, whatever it is asked."""
    (folder / "answers").write_text("".join(json.dumps(one) + "\n" for one in answers))
    argv = [sys.executable, "-c", _LAUNCHER, str(folder / "answers"), "marks" if marks else ""]
    return Session(argv, lost, Traffic(), subject=SUBJECT)


def _frames(raw: str) -> list[dict[str, Any]]:
    """The frames of a side; the blobs of the one deploy are passed over."""
    text = raw.replace("".join(blob.content.decode() for blob in BLOBS), "")
    return [json.loads(line) for line in text.splitlines()]


def test_a_client_of_the_version_before_is_understood(server: Server) -> None:
    with server.connect():
        pass
    greeting, *requests = _frames((BEFORE / "client.txt").read_text())
    assert "protocol" not in greeting
    known = {**greeting, "agent": server.agent.sha256, "size": len(server.agent.content)}
    assert _greet(server, known) == {"agent": "known", "protocol": PROTOCOL}
    answers: list[Frame] = []
    with server.connect() as session:
        for frame in requests:
            session._writer.write(frame, *(blob.content for blob in BLOBS if "blobs" in frame))
            answers.append(session._reader.read_frame() or {})
            while answers[-1]["event"] != "result":
                answers.append(session._reader.read_frame() or {})
    told = _frames((BEFORE / "server.txt").read_text())
    ends, before = (
        [(one["exit"], one["status"], (one["error"] or {}).get("what")) for one in side if "exit" in one]
        for side in (answers, told)
    )
    assert ends == before
    phases, before_them = (
        [(one["event"], one.get("phase")) for one in side if "event" in one] for side in (answers, told)
    )
    assert phases == before_them


def test_a_server_of_the_version_before_is_understood_and_is_asked_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = _frames((BEFORE / "server.txt").read_text())
    options = Options()
    events: list[Frame] = []
    followed: list[Event] = []
    sent: list[Frame] = []
    write = FrameWriter.write

    def record(writer: FrameWriter, frame: Frame, *blobs: bytes) -> None:
        sent.append(frame)
        write(writer, frame, *blobs)

    monkeypatch.setattr(FrameWriter, "write", record)
    with _launcher(tmp_path, *told) as session:
        asked = Asked(session, lambda: session)
        assert asked.hello().protocol == 1
        assert asked.history().history == ()
        deploy = asked.part("a", DeployCall(release(), options, BY, marks_key=KEY), BLOBS)
        assert session.ask(deploy.request, deploy.blobs, events.append)["status"] == "live"
        assert asked.follow("20300101T000000-aaaaaa", followed.append).status == "live"
        for change in (RotateCall({"password": "zz"}, options, BY, KEY), RollbackCall("41", options, BY)):
            part = asked.part("a", change, ())
            assert session.ask(part.request)["exit"] == 2
    phases = [PhaseEvent(str(number), "done", seconds=0.1) for number in range(10)]
    assert [parse_event(one) for one in events if one["event"] == "phase"] == phases
    assert [one for one in followed if isinstance(one, PhaseEvent)] == phases[2:]
    assert {"agent", "size"} < set(sent.pop(0))
    for frame, recorded in zip(sent, _frames((BEFORE / "client.txt").read_text())[1:], strict=True):
        assert _meant(frame) == _meant(recorded)


def _meant(frame: dict[str, Any]) -> dict[str, Any]:
    """With the options that have their default, which are no longer sent; which part of a task is followed is no matter."""
    options = {**defaults(Options), **frame.get("options", {})}
    return {key: value for key, value in frame.items() if key not in {"time", "from", "task"}} | {
        "options": options
    }


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"agent": "known", "protocol": PROTOCOL + 1}, f"the server {PROTOCOL + 1}"),
        ({"agent": "moved", "protocol": PROTOCOL}, "'moved'"),
    ],
)
def test_a_launcher_of_another_version_is_told_from_one_that_is_slow(
    tmp_path: Path, answer: Frame, why: str
) -> None:
    with pytest.raises(CommandFailedError, match="different versions") as caught:
        _launcher(tmp_path, answer, marks=True).greet()
    assert why in caught.value.why
    assert "host setup --restrict" in caught.value.fix


def test_what_an_older_launcher_refuses_is_told_in_its_own_words(tmp_path: Path) -> None:
    error = {"what": "this server does not run the agent of this Fairlead", "why": "w", "fix": "f"}
    with pytest.raises(FairleadError, match="does not run the agent"):
        _launcher(tmp_path, {"agent": "refused", "error": error}).greet()


def test_a_client_of_a_newer_version_is_told_so(server: Server) -> None:
    greeting = {"agent": server.agent.sha256, "size": 1, "protocol": PROTOCOL + 1}
    answer = _greet(server, greeting)
    assert answer["agent"] == "refused"
    assert "different versions" in answer["error"]["what"]
    assert answer["error"]["why"] == f"this one speaks the protocol {PROTOCOL + 1}, the server {PROTOCOL}"
