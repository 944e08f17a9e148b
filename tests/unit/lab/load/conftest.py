"""Servers that behave well or badly, on unix sockets: real connections that leave the process for nowhere."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from lab.load.plan import Part, Plan, Target
from lab.load.report import Report, add_up
from lab.load.worker import load

_P = TypeVar("_P", bound=asyncio.Protocol)

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What a server does with one connection."""

Run = Callable[..., Report]

_SHORT = 0.2
_TURNS = 200
"""So often has the loop been round at least, however few of those seconds a busy machine has left for this process."""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Load a server for a short while: ``run(serve, part, **plan)``, or for ``seconds`` by the clock."""

    def run(serve: Serve | None, part: Part, *, seconds: float = 0.0, **fields: Any) -> Report:
        plan = Plan(Target(False, "127.0.0.2", 80, "127.0.0.2"), (part,), seconds or _SHORT)
        plan = dataclasses.replace(plan, **fields)
        return asyncio.run(_run(tmp_path / "socket", serve, plan, 1 if seconds else _TURNS))

    return run


async def _run(path: Path, serve: Serve | None, plan: Plan, turns: int) -> Report:
    started, origin = time.time(), time.monotonic()
    stopping = asyncio.Event()

    async def stop() -> None:
        for _ in range(turns):
            await asyncio.sleep(plan.seconds / turns)
        stopping.set()

    stop_later = asyncio.create_task(stop())

    async def connect(make: Callable[[], _P], alpn: str) -> tuple[asyncio.Transport, _P]:
        return await asyncio.get_running_loop().create_unix_connection(make, str(path))

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if serve:
                await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_unix_server(guarded, str(path)) if serve else None
    recorders = await load(plan, connect, stopping, origin)
    await stop_later
    if server:
        server.close()
    counted = {
        "started": started,
        "seconds": time.monotonic() - origin,
        "parts": [one.to_json() for one in recorders],
    }
    return add_up(plan, "http://127.0.0.2", [counted])


async def read_request(reader: asyncio.StreamReader) -> tuple[dict[str, str], bytes]:
    """The headers and the body of a request."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
    if "chunked" not in headers.get("transfer-encoding", ""):
        return headers, await reader.readexactly(int(headers.get("content-length", "0")))
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return headers, body


def render_answer(body: bytes = b"ok", status: int = 200, release: str = "r1", headers: str = "") -> bytes:
    """An answer as bytes."""
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nX-Release: {release}\r\n{headers}\r\n"
    return head.encode() + body
