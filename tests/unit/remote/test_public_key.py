"""A public key is taken apart and written anew: what is no key leads to nothing, what is one to one line."""

from __future__ import annotations

import base64
import struct

import pytest

from fairlead.errors import InputError
from fairlead.remote.public_key import PublicKey, parse_public_key
from tests.unit.remote.keys import ECDSA, ED25519, HARDWARE, RSA, line_of


@pytest.mark.parametrize("blob", [ED25519, RSA, ECDSA, HARDWARE], ids=["ed25519", "rsa", "ecdsa", "sk"])
@pytest.mark.parametrize(
    ("before", "after"),
    [("", ""), ("", "\n"), ("", "\r\n"), ("\ufeff", "\n"), (" \t", "  \r\n\r\n"), ("\n", " me@host")],
)
def test_a_key_is_taken_however_it_was_saved(blob: bytes, before: str, after: str) -> None:
    key = parse_public_key(f"{before}{line_of(blob)}{after}".encode(), "key.pub")
    assert key.blob == blob
    assert key.line.split()[:2] == line_of(blob).split()


@pytest.mark.parametrize(
    ("comment", "kept"),
    [
        ("it's mine", "it-s-mine"),
        ("a@b.example", "a@b.example"),
        (r"x\nssh-ed25519 AAAA", "x-nssh-ed25519-AAAA"),
        ("$(touch /x) `id` \"';", "touch-x-id"),
        ("END_OF_FILE", "END_OF_FILE"),
        ("é" * 500, ""),
        ("a" * 500, "a" * 64),
    ],
)
def test_a_comment_is_kept_as_plain_characters(comment: str, kept: str) -> None:
    assert parse_public_key(f"{line_of(ED25519)} {comment}".encode(), "key.pub").comment == kept


@pytest.mark.parametrize(
    "break_", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\0"]
)
def test_two_lines_are_two_keys_by_whatever_ends_a_line(break_: str) -> None:
    for text in (f"{line_of(ED25519)}{break_}{line_of(RSA)}", f"{line_of(ED25519)} x{break_}x"):
        with pytest.raises(InputError):
            parse_public_key(text.encode(), "key.pub")


def _damaged() -> list[bytes]:
    body = base64.b64encode(ED25519)
    trailing = base64.b64encode(ED25519 + b"\0")
    other = base64.b64encode(ED25519.replace(b"ssh-ed25519", b"ssh-ed25510"))
    return [
        b"",
        b"\xff\xfe",
        b"ssh-ed25519",
        b"ssh-ed25519 AAAA",
        b"ssh-ed25519 " + body[:-4],
        b"ssh-ed25519 " + trailing,
        b"ssh-ed25519 " + other,
        b"ssh-ed25519 " + body + b"====",
        b"ssh-rsa " + body,
        b"ssh-dss " + body,
        b"ssh-ed25519-cert-v01@openssh.com " + body,
        b'command="sh" ssh-ed25519 ' + body,
        b"no-pty ssh-ed25519 " + body,
        b"# ssh-ed25519 " + body,
        b"@cert-authority * ssh-ed25519 " + body,
        b"-----BEGIN OPENSSH PRIVATE KEY-----",
        b"x" * 20_000,
    ]


@pytest.mark.parametrize("content", _damaged(), ids=range(len(_damaged())))
def test_what_is_no_single_key_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(InputError) as caught:
        parse_public_key(content, "key.pub")
    assert caught.value.why
    assert caught.value.fix


def test_a_short_rsa_key_is_refused() -> None:
    parts = (b"ssh-rsa", b"\x01\x00\x01", b"\0" + b"\xff" * 128)
    blob = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    with pytest.raises(InputError):
        parse_public_key(line_of(blob).encode(), "key.pub")


def test_the_fingerprint_is_the_one_of_ssh_keygen() -> None:
    """The key and its fingerprint, as ssh-keygen printed them."""
    text = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPEAkXhzbrN+cWU7QRxJr3UfatM59lVjXaYhGYViIm16"
    key = parse_public_key(text.encode(), "key.pub")
    assert key == PublicKey("ssh-ed25519", key.blob)
    assert key.fingerprint == "SHA256:YADtYTHIya38wYA+vhKZvLW9ikMMdxIBIIKgk3b6NRY"
