"""The bodies of requests and answers, piece by piece, none of which can be drawn out without end.

The time that requests knows is that until the next byte: who sends one now and then is never late for it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from io import BufferedReader
from typing import TYPE_CHECKING

from fairlead.image.oci.manifests import LARGEST_DOCUMENT
from fairlead.image.registry.fault import FaultError, told

if TYPE_CHECKING:
    import requests

Clock = Callable[[], float]

_DOCUMENT_SECONDS = 120.0
_PIECE = 1 << 20
# A layer may take long, but goes on: four side by side still fit through a line of 128 kbit/s.
_PACE_SECONDS = 60.0
_LEAST_PER_SECOND = 4 << 10


class Pace:
    """Watches that a layer goes on: time that is not spent on the network counts for nothing."""

    def __init__(self) -> None:
        self._bytes, self._seconds = 0, 0.0

    def add(self, size: int, seconds: float) -> None:
        """So much went by in so long.

        Raises:
            FaultError: over the last minute that was less than the least.
        """
        self._bytes += size
        self._seconds += seconds
        if self._seconds < _PACE_SECONDS:
            return
        if self._bytes < _LEAST_PER_SECOND * self._seconds:
            raise FaultError(f"{self._bytes} bytes of a layer went by in {self._seconds:.0f} s, and no more")
        self._bytes, self._seconds = 0, 0.0


class Sent:
    """A file while it is sent, as requests reads one: the next piece when the last is on its way.

    Attributes:
        error: why it could not be read, which else would be told as a connection that broke.
    """

    def __init__(self, file: BufferedReader, clock: Clock = time.monotonic) -> None:
        self._file, self._clock = file, clock
        self._pace, self._last, self._given = Pace(), 0, clock()
        self.error: OSError | None = None

    def __len__(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def __iter__(self) -> Iterator[bytes]:
        """By this requests knows a stream; it is read by ``read``."""
        while piece := self.read(_PIECE):
            yield piece

    def read(self, size: int = -1) -> bytes:
        self._pace.add(self._last, self._clock() - self._given)
        try:
            data = self._file.read(size)
        except OSError as error:
            self.error = error
            raise
        self._last, self._given = len(data), self._clock()
        return data


def read_small(
    answer: requests.Response, limit: int = LARGEST_DOCUMENT, *, clock: Clock = time.monotonic
) -> bytes:
    """A document, in a time and of a size that end.

    Raises:
        FaultError: it is larger, takes longer, or breaks off.
    """
    deadline, data = clock() + _DOCUMENT_SECONDS, b""
    while piece := _read(answer, 1 << 16, decode=True):
        data += piece
        if len(data) > limit:
            raise FaultError(f"its answer is larger than {limit >> 20} MiB", status=400)
        if clock() > deadline:
            raise FaultError(f"its answer takes longer than {_DOCUMENT_SECONDS:g} s")
    return data


def read_pieces(answer: requests.Response, clock: Clock = time.monotonic) -> Iterator[bytes]:
    """A large answer as it comes, byte for byte.

    Raises:
        FaultError: it breaks off, or hardly goes on.
    """
    pace, asked = Pace(), clock()
    while piece := _read(answer, _PIECE):
        pace.add(len(piece), clock() - asked)
        yield piece
        asked = clock()


def _read(answer: requests.Response, most: int, *, decode: bool = False) -> bytes:
    """What is there, as soon as something is; nothing at the end."""
    # An old urllib3, which requests still takes, can only wait for all that is asked for.
    read = getattr(answer.raw, "read1", answer.raw.read)
    with told():
        return bytes(read(most, decode_content=decode) or b"")
