"""A private key from a variable, in whatever shape it arrives."""

from __future__ import annotations

import base64
import itertools
import random

import pytest

from fairlead.errors import InputError
from fairlead.remote.private_key import parse_private_key


def _key(cipher: bytes = b"none") -> str:
    noise = random.Random(1).randbytes(300)  # noqa: S311 - repeatable, not secret
    raw = b"openssh-key-v1\0" + len(cipher).to_bytes(4, "big") + cipher + noise
    body = base64.b64encode(raw).decode()
    lines = [body[start : start + 70] for start in range(0, len(body), 70)]
    return "\n".join(("-----BEGIN OPENSSH PRIVATE KEY-----", *lines, "-----END OPENSSH PRIVATE KEY-----", ""))


KEY = _key()
_BREAKS = ("\n", "\r\n", "\r", r"\n", r"\r\n", "  \n", "\t\r\n", "\n\n", " ")
_ENDS = ("", "\n", "\r\n", " ", "\r", r"\n", "\n\n\n", '"\n')
_BEGINS = ("", "\ufeff", "  ", "\n", '"', "a comment\n")


@pytest.mark.parametrize(("break_", "end", "begin"), list(itertools.product(_BREAKS, _ENDS, _BEGINS)))
def test_a_key_is_mended_however_it_arrives(break_: str, end: str, begin: str) -> None:
    mangled = begin + KEY.rstrip("\n").replace("\n", break_) + end
    assert parse_private_key(mangled, "FAIRLEAD_SSH_KEY") == KEY


def test_an_older_form_is_taken_too() -> None:
    text = "-----BEGIN EC PRIVATE KEY-----\r\nMHcCAQEE\r\n-----END EC PRIVATE KEY-----"
    assert parse_private_key(text, "X") == text.replace("\r", "") + "\n"


@pytest.mark.parametrize(
    "text",
    [
        _key(b"aes256-ctr"),
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMIIB\n-----END RSA PRIVATE KEY-----",
    ],
    ids=["openssh", "pkcs8", "pem"],
)
def test_a_passphrase_is_told_as_that(text: str) -> None:
    with pytest.raises(InputError, match="FAIRLEAD_SSH_KEY has a passphrase"):
        parse_private_key(text, "FAIRLEAD_SSH_KEY")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("ssh-ed25519 AAAA me", "public key"),
        ("~/.ssh/id_ed25519", "path"),
        (KEY[:200], "cut off"),
        ("hello", "BEGIN"),
        ("", "BEGIN"),
    ],
)
def test_what_is_no_private_key_is_told_as_what_it_seems_to_be(text: str, word: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_private_key(text, "FAIRLEAD_SSH_KEY")
    assert word in caught.value.why
