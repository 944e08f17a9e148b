"""An independent client: what users see while something is done to an app."""

from __future__ import annotations

import http.client
import socket
import threading
from collections import Counter
from collections.abc import Mapping
from types import TracebackType
from typing import Protocol, Self

from fairlead.host.watch.http2 import Http2Error, encode_request, read_answer

_PAUSE = 0.1
_TIMEOUT = 10.0
"""Users do not wait longer; what takes longer is lost."""
GOOD = 400
"""The first status that is no good answer."""
_SWITCHED = 101


def ask(
    address: str,
    port: int = 80,
    path: str = "/",
    *,
    method: str = "GET",
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """One request by a connection of its own; the status, 0 where there was no answer, and the text."""
    connection = http.client.HTTPConnection(address, port, timeout=_TIMEOUT)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode().strip()
    except (OSError, http.client.HTTPException) as error:
        return 0, type(error).__name__
    finally:
        connection.close()


class Caller(Protocol):
    """How users ask: the address and port of the app, and headers; back come status and text."""

    def __call__(
        self, address: str, port: int = 80, *, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]: ...


def call(address: str, port: int = 80, *, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
    """As a client of gRPC does: HTTP/2 from the first byte."""
    asked = {"TE": "trailers", "Content-Type": "application/grpc", **(headers or {})}
    try:
        with socket.create_connection((address, port), timeout=_TIMEOUT) as connection:
            connection.sendall(encode_request("rpc.example.com", "POST", "/t.Echo/Say", asked, b"hello"))
            with connection.makefile("rb") as stream:
                reply = read_answer(stream.read, connection.sendall, 1 << 16)
    except (OSError, Http2Error) as error:
        return 0, type(error).__name__
    return reply.status, reply.body.decode()


def chat(address: str, port: int = 80, *, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
    """As a page that chats over a WebSocket does: open it, say one word, hear one."""
    asked = {
        "Host": address,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        **(headers or {}),
    }
    lines = ["GET /chat HTTP/1.1", *(f"{name}: {value}" for name, value in asked.items())]
    try:
        with socket.create_connection((address, port), timeout=_TIMEOUT) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            with connection.makefile("rb") as stream:
                status = int((stream.readline().split() or [b"", b"0"])[1])
                while stream.readline().strip():
                    pass
                if status != _SWITCHED:
                    return status, ""
                connection.sendall(b"\x81\x85\0\0\0\0hello")
                head = stream.read(2)
                return (200, stream.read(head[1]).decode()) if head[:1] == b"\x81" else (0, "closed")
    except OSError as error:
        return 0, type(error).__name__


def page(address: str, port: int = 80, *, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
    """As a browser does: a page, and the style sheet that it names."""
    status, text = ask(address, port, headers=headers)
    styled, style = (
        ask(address, port, "/static/site.css", headers=headers) if 0 < status < GOOD else (status, "")
    )
    return styled, f"{text} + {style}" if style else text


class Visitors:
    """Two users who ask all the while, each again when it was answered; ``seen`` counts what they got."""

    def __init__(
        self, address: str, port: int = 80, headers: Mapping[str, str] | None = None, caller: Caller = ask
    ) -> None:
        self.seen: Counter[tuple[int, str]] = Counter()
        self._done = threading.Event()
        self._where = (address, port)
        self._headers = dict(headers or {})
        self._caller = caller
        self._threads = [threading.Thread(target=self._visit, daemon=True) for _ in range(2)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def stay(self, seconds: float) -> None:
        """Go on asking for a while."""
        self._done.wait(seconds)

    def _visit(self) -> None:
        while not self._done.wait(_PAUSE):
            self.seen[self._caller(*self._where, headers=self._headers)] += 1

    @property
    def lost(self) -> int:
        """Requests without an answer, or with a bad one."""
        return sum(count for (status, _), count in self.seen.items() if not 0 < status < GOOD)

    def told(self) -> str:
        """In a cell of a table: ``all of 120`` or ``3 of 120 lost``."""
        total = sum(self.seen.values())
        return f"{self.lost} of {total} lost" if self.lost else f"all of {total}"
