"""The frames of a WebSocket (RFC 6455) as a client reads and writes them."""

from __future__ import annotations

import base64
import hashlib
import os
import struct
from dataclasses import dataclass

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass(frozen=True)
class Frame:
    """A frame; messages in fragments are not used by the lab."""

    opcode: int
    payload: bytes

    @property
    def close_code(self) -> int:
        """The code of a close frame; 1005 is the protocol's "no code given"."""
        return struct.unpack("!H", self.payload[:2])[0] if len(self.payload) >= 2 else 1005


def make_key() -> str:
    """A key for the handshake."""
    return base64.b64encode(os.urandom(16)).decode()


def accept_of(key: str) -> str:
    """What a server must answer to the key."""
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()).decode()


def handshake_headers(key: str) -> dict[str, str]:
    """The headers that ask for a WebSocket."""
    return {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
    }


def render_frame(opcode: int, payload: bytes, *, mask: bytes | None = None) -> bytes:
    """One frame; what a client sends carries a mask of 4 bytes."""
    length = len(payload)
    masked = 0x80 if mask is not None else 0
    if length < 126:
        head = struct.pack("!BB", 0x80 | opcode, masked | length)
    elif length < 1 << 16:
        head = struct.pack("!BBH", 0x80 | opcode, masked | 126, length)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, masked | 127, length)
    return head + (payload if mask is None else mask + apply_mask(payload, mask))


def apply_mask(payload: bytes, mask: bytes) -> bytes:
    """Mask or unmask."""
    length = len(payload)
    stream = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload) ^ int.from_bytes(stream)).to_bytes(length)


class FrameParser:
    """Bytes in, frames out."""

    def __init__(self, data: bytes = b"") -> None:
        self._raw = bytearray(data)

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes; the frames that are whole now."""
        self._raw += data
        frames = []
        while (frame := self._next()) is not None:
            frames.append(frame)
        return frames

    def _next(self) -> Frame | None:
        raw = self._raw
        if len(raw) < 2:
            return None
        length, start = raw[1] & 0x7F, 2
        if length >= 126:
            size = 2 if length == 126 else 8
            if len(raw) < 2 + size:
                return None
            length, start = int.from_bytes(raw[2 : 2 + size]), 2 + size
        masked = raw[1] & 0x80
        body = start + (4 if masked else 0)
        if len(raw) < body + length:
            return None
        payload = bytes(raw[body : body + length])
        if masked:
            payload = apply_mask(payload, bytes(raw[start:body]))
        frame = Frame(raw[0] & 0x0F, payload)
        del raw[: body + length]
        return frame
