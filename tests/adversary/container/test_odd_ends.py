"""A container leaves, or says, what is whole in no way that anybody thought of."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
from pathlib import Path

import pytest

from fairlead.host.disk.leftovers import sweep_leftovers
from fairlead.host.disk.paths import Paths
from fairlead.host.watch.http2 import (
    CONTINUATION,
    HEADERS,
    SETTINGS,
    Frame,
    Http2Error,
    encode_frame,
    read_answer,
)
from fairlead.host.watch.probe import Target, probe_http
from fairlead.host.wire.release import H2C
from tests.unit.host.disk.test_atomic import make_deep

_END_HEADERS = 4
_SIZES = b"\x20" * 16_000
"""New sizes for a table, one a byte: nothing but work for who reads them."""


def test_folders_without_an_end(tmp_path: Path) -> None:
    """A proxy makes folders in `run/`, called like something unfinished, and deeper than Python calls itself.

    Holds: they are lifted level by level and removed, with no link followed, and the next deploy or rollback begins.
    """
    paths = Paths(tmp_path, "board")
    paths.run.mkdir(parents=True)
    for name in (".x.0123456789ab", ".new-x"):
        make_deep(paths.run / name)
        assert sweep_leftovers(paths) == [paths.run / name]
        assert list(paths.run.iterdir()) == []


def test_headers_without_an_end() -> None:
    """An h2c service answers with headers that are to be read anew with every byte that comes behind their end.

    Holds: headers have one end and a bound, each byte of them is looked at once, and what does not hold together is no
    answer; so the deadline of the answer is the deadline, and a stop is heeded.
    """
    begin = encode_frame(Frame(SETTINGS, 0, 0, b"")) + encode_frame(Frame(HEADERS, 0, 1, _SIZES))
    again = encode_frame(Frame(CONTINUATION, _END_HEADERS, 1, b"\x20"))
    for said in (begin + again * 2, begin + encode_frame(Frame(CONTINUATION, 0, 1, _SIZES)) * 8):
        with pytest.raises(Http2Error, match="headers"):
            read_answer(io.BytesIO(said).read, lambda _: None, 100)
        assert "headers" in _ask(said)


def _ask(said: bytes) -> str:
    """What is wrong with the answer of a server that says this, whatever it is asked."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server, said), daemon=True).start()
        return probe_http(Target(H2C, "127.0.0.1", server.getsockname()[1], "web", "/"), timeout=60).error


def _serve(server: socket.socket, said: bytes) -> None:
    connection, _ = server.accept()
    with connection, contextlib.suppress(ConnectionError):
        connection.sendall(said)
        # Until the other end has had enough: to close before would cut off what is on its way.
        while connection.recv(1 << 16):
            pass
