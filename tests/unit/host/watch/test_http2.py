"""HTTP/2 without TLS, against the reference implementation of it."""

from __future__ import annotations

import io

import h2.config
import h2.connection
import h2.events
import pytest
from hpack import Encoder
from hypothesis import given
from hypothesis import strategies as st

from fairlead.host.watch.http2 import (
    CONTINUATION,
    DATA,
    HEADERS,
    SETTINGS,
    Frame,
    Http2Error,
    Reply,
    encode_frame,
    encode_request,
    parse_grpc_status,
    parse_status,
    read_answer,
)

STATUSES = st.integers(200, 599)


@given(
    STATUSES,
    st.booleans(),
    st.lists(st.tuples(st.from_regex(r"[a-z-]{1,9}", fullmatch=True), st.text("ab0 ", max_size=9))),
    st.booleans(),
)
def test_the_status_is_read_however_it_is_written(
    status: int, huffman: bool, others: list[tuple[str, str]], resized: bool
) -> None:
    """Indexed, literal or in Huffman's code, and after a new size of the table."""
    encoder = Encoder()
    if resized:
        encoder.header_table_size = 100
    block = encoder.encode([(":status", str(status)), *others], huffman=huffman)
    assert parse_status(block) == status
    again = encoder.encode([(":status", str(status))], huffman=huffman)
    assert parse_status(again) in (status, None)


@given(st.integers(0, 16), st.booleans(), st.booleans())
def test_what_grpc_says_is_read_however_it_is_written(code: int, huffman: bool, alone: bool) -> None:
    """Behind the body, or with the status where there is none."""
    named = [] if alone else [(":status", "200"), ("content-type", "application/grpc")]
    block = Encoder().encode([*named, ("grpc-status", str(code)), ("grpc-message", "")], huffman=huffman)
    assert parse_grpc_status(block) == code


@given(st.binary(max_size=40))
def test_no_block_of_headers_is_too_wild(block: bytes) -> None:
    found = parse_status(block)
    assert found is None or 0 <= found <= 999


@given(st.binary(max_size=200), st.booleans())
def test_no_answer_is_too_wild(content: bytes, begins_well: bool) -> None:
    """An answer or an error in words, whatever a server sends."""
    stream = io.BytesIO((b"\0\0\0\x04\0\0\0\0\0" if begins_well else b"") + content)
    try:
        reply = read_answer(stream.read, lambda _: None, 1 << 16)
    except Http2Error:
        return
    assert 200 <= reply.status <= 999
    assert len(reply.body) <= 1 << 16


@given(
    st.from_regex(r"/[a-zA-Z/.]{0,200}", fullmatch=True),
    st.binary(max_size=100),
    st.integers(0, 60_000),
    STATUSES,
)
def test_a_server_understands_and_is_understood(path: str, body: bytes, size: int, status: int) -> None:
    """What the reference implementation takes for the request, and what we take for its answer."""
    server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    server.initiate_connection()
    events = server.receive_data(encode_request("a.example.com:80", "POST", path, {"X-One": "1"}, body))
    (asked,) = [event for event in events if isinstance(event, h2.events.RequestReceived)]
    assert dict(asked.headers or ())[b":path"].decode() == path
    assert dict(asked.headers or ())[b":authority"] == b"a.example.com:80"
    assert dict(asked.headers or ())[b"x-one"] == b"1"
    got = b"".join(event.data or b"" for event in events if isinstance(event, h2.events.DataReceived))
    assert got == body
    server.send_headers(1, [(":status", str(status)), ("content-type", "text/plain")])
    for start in range(0, size, 16_000):
        server.send_data(1, b"x" * min(16_000, size - start))
    server.send_headers(1, [("grpc-status", "0")], end_stream=True)
    stream = io.BytesIO(server.data_to_send())
    assert read_answer(stream.read, lambda _: None, 1 << 20) == Reply(status, b"x" * size, 0)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak HTTP/2"),
        (b"", "closed the connection"),
        (b"\0\0\0\x04\0\0\0\0\0" + b"\0\0\x04\x03\0\0\0\0\x01" + b"\0\0\0\x02", "INTERNAL_ERROR"),
        (b"\0\0\0\x04\0\0\0\0\0" + b"\0\0\x08\x07\0\0\0\0\0" + bytes(8), "GOAWAY"),
    ],
)
def test_what_is_no_answer_is_told_in_words(said: bytes, words: str) -> None:
    with pytest.raises(Http2Error, match=words):
        read_answer(io.BytesIO(said).read, lambda _: None, 100)


def _frame(kind: int, flags: int, payload: bytes) -> bytes:
    return encode_frame(Frame(kind, flags, 1, payload))


_BEGINNING = encode_frame(Frame(SETTINGS, 0, 0, b""))
_WHOLE = 4
"""The flag that ends the headers."""
_SIZES = b"\x20" * 16_000
"""New sizes for the table of headers, one a byte: nothing but work for who reads them."""


@pytest.mark.parametrize(
    "said",
    [
        _frame(HEADERS, 0, _SIZES) + _frame(CONTINUATION, _WHOLE, b"\x20") * 2,
        _frame(CONTINUATION, _WHOLE, b"\x88"),
        _frame(HEADERS, 0, _SIZES) + _frame(DATA, 1, b""),
        _frame(HEADERS, 0, _SIZES) + _frame(CONTINUATION, 0, _SIZES) * 8,
        _frame(HEADERS, 0, b"") + _frame(CONTINUATION, 0, b"") * 2_000,
    ],
    ids=[
        "go on behind their end",
        "have no beginning",
        "are cut by a body",
        "have no end",
        "have no content",
    ],
)
def test_headers_that_do_not_end_are_no_answer(said: bytes) -> None:
    """What comes in pieces is looked at once, when it is whole: a piece more is no reason to begin again."""
    stream = io.BytesIO(_BEGINNING + said + _frame(HEADERS, 5, b"\x88"))
    with pytest.raises(Http2Error, match="headers"):
        read_answer(stream.read, lambda _: None, 100)


def test_a_table_has_two_new_sizes_at_most() -> None:
    """As the standard has it: more of them would only be work."""
    assert parse_status(b"\x20\x20\x88") == 200
    assert parse_status(b"\x20\x20\x20\x88") is None
