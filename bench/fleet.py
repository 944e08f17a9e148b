"""Twenty hosts beside one: what the client, the connections and the words between them add to a deploy.

The hosts are simulated, for this machine could not run twenty engines: each has the real loader, door, task and hold in
processes of its own, reached over a pipe, and only its transaction is replaced by one that sleeps for as long as each
phase of a small app's deploy takes. So it says nothing of twenty real hosts' work, which they do side by side anyway;
it says what doing it together costs, with all of it on the processors of one machine.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

from bench.measure import Row
from fairlead.errors import CommandFailedError
from fairlead.host.wire.frames import Frame
from fairlead.remote.agent import Agent, _sources, render_zipapp
from fairlead.remote.coordinator import Part, run_together
from fairlead.remote.session import Session, Traffic, loader_argv

_HOSTS = 20
_GOAL = 2.0
PHASES = {
    "prepare": 0.3,
    "pull": 1.5,
    "platform": 0.3,
    "migrate": 0.2,
    "start": 1.0,
    "verify": 2.0,
    "watch": 5.0,
}
"""Seconds; the watch is the default window."""

_DEPLOY = f"""
import time
from types import SimpleNamespace

from .hold import hold
from ..wire.events import PhaseEvent, TaskEvent
from ..wire.result import Result

PHASES = {PHASES!r}


def run_deploy(paths, request, emit, engine=None):
    emit(TaskEvent(request.task, "000001"))
    host = SimpleNamespace(emit=emit)
    deploy = SimpleNamespace(
        options=request.options, paths=paths, request=request, host=host, checkpoint=lambda: None
    )
    for phase, seconds in PHASES.items():
        if phase == "watch" and request.options.fleet:
            hold(deploy, "switch")
        emit(PhaseEvent(phase, "begin"))
        time.sleep(seconds)
        emit(PhaseEvent(phase, "done", seconds=seconds))
    if request.options.fleet:
        hold(deploy, "commit")
    emit(Result("live", release="000001", serving="000001"))


def run_rollback(paths, request, emit, engine=None):
    raise NotImplementedError


def run_rotation(paths, request, emit, engine=None):
    raise NotImplementedError


def run_repair(paths, emit, by="", decision=None, engine=None):
    raise NotImplementedError
"""

_IMAGE = "registry.example.com/web@sha256:" + "ab" * 32


def measure() -> list[Row]:
    """One row."""
    alone, together = _deploy(1), _deploy(_HOSTS)
    ratio = together / alone
    return [
        Row(
            f"deploy to {_HOSTS} hosts (simulated: they sleep {sum(PHASES.values()):.1f} s)",
            f"{together:.1f} s",
            f"{alone:.1f} s (1 host)",
            f"{ratio:.2f}x",
            f"<= {_GOAL:g}x",
            ratio <= _GOAL,
        )
    ]


def _deploy(size: int) -> float:
    """Seconds from the first connection to the last result."""
    agent = _agent()
    names = [f"host{number:02d}" for number in range(size)]
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-") as folder:
        root = Path(folder)

        def connect(name: str) -> Session:
            argv = [sys.executable, *loader_argv()[1:]]
            environ = {"FAIRLEAD_ROOT": str(root / name)}
            return Session(argv, CommandFailedError, Traffic(), agent=agent, env=environ).greet()

        _know_agent(root, names, connect)
        began = time.monotonic()
        with ThreadPoolExecutor(size) as pool:
            sessions = list(pool.map(connect, names))
        parts = [
            Part(name, session, partial(connect, name), _request(names))
            for name, session in zip(names, sessions, strict=True)
        ]
        ends = run_together(parts, lambda _host, _event: None)
        took = time.monotonic() - began
        for session in sessions:
            session.close()
    failed = {host: end for host, end in ends.by_host.items() if not _is_well(end)}
    if failed:
        raise CommandFailedError(f"the simulated hosts failed: {failed}")
    return took


def _know_agent(root: Path, names: list[str], connect: Callable[[str], Session]) -> None:
    """Let every host have the agent already, compiled, as after any earlier deploy."""
    (root / "agents").mkdir()
    for name in (*names, "first"):
        (root / name).mkdir()
        (root / name / "agents").symlink_to(root / "agents")
    with connect("first") as session:
        session.ask(_request(["first"]))


def _is_well(end: object) -> bool:
    return isinstance(end, dict) and end.get("exit") == 0


def _agent() -> Agent:
    sources = dict(_sources(resources.files("fairlead.host"), ""))
    content = render_zipapp({**sources, "run/deploy.py": _DEPLOY.encode()})
    return Agent(content, hashlib.sha256(content).hexdigest())


def _request(hosts: list[str]) -> Frame:
    fleet = {"fleet": {"hosts": hosts, "hold_timeout": 60}} if len(hosts) > 1 else {}
    return {"request": "deploy", "release": _release(), "options": fleet, "by": "bench"}


def _release() -> dict[str, Any]:
    """The smallest document that the door accepts."""
    service: dict[str, Any] = {
        "rollout": "switch",
        "health": None,
        "gate": "running",
        "image": _IMAGE,
        "platforms": {},
        "why": "",
    }
    more: dict[str, Any] = {
        "expect_release": None,
        "depends_on": {},
        "mounts": [],
        "definition": {"image": _IMAGE},
    }
    whole = {**service, **more, "hash": "cd" * 32}
    verdict = {"passed": True, "fingerprint": "5a" * 32, "tool": "bench", "at": 1, "counts": {"error": 0}}
    return {
        "schema": "fairlead.release/v1",
        "app": "board",
        "environment": "production",
        "revision": "1a" * 20,
        "revision_time": 1_800_000_000,
        "created_by": "bench",
        "tool": "fairlead",
        "verdict": verdict,
        "source": "",
        "url": None,
        "options": {},
        "networks": {},
        "volumes": {},
        "proxy": {"service": "caddy"},
        "services": {
            "web": {**whole, "role": "app", "port": 8000},
            "caddy": {**whole, "role": "proxy", "port": None, "rollout": "recreate"},
        },
        "routes": {"web": 8000},
        "probes": [],
        "files": {},
        "secrets": {},
        "events": None,
    }
