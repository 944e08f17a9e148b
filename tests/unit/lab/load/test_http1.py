from __future__ import annotations

import pytest

from lab.load.http1 import Answer, ResponseParser, render_chunk, render_request
from lab.load.record import Cause, LostError

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Release: r1\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n"
)
EMPTY = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("raw", "body", "status"),
    [(PLAIN, b"hello", 200), (CHUNKED, b"hello world", 200), (EMPTY, b"", 204), (INTERIM, b"", 200)],
)
def test_an_answer_is_the_same_however_its_bytes_come(raw: bytes, body: bytes, status: int) -> None:
    whole = ResponseParser().feed(raw)
    parser = ResponseParser()
    *before, last = [parser.feed(raw[place : place + 1]) for place in range(len(raw))]
    assert whole == last
    assert last is not None
    assert (last.body, last.status) == (body, status)
    assert before == [None] * (len(raw) - 1)


def test_a_parser_goes_on_with_the_next_answer() -> None:
    parser = ResponseParser()
    for _ in range(3):
        answer = parser.feed(PLAIN)
        assert answer is not None
        assert answer.release == "r1"


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    parser = ResponseParser()
    assert parser.feed(b"HTTP/1.0 200 OK\r\n\r\nabc") is None
    assert parser.end() == Answer(200, {}, b"abc", keep_alive=False)


@pytest.mark.parametrize("raw", [b"", PLAIN[:-1], CHUNKED[:-1], PLAIN[:20]])
def test_half_an_answer_is_none(raw: bytes) -> None:
    parser = ResponseParser()
    assert parser.feed(raw) is None
    assert parser.end() is None
    assert parser.begun is bool(raw)


@pytest.mark.parametrize(
    "raw",
    [b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 OK\r\n\r\n", CHUNKED.replace(b"5\r\nh", b"Z\r\nh"), b"\r\n\r\n"],
)
def test_what_is_not_http_is_a_lost_request(raw: bytes) -> None:
    with pytest.raises(LostError) as lost:
        ResponseParser().feed(raw)
    assert lost.value.cause is Cause.PROTOCOL


def test_the_bytes_behind_a_switch_of_protocols_are_kept() -> None:
    parser = ResponseParser()
    answer = parser.feed(b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x01a")
    assert answer is not None
    assert parser.rest() == b"\x81\x01a"


def test_a_request_says_how_long_its_body_is() -> None:
    raw = render_request("POST", "/echo", "127.0.0.2", {"A": "b"}, b"xyz")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[:2] == [b"POST /echo HTTP/1.1", b"Host: 127.0.0.2"]
    assert b"Content-Length: 3" in head
    assert body == b"xyz"
    assert render_chunk(b"x" * 17) + render_chunk(b"") == b"11\r\n" + b"x" * 17 + b"\r\n0\r\n\r\n"
