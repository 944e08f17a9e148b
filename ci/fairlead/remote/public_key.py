"""Read the public half of an SSH key, so that what goes into ``authorized_keys`` is made here and copied from nowhere.

A line of that file decides who gets in and under which restrictions. So a key is taken apart, down to the numbers in
it, and written anew: one line, the type, the key, a comment of plain characters.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct
from dataclasses import dataclass

from fairlead.errors import InputError

_MAX_TEXT = 16 * 1024
_COMMENT_CHARS = 64
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9@._-]+")
_BLANKS = re.compile(r"[ \t]+")
_CERTIFICATE = "-cert-v01@openssh.com"

_ED25519_BYTES = 32
_RSA_BYTES = (256, 2049)
_CURVES = {"nistp256": 65, "nistp384": 97, "nistp521": 133}
"""How long a point of each curve is, uncompressed."""

TYPES = (
    "ssh-ed25519",
    *(f"ecdsa-sha2-{curve}" for curve in _CURVES),
    "ssh-rsa",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)
"""The last two are keys on a hardware token."""


@dataclass(frozen=True)
class PublicKey:
    """A key that was taken apart: its type, its bytes (the type is in them again), a comment of plain characters."""

    type: str
    blob: bytes
    comment: str = ""

    @property
    def body(self) -> str:
        """The bytes as they stand in a file."""
        return base64.b64encode(self.blob).decode()

    @property
    def line(self) -> str:
        """The line of ``authorized_keys``, without options and newline."""
        return " ".join(filter(None, (self.type, self.body, self.comment)))

    @property
    def fingerprint(self) -> str:
        """What ``ssh-keygen -l`` and sshd's log call it."""
        return f"SHA256:{base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip('=')}"


def parse_public_key(content: bytes, where: str) -> PublicKey:
    """Take the one key of a file apart; ``where`` is what the file is called in errors.

    Raises:
        InputError: it is not one key, on one line, of a kind that a server takes; or options stand before it.
    """
    text = _text(content, where)
    words = _BLANKS.split(text, maxsplit=2)
    kind = words[0]
    if "PRIVATE KEY" in text:
        raise _refused(where, "it is a private key", "name the other half, FILE.pub")
    if kind.endswith(_CERTIFICATE):
        raise _refused(where, "it is a certificate", "name the key that it was made for")
    if kind not in TYPES:
        why = f"it begins with {kind[:40]!r}, which is no type of key that is taken here"
        raise _refused(
            where, why, f"a line begins with its type, and no options before it: {', '.join(TYPES)}"
        )
    blob = _decode(words[1] if len(words) > 1 else "", where)
    if not _is_key(kind, blob):
        raise _refused(where, f"what follows {kind} is no key of this type", "copy the whole line again")
    comment = _NOT_PLAIN.sub("-", words[2]).strip("-")[:_COMMENT_CHARS] if len(words) > 2 else ""
    return PublicKey(kind, blob, comment)


def _text(content: bytes, where: str) -> str:
    if len(content) > _MAX_TEXT:
        raise _refused(where, "it is too long for a key", "name the file of one public key")
    try:
        text = content.decode("utf-8-sig").strip(" \t\r\n")
    except UnicodeDecodeError as error:
        raise _refused(where, "it is no text", "name the file that ends in .pub") from error
    if not text:
        raise _refused(where, "it is empty", "`ssh-keygen -y -f KEY` prints the public half of a private key")
    # Whatever ends a line or hides one for some program in between: not only a newline.
    if any(not (char.isprintable() or char == "\t") for char in text):
        raise _refused(where, "it has more than one line, or characters that cannot be seen", "name one key")
    return text


def _decode(body: str, where: str) -> bytes:
    try:
        blob = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refused(where, "its key is not base64", "copy the whole line again") from error
    if base64.b64encode(blob).decode() != body:
        raise _refused(where, "its key is not written as ssh-keygen writes it", "copy the whole line again")
    return blob


def _is_key(kind: str, blob: bytes) -> bool:
    """Whether the bytes are of this type, and nothing is before, between or after their parts."""
    parts = _split(blob)
    if parts is None or not parts or parts[0] != kind.encode():
        return False
    rest, sizes = parts[1:], [len(part) for part in parts[1:]]
    hardware = kind.startswith("sk-")
    if hardware:
        if not rest or not 0 < sizes[-1] <= 255:
            return False
        rest, sizes = rest[:-1], sizes[:-1]
    if kind.endswith("ssh-ed25519") or kind == "sk-ssh-ed25519@openssh.com":
        return sizes == [_ED25519_BYTES]
    if kind == "ssh-rsa":
        return len(rest) == 2 and 0 < sizes[0] <= 8 and _RSA_BYTES[0] <= sizes[1] <= _RSA_BYTES[1]
    curve = kind.removeprefix("sk-").removeprefix("ecdsa-sha2-").removesuffix("@openssh.com")
    return len(rest) == 2 and rest[0] == curve.encode() and sizes[1] == _CURVES[curve] and rest[1][0] == 4


def _split(blob: bytes) -> list[bytes] | None:
    parts, position = [], 0
    while position < len(blob):
        if position + 4 > len(blob):
            return None
        (size,) = struct.unpack_from(">I", blob, position)
        position += 4
        if size > len(blob) - position:
            return None
        parts.append(blob[position : position + size])
        position += size
    return parts


def _refused(where: str, why: str, fix: str) -> InputError:
    return InputError(f"{where} is not one public key", why=why, fix=fix)
