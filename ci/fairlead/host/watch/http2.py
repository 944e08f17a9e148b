"""As much of HTTP/2 without TLS (h2c) as a probe needs: one request, its status, its body. Nothing is compressed.

Of the headers of an answer only the status is read, which stands first in them, and that of gRPC; so no table of
Huffman codes is needed but that of digits. Parsing is pure, and takes whatever a server of somebody sends.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Optional

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
_END_STREAM, _ACK, _END_HEADERS, _PADDED, _PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
_STREAM = 1
_LARGEST = 1 << 14
"""Bytes of a frame that a peer may send, since we have asked for no more."""
_MOST_HEADERS = 1 << 16
_MOST_SIZES = 2
"""New sizes of the table of headers that may stand before a block of them."""
_STATUS_INDEXES = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}
"""The static table's entries of ``:status``."""
_DIGITS = {
    **{f"{digit:05b}": str(digit) for digit in range(3)},
    **{f"{22 + digit:06b}": str(digit) for digit in range(3, 10)},
}
"""The Huffman codes of digits."""
_GRPC_STATUS = (b"\x0bgrpc-status", b"\x88\x9a\xca\xc8\xb2\x124\xda\x8f")
"""The name, after its length: as it is, and in Huffman's code."""
_FINAL = 200
_RESETS = {
    1: "PROTOCOL_ERROR",
    2: "INTERNAL_ERROR",
    7: "REFUSED_STREAM",
    8: "CANCEL",
    13: "HTTP_1_1_REQUIRED",
}


class Http2Error(Exception):
    """What came is no answer of HTTP/2; the words say what it is instead."""


@dataclass(frozen=True)
class Frame:
    """One frame: ``kind``, ``flags``, ``stream`` and what is in it."""

    kind: int
    flags: int
    stream: int
    payload: bytes


def encode_frame(frame: Frame) -> bytes:
    """A frame as it is sent."""
    return (
        struct.pack(">I", len(frame.payload))[1:]
        + struct.pack(">BBI", frame.kind, frame.flags, frame.stream)
        + frame.payload
    )


def encode_request(host: str, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """Everything that a client sends for one request: the preface, its settings, the headers and the body."""
    named = {":method": method, ":scheme": "http", ":path": path, ":authority": host}
    named.update({name.lower(): value for name, value in headers.items() if name.lower() != "host"})
    block = b"".join(b"\0" + _literal(name) + _literal(value) for name, value in named.items())
    flags = _END_HEADERS | (0 if body else _END_STREAM)
    frames = [Frame(SETTINGS, 0, 0, b""), Frame(HEADERS, flags, _STREAM, block)]
    if body:
        frames.append(Frame(DATA, _END_STREAM, _STREAM, body))
    return PREFACE + b"".join(map(encode_frame, frames))


def _literal(text: str) -> bytes:
    """A text as it is, after its length, whose first seven bits are one byte."""
    raw = text.encode("latin-1", "replace")
    if len(raw) < 127:
        return bytes((len(raw),)) + raw
    rest, length = len(raw) - 127, bytearray((127,))
    while rest >= 128:
        length.append(rest % 128 + 128)
        rest //= 128
    return bytes((*length, rest)) + raw


def read_frame(read: Callable[[int], bytes]) -> Frame:
    """The next frame.

    Raises:
        Http2Error: there is none, or what comes is no frame.
    """
    head = _read_exactly(read, 9)
    length = int.from_bytes(head[:3], "big")
    if length > _LARGEST:
        raise Http2Error("it does not speak HTTP/2")
    kind, flags, stream = struct.unpack(">BBI", head[3:])
    return Frame(kind, flags, stream & 0x7FFFFFFF, _read_exactly(read, length))


def _read_exactly(read: Callable[[int], bytes], count: int) -> bytes:
    found = b""
    while len(found) < count:
        more = read(count - len(found))
        if not more:
            raise Http2Error("it closed the connection in the middle of its answer")
        found += more
    return found


@dataclass(frozen=True)
class Reply:
    """The answer: its status, its body, and what gRPC says of the call, which may stand behind the body."""

    status: int
    body: bytes
    grpc: Optional[int] = None


class _Reading:
    """What has come of an answer so far. Each byte of it is looked at once, however it is cut into frames."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._block: Optional[bytearray] = None
        self._ends = False
        self._status: Optional[int] = None
        self._grpc: Optional[int] = None
        self._body = bytearray()

    def take(self, frame: Frame) -> Optional[Reply]:
        """One frame of our stream; the answer, when it is whole."""
        if frame.kind == RESET:
            code = int.from_bytes(frame.payload[:4], "big")
            raise Http2Error(f"it refused the request ({_RESETS.get(code, f'reset {code}')})")
        if (self._block is not None) != (frame.kind == CONTINUATION):
            raise Http2Error("its headers do not hold together")
        if frame.kind == HEADERS:
            self._block, self._ends = bytearray(_unpadded(frame)), bool(frame.flags & _END_STREAM)
        elif frame.kind == CONTINUATION and self._block is not None:
            self._block += frame.payload
        elif frame.kind == DATA:
            self._body += _unpadded(frame)
            self._ends = bool(frame.flags & _END_STREAM)
        else:
            return None
        if self._block is not None and len(self._block) > _MOST_HEADERS:
            raise Http2Error(f"its headers are larger than {_MOST_HEADERS} bytes")
        whole = frame.kind == DATA or bool(frame.flags & _END_HEADERS)
        if whole and self._block is not None:
            self._take_headers(bytes(self._block))
            self._block = None
        if whole and self._ends and self._status is None:
            raise Http2Error("it answered without a status")
        if self._status is None or not (whole and (self._ends or len(self._body) >= self._most)):
            return None
        return Reply(self._status, bytes(self._body[: self._most]), self._grpc)

    def _take_headers(self, block: bytes) -> None:
        found = parse_status(block) if self._status is None else self._status
        # 103 and its like come before the answer.
        self._status = None if found is not None and found < _FINAL else found
        status = parse_grpc_status(block)
        self._grpc = self._grpc if status is None else status


def read_answer(read: Callable[[int], bytes], send: Callable[[bytes], object], most: int) -> Reply:
    """The answer to ``encode_request``, with no more than ``most`` bytes of its body.

    Raises:
        Http2Error: there is none.
    """
    reading = _Reading(most)
    if read_frame(read).kind != SETTINGS:
        raise Http2Error("it does not speak HTTP/2")
    send(encode_frame(Frame(SETTINGS, _ACK, 0, b"")))
    while True:
        frame = read_frame(read)
        if frame.kind in (SETTINGS, PING) and not frame.flags & _ACK:
            send(encode_frame(Frame(frame.kind, _ACK, 0, frame.payload if frame.kind == PING else b"")))
        if frame.kind == GOAWAY and int.from_bytes(frame.payload[:4], "big") & 0x7FFFFFFF < _STREAM:
            raise Http2Error("it ended the connection (GOAWAY)")
        if frame.kind == DATA and frame.payload:
            room = struct.pack(">I", len(frame.payload))
            send(encode_frame(Frame(WINDOW, 0, 0, room)) + encode_frame(Frame(WINDOW, 0, _STREAM, room)))
        found = reading.take(frame) if frame.stream == _STREAM else None
        if found is not None:
            return found


def _unpadded(frame: Frame) -> bytes:
    """What is in a frame, without padding and priority."""
    payload, start, end = frame.payload, 0, len(frame.payload)
    if frame.flags & _PADDED:
        start, end = 1, end - (payload[0] if payload else 0)
    if frame.kind == HEADERS and frame.flags & _PRIORITY:
        start += 5
    return payload[start : max(start, end)]


def parse_status(block: bytes) -> Optional[int]:
    """The status that a block of headers begins with; None where it does not."""
    position = 0
    for _ in range(_MOST_SIZES):
        if position < len(block) and block[position] & 0xE0 == 0x20:
            # A new size for a table that we never use.
            position = _after_number(block, position, 5)
    if position >= len(block):
        return None
    first = block[position]
    if first & 0x80:
        return _STATUS_INDEXES.get(first & 0x7F)
    bits = 6 if first & 0x40 else 4
    if first & ((1 << bits) - 1) not in _STATUS_INDEXES:
        return None
    position += 1
    if position >= len(block):
        return None
    return _number(block, position)


def parse_grpc_status(block: bytes) -> Optional[int]:
    """The number that a block of headers or trailers gives as ``grpc-status``; None where it gives none."""
    for name in _GRPC_STATUS:
        place = block.find(name)
        if place >= 0:
            return _number(block, place + len(name))
    return None


def _number(block: bytes, position: int) -> Optional[int]:
    """The number that stands in a block as a text of at most three digits."""
    if position >= len(block):
        return None
    length = block[position] & 0x7F
    raw = block[position + 1 :][:length]
    text = _unhuffed(raw) if block[position] & 0x80 else raw.decode("latin-1")
    return (
        int(text) if len(raw) == length and 0 < len(text) <= 3 and text.isascii() and text.isdigit() else None
    )


def _after_number(block: bytes, position: int, bits: int) -> int:
    """Where the number that begins at ``position`` ends."""
    full = (1 << bits) - 1
    if block[position] & full != full:
        return position + 1
    position += 1
    while position < len(block) and block[position] & 0x80:
        position += 1
    return position + 1


def _unhuffed(raw: bytes) -> str:
    """Digits out of their Huffman codes; anything else is no status."""
    bits, text, code = "".join(f"{byte:08b}" for byte in raw), "", ""
    for bit in bits:
        code += bit
        if code in _DIGITS:
            text, code = text + _DIGITS[code], ""
    return text if not code.strip("1") else ""
