"""Public keys of every kind, made of nothing: their form is right, nobody has their other half."""

from __future__ import annotations

import base64
import struct


def _blob(*parts: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


ED25519 = _blob(b"ssh-ed25519", bytes(range(32)))
RSA = _blob(b"ssh-rsa", b"\x01\x00\x01", b"\0" + b"\xc5" * 256)
ECDSA = _blob(b"ecdsa-sha2-nistp256", b"nistp256", b"\x04" + b"\x17" * 64)
HARDWARE = _blob(b"sk-ssh-ed25519@openssh.com", bytes(range(32)), b"ssh:")
ALL = (ED25519, RSA, ECDSA, HARDWARE)


def line_of(blob: bytes) -> str:
    """The line of a key, without a comment."""
    (size,) = struct.unpack_from(">I", blob)
    return f"{blob[4 : 4 + size].decode()} {base64.b64encode(blob).decode()}"
