"""A port that does not speak HTTP is told by what it speaks, and never by the bytes that came."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.host.watch.grpc import NO_ANSWER, read_state, state_fault
from fairlead.host.watch.speaks import name_first_bytes

GRPC = b"\0\0\x18\x04\0\0\0\0\0\0\x04\0@\0\0\0\x05\0@\0\0\0\x06\0\0@\0\xfe\x03\0\0\0\x01\0\0\x04\x08"


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (GRPC, "protocol: h2c"),
        (b"\0\0\0\x04\0\0\0\0\0", "protocol: h2c"),
        (b"\x15\x03\x01\0\x02\x02F", "TLS"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH"),
        (b"-ERR wrong number of arguments\r\n", "Redis"),
        (b"220 mail.example.com ESMTP\r\n", "SMTP"),
        (b"\x01\x0a\0\0\0\0\0\0", "FastCGI"),
        (b"hello\n", "'hello'"),
        (b"\xff\xfe\0", "bytes that are no HTTP"),
    ],
)
def test_a_protocol_is_known_by_how_it_begins(first: bytes, words: str) -> None:
    assert words in name_first_bytes(first)


@pytest.mark.parametrize(
    "first",
    [
        b'<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN"\n        "http://',
        b'<!DOCTYPE HTML>\n<html lang="en">\n    <head>\n        <meta cha',
        b"<html><body><h1>400 Bad request</h1>",
        b"Bad request\r\nwhat is that?\r\n",
    ],
)
def test_an_error_page_without_a_status_line_says_nothing(first: bytes) -> None:
    assert name_first_bytes(first) == ""


@given(st.binary(max_size=200))
def test_no_bytes_get_into_an_error(first: bytes) -> None:
    """One line of text, whatever a server sends."""
    words = name_first_bytes(first)
    assert words.isprintable()
    assert len(words) < 200


@pytest.mark.parametrize(
    ("code", "body", "state"),
    [
        ("0", b"\0\0\0\0\x02\x08\x01", "SERVING"),
        (None, b"\0\0\0\0\x02\x08\x01", "SERVING"),
        (None, b"\0\0\0\0\x02\x08\x02", "NOT_SERVING"),
        (None, b"\0\0\0\0\0", "UNKNOWN"),
        ("12", b"", "UNIMPLEMENTED"),
        ("14", b"", "UNAVAILABLE"),
        ("99", b"", "grpc-status 99"),
        (None, b"<html>", NO_ANSWER),
        (None, b"", NO_ANSWER),
    ],
)
def test_what_grpc_says_of_itself(code: str | None, body: bytes, state: str) -> None:
    assert read_state(code, body) == state


@given(st.none() | st.text(max_size=9), st.binary(max_size=50))
def test_only_a_server_that_says_so_serves(code: str | None, body: bytes) -> None:
    state = read_state(code, body)
    if not state_fault(state, strict=True):
        assert body[5:7] == b"\x08\x01"
    assert state_fault("NOT_SERVING", strict=False)
