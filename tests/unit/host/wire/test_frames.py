"""The wire: what is a frame, and that nothing else gets through."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator

import pytest

from fairlead.host.wire.frames import (
    MAX_BLOB,
    MAX_BLOBS,
    FrameError,
    FrameReader,
    FrameWriter,
    encode_frame,
    parse_blob_sizes,
    parse_frame,
)


@pytest.fixture
def pipe() -> Iterator[tuple[FrameReader, FrameWriter]]:
    read, write = os.pipe()
    yield FrameReader(read), FrameWriter(write)
    for descriptor in (read, write):
        try:
            os.close(descriptor)
        except OSError:
            continue


def test_a_frame_and_its_blobs_arrive_as_they_were_sent(pipe: tuple[FrameReader, FrameWriter]) -> None:
    reader, writer = pipe
    writer.write({"request": "deploy", "blobs": [3, 0, 5]}, b"a\nb", b"", b"\x00{}\n\xff")
    writer.write({"request": "hello"})
    assert reader.read_frame() == {"request": "deploy", "blobs": [3, 0, 5]}
    assert [b"".join(reader.read_blob(size)) for size in (3, 0, 5)] == [b"a\nb", b"", b"\x00{}\n\xff"]
    assert reader.read_frame() == {"request": "hello"}


def test_blobs_that_nobody_wants_are_passed_over(pipe: tuple[FrameReader, FrameWriter]) -> None:
    reader, writer = pipe
    writer.write({"blobs": [4, 2]}, b"abcd", b"ef")
    writer.write({"request": "hello"})
    reader.read_frame()
    reader.skip([4, 2])
    assert reader.read_frame() == {"request": "hello"}


def test_the_end_of_the_stream_is_clean_only_between_frames(pipe: tuple[FrameReader, FrameWriter]) -> None:
    reader, writer = pipe
    writer.write({"a": 1})
    writer.write_bytes(b'{"half":')
    os.close(writer._descriptor)
    assert reader.read_frame() == {"a": 1}
    with pytest.raises(FrameError, match="middle of a line"):
        reader.read_frame()


def test_a_blob_that_ends_early_is_an_error(pipe: tuple[FrameReader, FrameWriter]) -> None:
    reader, writer = pipe
    writer.write_bytes(b"ab")
    os.close(writer._descriptor)
    with pytest.raises(FrameError, match="middle of a blob"):
        list(reader.read_blob(3))


def test_hanging_up_is_noticed_without_losing_what_came_before(pipe: tuple[FrameReader, FrameWriter]) -> None:
    reader, writer = pipe
    assert not reader.hung_up()
    writer.write({"a": 1})
    assert not reader.hung_up()
    os.close(writer._descriptor)
    assert reader.hung_up()
    assert reader.read_frame() == {"a": 1}


def test_a_lone_surrogate_does_not_break_the_wire() -> None:
    assert parse_frame(encode_frame({"name": "\udcff"})) == {"name": "\udcff"}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": [-1e400]}',
        b'{"a": ' + b"9" * 100 + b"}",
        b'{"a": ' + b"9" * 100_000 + b"}",
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_no_frame_is_refused(line: bytes) -> None:
    with pytest.raises(FrameError):
        parse_frame(line)


@pytest.mark.parametrize(
    "blobs",
    ["3", [-1], [True], [1.0], ["1"], [MAX_BLOB + 1], [0] * (MAX_BLOBS + 1), [MAX_BLOB] * 9, {"0": 1}],
)
def test_sizes_are_bounded(blobs: object) -> None:
    with pytest.raises(FrameError):
        parse_blob_sizes({"blobs": blobs})


def test_no_input_leads_to_anything_but_a_frame_or_a_frame_error() -> None:
    """Seeded noise, and mutations of a real request: every line parses, or is refused by name."""
    chance = random.Random(20260101)  # noqa: S311 - a seed, so that a failure can be repeated
    sample = json.dumps({"request": "deploy", "app": "board", "blobs": [1, 2], "to": None}).encode()
    for _ in range(20_000):
        line = bytearray(sample if chance.random() < 0.8 else chance.randbytes(chance.randrange(80)))
        for _ in range(chance.randrange(1, 6)):
            if line:
                line[chance.randrange(len(line))] = chance.randrange(256)
        try:
            parse_blob_sizes(parse_frame(bytes(line)))
        except FrameError:
            continue
