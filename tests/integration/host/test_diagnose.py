"""A release that is refused says why its service is not reached, by what is seen of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from fairlead.host.watch.diagnose import find_protocol
from fairlead.host.wire.answer import render_answer
from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage

_LOOPBACK = "{\n\tadmin off\n}\nhttp://:8000 {\n\tbind 127.0.0.1 ::1\n\trespond hello\n}\n"
_KNOWS_ITS_HOST = """\
{
	admin off
}
http://:8000 {
	@wrong not host a.example.com
	respond @wrong "DisallowedHost" STATUS
	respond hello
}
"""


def _refused(stage: Stage, text: str, **fields: Any) -> dict[str, Any]:
    sheet = stage.sheet(1)
    sheet.web(text=text, expect_release=None, **fields)
    sheet.proxy()
    result = stage.deploy(sheet)
    assert result.status == "refused", stage.notes()
    assert result.error is not None
    return render_answer(result.error)


def test_one_that_nobody_reaches_says_where_it_listens(stage: Stage) -> None:
    """Though its own health check passes, in a container that has neither a shell nor a tool to look."""
    error = _refused(stage, _LOOPBACK)
    where = "it listens on 127.0.0.1:8000, [::1]:8000 only, inside of its container"
    assert f"{where}: make it listen on 0.0.0.0:8000" in str(error["why"])


@pytest.mark.long
def test_one_that_is_never_healthy_is_told_the_key_and_a_value(stage: Stage) -> None:
    result = stage.deploy(stage.sick(1))
    assert result.error is not None
    assert "it only takes longer to start than the 0.2 s that its check leaves it (no start_period)" in str(
        result.error.fix
    )
    assert "`healthcheck: {start_period: 30s, start_interval: 1s}`" in result.error.fix


def test_a_host_that_an_app_does_not_know_is_never_green(stage: Stage) -> None:
    """Where no status is asked for; the message names the Host, and the key for another one."""
    text = _KNOWS_ITS_HOST.replace("STATUS", "421")
    error = _refused(stage, text, health={"path": "/", "status": None})
    assert f"answered 421 to the Host stage.example.com:{stage.port}" in str(error["what"])
    assert "health: {host" in str(error["what"])
    sheet = _knowing(stage, text)
    assert stage.deploy(sheet).status == "live", stage.notes()


def _knowing(stage: Stage, text: str) -> Sheet:
    sheet = stage.sheet(2)
    sheet.web(text=text, expect_release=None, health={"path": "/", "status": None, "host": "a.example.com"})
    sheet.proxy()
    # Without a url nobody knows another Host than the service's own word.
    sheet.extra.update(url=None, probes=[])
    return sheet


@contextmanager
def _speaking(answers: dict[bytes, bytes]) -> Iterator[int]:
    """A server that says something to who begins so, and hangs up on everybody else."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    asked = connection.recv(64)
                    connection.sendall(
                        next((said for one, said in answers.items() if asked.startswith(one)), b"")
                    )

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({b"\x01\x09": b"\x01\x0a\0\0\0\0\0\0"}, "FastCGI"),
        ({b"PRI * ": b"\0\0\0\x04\0\0\0\0\0"}, "protocol: h2c"),
        ({b"\x16\x03": b"\x15\x03\x01\0\x02\x02\x46"}, ""),
        ({b"": b"SSH-2.0-x\r\n"}, "SSH"),
        ({b"": b"HTTP/1.1 400 Bad Request\r\n\r\n"}, ""),
        ({}, ""),
    ],
)
def test_what_a_port_speaks_is_found_by_asking(answers: dict[bytes, bytes], words: str) -> None:
    with _speaking(answers) as port:
        found = find_protocol("127.0.0.1", port)
    assert words in found
    assert bool(words) == bool(found)


class _Raising(BaseHTTPRequestHandler):
    """What an app of Python's own server is that fails at each request."""

    def do_GET(self) -> None:
        raise ValueError

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_pythons_own_server_whose_handler_raises_is_called_no_other_protocol() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Raising)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert find_protocol("127.0.0.1", server.server_port) == ""
        server.shutdown()
