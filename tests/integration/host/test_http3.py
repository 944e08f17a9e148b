"""HTTP/3 at the edge and at the board's own proxy, by a client that speaks nothing else: another Caddy."""

from __future__ import annotations

import http.client
import http.server
import socket
import ssl
import threading
from pathlib import Path

import pytest
import yaml

from fairlead.host.edge.claims import Claim, write_claim
from fairlead.host.wire.caddy.snippet import render_switch
from tests.adversary.local_edge import local_edge
from tests.integration.host.acme import run_caddy
from tests.patience import PATIENCE
from tests.ports import free_ports

_NAME = "board.test"
_COMPOSE = Path(__file__).parents[3] / "compose"
_CLIENT = """\
{
	admin off
	auto_https off
}
http://127.0.0.1:PORT {
	reverse_proxy https://127.0.0.1:SECURE {
		header_up Host NAME
		transport http {
			versions 3
			tls_server_name NAME
			tls_insecure_skip_verify
		}
	}
}
"""
_ASKED = 40


class _Second(http.server.BaseHTTPRequestHandler):
    """The proxy that takes the place of the first."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"second")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_the_edge_speaks_http3_says_so_and_loses_no_request_by_it(tmp_path: Path) -> None:
    """Before, while and after the proxy of the app is replaced, over one connection."""
    plain, secure, port = free_ports(3)
    second = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Second)
    threading.Thread(target=second.serve_forever, daemon=True).start()
    text = _CLIENT.replace("PORT", str(port)).replace("SECURE", str(secure)).replace("NAME", _NAME)
    with (
        local_edge(tmp_path, {_NAME: "board"}, ports=(plain, secure)) as edge,
        run_caddy(tmp_path / "client", text, port),
    ):
        assert f'h3=":{secure}"' in _announced(secure)
        answers = []
        for number in range(_ASKED):
            if number == _ASKED // 2:
                claim = Claim("board", frozenset({_NAME}), "http", "127.0.0.1", second.server_port)
                write_claim(edge.place, claim)
            answers.append(_get(port))
        assert {status for status, _ in answers} == {200}
        assert b"board" in answers[0][1]
        assert answers[-1][1] == b"second"
    second.shutdown()
    second.server_close()


@pytest.mark.long
def test_the_board_is_offered_by_http3_where_its_compose_file_publishes_it(tmp_path: Path) -> None:
    """Its own Caddyfile, at other ports; what it announces is the port that stands in the file by UDP too."""
    published = yaml.safe_load((_COMPOSE / "compose.yaml").read_text())["services"]["caddy"]["ports"]
    assert {"443:443", "443:443/udp"} <= set(published)
    plain, secure, port = free_ports(3)
    app = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Second)
    threading.Thread(target=app.serve_forever, daemon=True).start()
    client = _CLIENT.replace("PORT", str(port)).replace("SECURE", str(secure)).replace("NAME", _NAME)
    with (
        run_caddy(tmp_path / "board", _own_proxy(tmp_path, plain, secure, app.server_port), secure),
        run_caddy(tmp_path / "client", client, port),
    ):
        assert f'h3=":{secure}"' in _announced(secure)
        assert [_get(port)[0] for _ in range(3)] == [200] * 3
    app.shutdown()
    app.server_close()


def _own_proxy(root: Path, plain: int, secure: int, app: int) -> str:
    """The board's Caddyfile; what it leads to is on this machine."""
    for folder, content in (
        ("live/web", "127.0.0.1"),
        ("live/api", "127.0.0.1"),
        ("run/dark-token", "d" * 64),
    ):
        (root / folder).parent.mkdir(exist_ok=True)
        (root / folder).write_text(content)
    (root / "switch.caddy").write_text(render_switch().replace("/fairlead/", f"{root}/"))
    options = (
        f"{{\n\tadmin off\n\tskip_install_trust\n\tlocal_certs\n\thttp_port {plain}\n\thttps_port {secure}\n"
    )
    text = (_COMPOSE / "Caddyfile").read_text().replace("{\n", options, 1)
    for word, value in (
        ("{$SITE_HOST}", _NAME),
        ("{$SITE_ADDRESS}", _NAME),
        ("/fairlead/switch", f"{root}/switch"),
    ):
        assert word in text
        text = text.replace(word, value)
    return text.replace(" 8000\n", f" {app}\n")


def _get(port: int) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", "/")
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def _announced(port: int) -> str:
    """What the edge says of other ways to it, to who comes by TCP."""
    context = ssl._create_unverified_context()  # noqa: S323 - Caddy's own authority
    with (
        socket.create_connection(("127.0.0.1", port), PATIENCE) as stream,
        context.wrap_socket(stream, server_hostname=_NAME) as secured,
    ):
        secured.sendall(f"GET / HTTP/1.1\r\nHost: {_NAME}\r\nConnection: close\r\n\r\n".encode())
        head = b"".join(iter(lambda: secured.recv(65536), b"")).partition(b"\r\n\r\n")[0].decode("latin-1")
    found = [line for line in head.split("\r\n") if line.lower().startswith("alt-svc:")]
    return found[0] if found else ""
