"""A server to talk to: the real loader and agent, over a local pipe instead of ssh."""

from __future__ import annotations

import hashlib
import signal
import sys
from importlib import resources
from pathlib import Path

from fairlead.errors import CommandFailedError
from fairlead.remote.agent import Agent, _sources, render_zipapp
from fairlead.remote.session import Session, Traffic, loader_argv

SLOW_DEPLOY = b"""
import os, time
from ..disk.orders import raise_if_stopped
from ..wire.errors import LockFault
from ..wire.events import PhaseEvent, TaskEvent
from ..wire.result import Result

def run_deploy(paths, request, emit, engine=None):
    emit(TaskEvent(request.task, "000001"))
    for number in range(10):
        time.sleep(0.03)
        while number == 5 and os.environ.get("HOLD") and not os.path.exists(os.environ["HOLD"]):
            time.sleep(0.01)
            if os.environ.get("HEED"):
                raise_if_stopped(paths.task(request.task))
            if os.path.exists(os.environ["HOLD"] + ".locked"):
                raise LockFault("the app is held by another")
        emit(PhaseEvent(str(number), "done", seconds=0.1))
    if os.environ.get("DIE"):
        os.kill(os.getpid(), 9)
    secrets = [path.read_bytes() for path in paths.secrets.rglob("*") if path.is_file()]
    blobs = sorted(path.name for path in request.blobs.iterdir())
    login = request.credentials.read_text() if request.credentials else None
    emit(Result("live", release="000001", serving="000001",
                data={"secrets": len(secrets), "blobs": blobs, "login": login, "umask": os.umask(0)}))

def run_rotation(paths, request, emit, engine=None):
    emit(Result("live", data={"secrets": dict(request.secrets)}))

def run_rollback(paths, request, emit, engine=None):
    raise ZeroDivisionError("a bug")

def run_repair(paths, emit, by="", engine=None):
    emit(Result("ok"))
"""


def slow_agent() -> Agent:
    """The agent, its transaction replaced by one that takes its time and tells phases."""
    sources = dict(_sources(resources.files("fairlead.host"), ""))
    content = render_zipapp({**sources, "run/deploy.py": SLOW_DEPLOY})
    return Agent(content, hashlib.sha256(content).hexdigest())


class Server:
    """A "server" on this machine: a root of its own, reached by running the loader."""

    def __init__(self, root: Path, agent: Agent) -> None:
        self.root = root
        self.agent = agent
        self.traffic = Traffic()
        self.environ: dict[str, str] = {}
        self.subject: dict[str, str] = {}

    def connect(self, agent: Agent | None = None) -> Session:
        """A new connection, to the slow agent or another one."""
        argv = [sys.executable, *loader_argv()[1:]]
        env = {"FAIRLEAD_ROOT": str(self.root), **self.environ}
        found = agent or self.agent
        return Session(argv, lost, self.traffic, agent=found, env=env, subject=self.subject).greet()

    @property
    def tasks(self) -> list[Path]:
        """The folders of the tasks that were started, in their order."""
        return sorted((self.root / "board" / "tasks").iterdir())


def lost(stderr: str) -> CommandFailedError:
    """The error of a connection that ended."""
    return CommandFailedError("lost", details=tuple(stderr.splitlines()))


def kill(session: Session) -> None:
    """End the connection as a client ends that is killed."""
    session._process.send_signal(signal.SIGKILL)
    session._process.wait()
