"""Servers on a unix socket that answer as nobody should, each until its client has gone."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_PAUSE = 0.02
_ENOUGH = 1 << 25
"""Bytes after which a client is believed to listen for ever."""

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


def _for_ever(piece: bytes) -> Iterator[bytes]:
    return itertools.repeat(piece)


def _drip(text: bytes) -> Iterator[bytes]:
    return (bytes([byte]) for byte in itertools.chain(text, itertools.cycle(b"a")))


# What each sends, piece by piece; a drip pauses after each piece.
FLOODS: dict[str, Callable[[], Iterator[bytes]]] = {
    "a body without an end": lambda: itertools.chain([_HEAD + b"\r\n"], _for_ever(b" " * 65536)),
    "a body longer than it says": lambda: itertools.chain(
        [_HEAD + b"Content-Length: 99999999999999\r\n\r\n"], _for_ever(b"1" * 65536)
    ),
    "headers without an end": lambda: itertools.chain([_HEAD], _for_ever(b"X-A: b\r\n" * 9)),
    "a header without an end": lambda: itertools.chain([_HEAD + b"X-A: "], _for_ever(b"a" * 65536)),
    "a status without an end": lambda: itertools.chain([b"HTTP/1.1 200 "], _for_ever(b"a" * 65536)),
    "chunks without an end": lambda: itertools.chain([_HEAD + _CHUNKED], _for_ever(b"1\r\na\r\n" * 999)),
    "a chunk's size without an end": lambda: itertools.chain([_HEAD + _CHUNKED], _for_ever(b"0" * 65536)),
    "a chunk that says it is huge": lambda: itertools.chain(
        [_HEAD + _CHUNKED + b"7fffffffffffffff\r\n"], _for_ever(b"1" * 65536)
    ),
    "a chunk of less than nothing": lambda: iter([_HEAD + _CHUNKED + b"-5\r\nabc\r\n"]),
    "trailers without an end": lambda: itertools.chain([_HEAD + _CHUNKED + b"0\r\n"], _for_ever(b"A: b\r\n" * 999)),
    "a hundred and again": lambda: _for_ever(b"HTTP/1.1 100 Continue\r\n\r\n" * 99),
    "no HTTP": lambda: _for_ever(b"\x00\xff" * 999),
    "a number without an end": lambda: iter([_HEAD + b"\r\n[" + b"9" * 900_000 + b"]"]),
    "nested without an end": lambda: iter([_HEAD + b"\r\n" + b"[" * 900_000]),
    "nan": lambda: iter([_HEAD + b"\r\n" + b'[{"address": "a:08000", "num_requests": NaN, "fails": 1e999}]']),
    "half an answer": lambda: iter([_HEAD + b"Content-Length: 100\r\n\r\n[]"]),
    "zipped": lambda: iter([_HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"]),
    "somewhere else": lambda: iter([b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"]),
    "nothing at all": lambda: iter(()),
}  # fmt: skip
DRIPS: dict[str, Callable[[], Iterator[bytes]]] = {
    "a status": lambda: _drip(b"HTTP/1.1 200 "),
    "headers": lambda: _drip(_HEAD + b"X-A: "),
    "a body": lambda: itertools.chain([_HEAD + b"\r\n"], _drip(b"[")),
    "a body with its length": lambda: itertools.chain([_HEAD + b"Content-Length: 999\r\n\r\n"], _drip(b"[")),
    "chunks": lambda: itertools.chain([_HEAD + _CHUNKED], _for_ever(b"1\r\na\r\n")),
    "a hundred and again": lambda: _for_ever(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "silence": lambda: itertools.repeat(b""),
}


@dataclass
class Hostile:
    """Where it listens, how many bytes it has got rid of, and whether its client has gone before there were enough."""

    path: Path
    sent: int = 0
    left: threading.Event = None  # type: ignore[assignment]


@contextlib.contextmanager
def hostile(path: Path, pieces: Callable[[], Iterator[bytes]], *, pause: float = 0.0) -> Iterator[Hostile]:
    """Listen at ``path`` and answer whoever comes with these pieces, until he goes."""
    server = Hostile(path, left=threading.Event())
    over = threading.Event()

    def answer(connection: socket.socket) -> None:
        connection.settimeout(10.0)
        with contextlib.suppress(OSError), connection:
            connection.recv(65536)
            for piece in pieces():
                connection.sendall(piece)
                server.sent += len(piece)
                if _has_left(connection, pause) or over.is_set() or server.sent > _ENOUGH:
                    break
        if server.sent <= _ENOUGH and not over.is_set():
            server.left.set()

    def accept(listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        thread = threading.Thread(target=accept, args=(listening,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            over.set()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def _has_left(connection: socket.socket, pause: float) -> bool:
    """Whether the client has closed its end, looked for during the pause."""
    if not pause:
        return False
    connection.settimeout(pause)
    try:
        return connection.recv(1) == b""
    except (TimeoutError, socket.timeout):  # one class since Python 3.10
        return False
    finally:
        connection.settimeout(10.0)


def dripping(path: Path, pieces: Callable[[], Iterator[bytes]]) -> contextlib.AbstractContextManager[Hostile]:
    """The same, some bytes at a time."""
    return hostile(path, pieces, pause=_PAUSE)
