"""Bodies that come, or go, a byte at a time; on a clock of the test's own."""

from __future__ import annotations

import gzip
import io
from contextlib import nullcontext
from pathlib import Path

import pytest
import requests
from urllib3.response import HTTPResponse

from fairlead.image.registry.bodies import Pace, Sent, read_pieces, read_small
from fairlead.image.registry.fault import FaultError


class Dripping(io.BytesIO):
    """A body of which so many bytes come at once, each time so many seconds later."""

    def __init__(self, data: bytes, *, at_once: int, seconds: float) -> None:
        super().__init__(data)
        self.now, self._at_once, self._seconds = 0.0, at_once, seconds

    def read1(self, size: int | None = -1) -> bytes:
        self.now += self._seconds
        return super().read(min(size, self._at_once) if size and size > 0 else self._at_once)

    def read(self, size: int | None = -1) -> bytes:
        """All that is asked for, however long that takes."""
        data = b""
        while (size is None or size < 0 or len(data) < size) and (piece := self.read1()):
            data += piece
        return data

    def clock(self) -> float:
        return self.now

    def answer(self, **headers: str) -> requests.Response:
        answer = requests.Response()
        answer.status_code = 200
        answer.raw = HTTPResponse(self, headers=headers, status=200, preload_content=False)
        return answer


def test_a_document_that_drips_ends_in_its_time() -> None:
    body = Dripping(b"x" * 1000, at_once=1, seconds=10)
    with pytest.raises(FaultError, match="takes longer than 120 s") as caught:
        read_small(body.answer(), clock=body.clock)
    assert caught.value.is_passing
    assert body.now == 130


def test_a_document_that_comes_in_pieces_is_whole() -> None:
    body = Dripping(b"x" * 1000, at_once=7, seconds=0.1)
    assert read_small(body.answer(), clock=body.clock) == b"x" * 1000
    packed = Dripping(gzip.compress(b"y" * 200_000), at_once=7, seconds=0.1)
    answer = packed.answer(**{"content-encoding": "gzip"})
    assert read_small(answer, clock=packed.clock) == b"y" * 200_000


def test_a_body_that_breaks_off_is_told() -> None:
    for read in (read_small, lambda answer: list(read_pieces(answer))):
        body = Dripping(b"x" * 1000, at_once=7, seconds=0)
        with pytest.raises(FaultError, match="1000 bytes read, 1 more expected"):
            read(body.answer(**{"content-length": "1001"}))


def test_a_layer_that_drips_is_given_up() -> None:
    body = Dripping(b"x" * 10_000, at_once=1, seconds=10)
    with pytest.raises(FaultError, match="6 bytes of a layer went by in 60 s") as caught:
        list(read_pieces(body.answer(), body.clock))
    assert caught.value.is_passing


def test_a_layer_that_goes_on_may_take_hours() -> None:
    body = Dripping(b"x" * 20_000_000, at_once=50_000, seconds=10)
    assert sum(map(len, read_pieces(body.answer(), body.clock))) == 20_000_000
    assert body.now > 3600


def test_a_layer_that_began_fast_is_given_up_where_it_stops() -> None:
    pace = Pace()
    pace.add(1 << 30, 60)
    with pytest.raises(FaultError, match="went by in 60 s"):
        pace.add(1, 60)


def test_a_slow_disk_is_not_a_slow_registry() -> None:
    body = Dripping(b"x" * 100, at_once=1, seconds=0)
    for _ in read_pieces(body.answer(), body.clock):
        body.now += 100


@pytest.mark.parametrize(("seconds", "is_given_up"), [(3, False), (10, True)])
def test_a_layer_that_the_registry_hardly_takes_is_given_up(
    tmp_path: Path, seconds: float, is_given_up: bool
) -> None:
    (tmp_path / "layer").write_bytes(b"x" * 1_000_000)
    now, sent_bytes = 0.0, 0
    with (tmp_path / "layer").open("rb") as file:
        sent = Sent(file, lambda: now)
        assert len(sent) == 1_000_000
        with pytest.raises(FaultError, match="of a layer went by") if is_given_up else nullcontext():
            while piece := sent.read(1 << 14):
                sent_bytes += len(piece)
                now += seconds
    assert (sent_bytes < 1_000_000) is is_given_up
