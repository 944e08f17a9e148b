"""The bodies of requests and answers, piece by piece."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from io import BufferedReader
from typing import TYPE_CHECKING

from fairlead.image.oci.manifests import LARGEST_DOCUMENT
from fairlead.image.registry.fault import FaultError, told

if TYPE_CHECKING:
    import requests

_DOCUMENT_SECONDS = 120.0
_PIECE = 1 << 20


class Sent:
    """A file while it is sent, as requests reads one.

    Attributes:
        error: why it could not be read, which else would be told as a connection that broke.
    """

    def __init__(self, file: BufferedReader) -> None:
        self._file = file
        self.error: OSError | None = None

    def __len__(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def __iter__(self) -> Iterator[bytes]:
        """By this requests knows a stream; it is read by ``read``."""
        while piece := self.read(_PIECE):
            yield piece

    def read(self, size: int = -1) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            self.error = error
            raise


def read_small(answer: requests.Response, limit: int = LARGEST_DOCUMENT) -> bytes:
    """A document, in a time and of a size that end.

    Raises:
        FaultError: it is larger, takes longer, or breaks off.
    """
    deadline, data = time.monotonic() + _DOCUMENT_SECONDS, b""
    with told():
        for piece in answer.iter_content(1 << 16):
            data += piece
            if len(data) > limit:
                raise FaultError(f"its answer is larger than {limit >> 20} MiB", status=400)
            if time.monotonic() > deadline:
                raise FaultError(f"its answer takes longer than {_DOCUMENT_SECONDS:g} s")
    return data


def read_pieces(answer: requests.Response) -> Iterator[bytes]:
    """A large answer as it comes, byte for byte.

    Raises:
        FaultError: it breaks off.
    """
    while piece := _read(answer):
        yield piece


def _read(answer: requests.Response) -> bytes:
    with told():
        return bytes(answer.raw.read(_PIECE, decode_content=False))
