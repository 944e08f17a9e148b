"""HTTP over a unix socket, and the stream in which the engine sends a container's output."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from typing import Optional


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket: the engine's, and the admin socket of the proxy."""

    def __init__(self, path: str, timeout: Optional[float]) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def split_lines(chunks: Iterator[bytes]) -> Iterator[str]:
    """Bytes as they come, as lines of text."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace").rstrip("\r")
    if rest:
        yield rest.decode(errors="replace")


def read_frames(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The payloads of the engine's log stream: frames of 8 bytes header (stream, length) and content."""
    buffer = b""
    for chunk in chunks:
        buffer += chunk
        while len(buffer) >= 8:
            size = int.from_bytes(buffer[4:8], "big")
            if len(buffer) < 8 + size:
                break
            yield buffer[8 : 8 + size]
            buffer = buffer[8 + size :]
