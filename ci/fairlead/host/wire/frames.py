"""The wire between client and agent: one JSON object a line, raw bytes where an object announces them.

``{"request": "deploy", …, "blobs": [12, 7]}`` is followed by 12 and 7 bytes. Everything that arrives is
taken for hostile: lines, numbers, nesting, counts and sizes are bounded before anything is believed.
Both ends use this module; it stays free of third-party code because the agent carries it to the server.
"""

from __future__ import annotations

import json
import os
import select
from collections.abc import Iterator
from typing import Any

from .plainjson import parse_json

MAX_LINE = 16 * 1024 * 1024
MAX_WORD = 4096
MAX_BLOB = 64 * 1024 * 1024
MAX_BLOBS = 4096
MAX_TOTAL = 512 * 1024 * 1024
_CHUNK = 64 * 1024

Frame = dict[str, Any]


class FrameError(Exception):
    """The other end sent what is no frame; after it nothing on this connection can be trusted."""


def encode_frame(message: Frame) -> bytes:
    """One frame as bytes: ASCII JSON and a newline, so that a lone surrogate cannot break it."""
    return json.dumps(message, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def parse_frame(line: bytes) -> Frame:
    """The object in one line.

    Raises:
        FrameError: not JSON, not an object, nested too deeply, or a number nobody would send.
    """
    try:
        message = parse_json(line.decode("utf-8"))
    except ValueError as error:
        raise FrameError(f"a line is not JSON ({type(error).__name__})") from error
    if not isinstance(message, dict):
        raise FrameError("a line is JSON, but no object")
    return message


def parse_blob_sizes(message: Frame) -> list[int]:
    """The sizes of the blobs that follow a frame, in bytes.

    Raises:
        FrameError: not a list of sizes, or more than the agent takes.
    """
    sizes = message.get("blobs", [])
    if not isinstance(sizes, list) or len(sizes) > MAX_BLOBS:
        raise FrameError(f"`blobs` must list at most {MAX_BLOBS} sizes")
    for size in sizes:
        if type(size) is not int or not 0 <= size <= MAX_BLOB:
            raise FrameError(f"a blob is larger than {MAX_BLOB} bytes, or its size is no number")
    if sum(sizes) > MAX_TOTAL:
        raise FrameError(f"the blobs of one request are larger than {MAX_TOTAL} bytes")
    return sizes


class FrameReader:
    """Frames and blobs from a file descriptor, never a byte further than asked for is interpreted."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._buffer = bytearray()
        self._ended = False

    def read_line(self) -> bytes | None:
        """The next line without its newline, or None at the end of the stream.

        Raises:
            FrameError: the line is too long, or the stream ended within it.
        """
        searched = 0
        while True:
            end = self._buffer.find(b"\n", searched)
            if end >= 0:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 1]
                return line
            searched = len(self._buffer)
            if searched > MAX_LINE:
                raise FrameError(f"a line is longer than {MAX_LINE} bytes")
            if not self._fill():
                if self._buffer:
                    raise FrameError("the stream ended in the middle of a line")
                return None

    def read_frame(self) -> Frame | None:
        """The next object, or None at the end of the stream.

        Raises:
            FrameError: what came is no frame.
        """
        line = self.read_line()
        return None if line is None else parse_frame(line)

    def read_blob(self, size: int) -> Iterator[bytes]:
        """The next ``size`` bytes, in pieces.

        Raises:
            FrameError: the stream ended before.
        """
        while size:
            if not self._buffer and not self._fill():
                raise FrameError("the stream ended in the middle of a blob")
            piece = bytes(self._buffer[:size])
            del self._buffer[: len(piece)]
            size -= len(piece)
            yield piece

    def skip(self, sizes: list[int]) -> None:
        """Pass over blobs that nobody needs."""
        for size in sizes:
            for _ in self.read_blob(size):
                pass

    def take_waiting(self, key: str) -> Iterator[Frame]:
        """The small frames with this key that have arrived, as long as such a one comes next. Does not wait.

        Raises:
            FrameError: what came is no frame.
        """
        while 0 <= (end := self._buffer.find(b"\n")) <= MAX_WORD:
            frame = parse_frame(bytes(self._buffer[:end]))
            if key not in frame:
                return
            del self._buffer[: end + 1]
            yield frame

    def hung_up(self) -> bool:
        """Whether the other end has closed its side. Does not wait."""
        while not self._ended and select.select([self._descriptor], [], [], 0)[0]:
            if len(self._buffer) > MAX_LINE:
                return False
            self._fill()
        return self._ended

    def _fill(self) -> bool:
        if self._ended:
            return False
        piece = os.read(self._descriptor, _CHUNK)
        self._ended = not piece
        self._buffer += piece
        return bool(piece)


class FrameWriter:
    """Frames to a file descriptor, each one out before the call returns.

    ``OSError`` (a broken pipe) passes through: only the caller knows whether somebody listening matters.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, message: Frame, *blobs: bytes) -> None:
        """Send one object and the bytes that belong to it."""
        self.write_bytes(encode_frame(message))
        for blob in blobs:
            self.write_bytes(blob)

    def write_bytes(self, raw: bytes) -> None:
        """Send bytes as they are."""
        view = memoryview(raw)
        while view:
            view = view[os.write(self._descriptor, view) :]
