"""Read a private key that travelled through a secret of some CI, and often lost its shape on the way. Pure."""

from __future__ import annotations

import base64
import binascii
import re
import textwrap

from fairlead.errors import InputError

_ARMOUR = re.compile(r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----(.*?)-----END \1-----", re.DOTALL)
_HEADER = re.compile(r"^[A-Za-z-]+: .*$", re.MULTILINE)
_OPENSSH = "OPENSSH PRIVATE KEY"
_MAGIC = b"openssh-key-v1\0"
_UNENCRYPTED = b"\0\0\0\x04none"
_LINE = 70


def parse_private_key(content: str, variable: str) -> str:
    """The key as OpenSSH takes it, from a text that has lost newlines, or got others.

    A carriage return, blanks, a byte order mark, a newline that was escaped: all of these are mended.

    Raises:
        InputError: it is no private key, or one with a passphrase, which nobody is there to type.
    """
    # A key has no backslash: these two characters are a newline that somebody escaped.
    text = content.replace("\\r", "").replace("\\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    found = _ARMOUR.search(text)
    if found is None:
        raise InputError(
            f"{variable} holds no private key",
            why=_guess(text),
            fix="give it the content of the file of the private key, from `-----BEGIN` to `-----END …-----`",
        )
    kind, inner = found.groups()
    body = "".join(_HEADER.sub("", inner).split())
    if _has_passphrase(kind, inner, body):
        raise InputError(
            f"the private key in {variable} has a passphrase",
            why="a command that runs by itself has nobody to type it",
            fix="make a key for deploys without one: `ssh-keygen -t ed25519 -N '' -f deploy_key`",
        )
    return f"-----BEGIN {kind}-----\n" + "\n".join((*textwrap.wrap(body, _LINE), f"-----END {kind}-----", ""))


def _has_passphrase(kind: str, inner: str, body: str) -> bool:
    if kind != _OPENSSH:
        return "ENCRYPTED" in kind + inner
    try:
        raw = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return False
    return raw.startswith(_MAGIC) and not raw.startswith(_MAGIC + _UNENCRYPTED)


def _guess(text: str) -> str:
    words = text.split()
    if words and words[0].startswith(("ssh-", "ecdsa-", "sk-")):
        return "it begins like a public key: the private half is in the file without .pub"
    if len(words) == 1 and words[0].startswith(("/", "~", ".")):
        return "it looks like the path of a file: what the file holds is meant"
    if "-----BEGIN" in text:
        return "its end is missing: it was cut off"
    return "there is no line -----BEGIN … PRIVATE KEY-----"
