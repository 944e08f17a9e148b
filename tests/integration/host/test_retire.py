"""What the old release has under way when it is retired: requests are waited for, streams are asked to end."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage
from tests.patience import PATIENCE


def _with_echo(stage: Stage, number: int) -> Sheet:
    """A release that also answers with what it was sent, when it has all of that.

    An answer that nobody reads to its end would not do: the kernel's buffers on the way may hold 32 MB each, so that
    the program may well be done with it.
    """
    sheet = stage.sheet(number)
    handlers = (
        '\thandle /echo {\n\t\trespond "{http.request.body}"\n\t}\n\thandle {\n\t\trespond "hello"\n\t}\n'
    )
    sheet.watch = {"window": 0}
    sheet.web(text=f"{{\n\tadmin off\n}}\n:8000 {{\n\theader X-Release {sheet.revision}\n{handlers}}}\n")
    sheet.proxy()
    return sheet


@contextlib.contextmanager
def _left_open(stage: Stage, *headers: str) -> Iterator[None]:
    """A request that its client does not send to the end, and that the program has begun to read."""
    with socket.create_connection(("127.0.0.1", stage.port), timeout=PATIENCE) as client:
        lines = [
            "POST /echo HTTP/1.1",
            "Host: stage.example.com",
            "Content-Length: 2",
            "Expect: 100-continue",
        ]
        client.sendall("\r\n".join([*lines, *headers, "", ""]).encode())
        assert client.recv(21) == b"HTTP/1.1 100 Continue"
        client.sendall(b"x")
        yield


def test_a_stream_is_asked_to_end_and_one_that_must_be_cut_is_told(stage: Stage) -> None:
    """Nobody waits `drain_timeout` for what does not end by itself; a request is waited for that long, and told too."""
    assert stage.deploy(_with_echo(stage, 1)).status == "live"
    with _left_open(stage, "Accept: text/event-stream"):
        assert stage.deploy(_with_echo(stage, 2)).status == "live"
    notes = "\n".join(stage.notes())
    assert "1 stream open: asked to end" in notes
    assert "after 2 s: they are asked" not in notes, "it was waited for like a request"
    killed = f"{stage.app}-000001-web-000001-1"
    assert (
        f"{killed} had not ended 2 s after the stop signal, and was killed, with 0 requests and 1 stream"
        in notes
    )
    with _left_open(stage):
        assert stage.deploy(_with_echo(stage, 3)).status == "live"
    notes = "\n".join(stage.notes())
    assert "1 request and 0 streams to the containers that serve no more were still open after 2 s" in notes
    assert "was killed, with 1 request and 0 streams still open" in notes
