"""HTTP over a unix socket, and the stream in which the engine sends a container's output."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from typing import cast

from .bounded import Bound, BoundedSocket, connect_unix

MAX_LINE = 1 << 16
"""What is longer without an end of line is cut in pieces: a container may never write one."""


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket: the engine's, or with ``foreign`` one that a container has made, which may be no socket."""

    def __init__(self, path: str, bound: Bound, *, foreign: bool = False) -> None:
        super().__init__("localhost")
        self._path = path
        self._bound = bound
        self._foreign = foreign

    def connect(self) -> None:
        if self._foreign:
            connection = connect_unix(self._path, self._bound)
        else:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                self._bound.give(connection)
                connection.connect(self._path)
            except BaseException:
                connection.close()
                raise
        self.sock = cast("socket.socket", BoundedSocket(connection, self._bound))


def split_lines(chunks: Iterator[bytes]) -> Iterator[str]:
    """Bytes as they come, as lines of text of at most ``MAX_LINE`` bytes."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield from (_text(piece) for piece in _pieces(line))
        while len(rest) >= MAX_LINE:
            yield _text(rest[:MAX_LINE])
            rest = rest[MAX_LINE:]
    if rest:
        yield rest.decode(errors="replace")


def read_frames(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The payload of the engine's log stream as it comes: frames of 8 bytes header (stream, length) and content.

    A frame may say that it has gigabytes; none is waited for as a whole.
    """
    header, left = b"", 0
    for chunk in chunks:
        rest = chunk
        while rest:
            if left:
                yield rest[:left]
                left, rest = max(0, left - len(rest)), rest[left:]
                continue
            taken = 8 - len(header)
            header, rest = header + rest[:taken], rest[taken:]
            if len(header) == 8:
                left, header = int.from_bytes(header[4:], "big"), b""


def _pieces(line: bytes) -> Iterator[bytes]:
    if len(line) <= MAX_LINE:
        yield line
        return
    for start in range(0, len(line), MAX_LINE):
        yield line[start : start + MAX_LINE]


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r")
