"""Processes of the board, and where its Postgres and Redis are."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psycopg

from app.api.documents import EVENT_EXAMPLE
from tests.patience import PATIENCE
from tests.ports import free_port

T = TypeVar("T")

ROOT = Path(__file__).parents[3]
SECRET = (ROOT / "compose/dev/secrets/postgres_password").read_text().strip()
RELEASE = "c0ffee" * 6 + "c0ff"
"""Seconds: a busy machine of two cores takes its time."""


def wait_for(what: str, ask: Callable[[], T | None], patience: float = PATIENCE) -> T:
    """The first answer that is not None or False."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"waited {patience:g} s for {what}")


@dataclass(frozen=True)
class Backends:
    """Where Postgres and Redis listen, and the environment that leads an app there."""

    postgres: int
    redis: int

    @property
    def environ(self) -> dict[str, str]:
        return {
            "BOARD_DATABASE_HOST": "127.0.0.1",
            "BOARD_DATABASE_PORT": str(self.postgres),
            "BOARD_DATABASE_PASSWORD": SECRET,
            "BOARD_REDIS_HOST": "127.0.0.1",
            "BOARD_REDIS_PORT": str(self.redis),
            "BOARD_REDIS_PASSWORD": SECRET,
            "BOARD_EVENTS_TOKEN": SECRET,
        }

    def connect(self, database: str = "board") -> psycopg.Connection[Any]:
        """A connection of the test's own."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.postgres,
            user="board",
            password=SECRET,
            dbname=database,
            autocommit=True,
        )

    def redis_command(self, *words: str) -> str:
        """Say something to Redis."""
        with socket.create_connection(("127.0.0.1", self.redis), 10) as connection:
            connection.sendall(f"AUTH {SECRET}\r\n".encode())
            assert connection.recv(64) == b"+OK\r\n"
            connection.sendall(" ".join(words).encode() + b"\r\n")
            return connection.recv(65536).decode()


@dataclass
class Role:
    """A process of the board. ``url`` leads nowhere for roles that do not listen."""

    process: subprocess.Popen[bytes]
    url: str
    output: Path | None = None

    def wait(self, seconds: float = PATIENCE) -> int:
        """Its exit code, once it has ended."""
        return self.process.wait(seconds)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def lines(self) -> list[dict[str, Any]]:
        """Its log."""
        assert self.output is not None
        return [json.loads(line) for line in self.output.read_text().splitlines() if line.startswith("{")]


def run_role(name: str, environ: Mapping[str, str], output: Path | None = None) -> Role:
    """Start ``python -m app NAME`` with nothing in its environment but what is given."""
    port = free_port()
    log = output.open("ab") if output else None
    process = subprocess.Popen(
        [sys.executable, "-m", "app", name],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "BOARD_PORT": str(port),
            "BOARD_RELEASE": RELEASE,
            "BOARD_DRAIN_SECONDS": "0.5",
            **environ,
        },
        stdout=log,
    )
    if log:
        log.close()
    return Role(process, f"http://127.0.0.1:{port}", output)


def is_ready(role: Role) -> bool:
    """Whether it says so; it must not have ended."""
    assert role.process.poll() is None, "it ended before it was ready"
    try:
        return httpx.get(f"{role.url}/health/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def make_document(**changes: Any) -> dict[str, Any]:
    """An event of an app of its own."""
    return {**EVENT_EXAMPLE, "id": str(uuid.uuid4()), "app": f"app-{uuid.uuid4().hex[:10]}", **changes}


def post(role: Role, document: Mapping[str, Any], token: str = SECRET) -> httpx.Response:
    """Tell an api of an event."""
    return httpx.post(
        f"{role.url}/api/v1/events",
        json=document,
        headers={"Authorization": f"Bearer {token}"},
        timeout=PATIENCE,
    )
