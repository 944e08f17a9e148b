"""A service that speaks HTTP/2 without TLS, as gRPC does: it is verified, switched, watched and called."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from fairlead.host.disk.place import PORTS
from fairlead.host.engine.containers import read_app_containers
from fairlead.host.engine.engine import Engine
from fairlead.host.watch.http2 import encode_request, read_answer
from fairlead.host.watch.patience import wait_until
from fairlead.host.watch.probe import Target, probe_http
from fairlead.host.wire.inside import PREFIX
from fairlead.host.wire.names import HEALTH_PATH
from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage
from tests.integration.host.street import open_street
from tests.patience import PATIENCE

_SITE = """\
{
	admin off
	servers {
		protocols h1 h2c
	}
}
:8000 {
	header X-Release RELEASE
	@old not protocol http/2
	respond @old "this is no HTTP/1 server" 502
	handle HEALTH {
		method GET
		rewrite * /etc/state
		file_server {
			root /
		}
	}
	respond /t.Echo/Fail "no" 500
	respond "RELEASE by {http.request.proto}" STATUS
}
"""
_PROXY = """\
{
	servers {
		protocols h1 h2c
	}
}
import /fairlead/switch.caddy
http://:8080 {
	import switch-h2c web 8000
}
"""
_BEHIND = """\
{
	servers {
		protocols h1 h2c
	}
}
import /fairlead/switch.caddy
http://:80 {
	@old {
		not protocol http/2
		header Content-Type application/grpc*
	}
	respond @old "calls came by HTTP/1" 502
	import switch-h2c web 8000
}
"""
SERVING, NOT_SERVING = "\x01", "\x02"


def _release(stage: Stage, number: int, state: str = SERVING, status: int = 200) -> Sheet:
    sheet = stage.sheet(number)
    text = _SITE.replace("RELEASE", sheet.revision).replace("HEALTH", HEALTH_PATH)
    text = text.replace("STATUS", str(status))
    sheet.web(
        text=text,
        gate="http" if state == SERVING else "running",
        health={"path": HEALTH_PATH, "status": 200},
        protocol="h2c",
        definition={"healthcheck": {"test": ["NONE"]}},
    )
    state_file = sheet.file(f"\0\0\0\0\2\x08{state}")
    sheet.services["web"]["mounts"].append({"file": state_file, "target": "/etc/state", "read_only": True})
    sheet.web("neighbour", text=text.replace(":8000", ":8001"), health=None, gate="running")
    del sheet.routes["neighbour"]
    sheet.services["neighbour"]["port"] = None
    sheet.proxy(_PROXY)
    sheet.extra["probes"] = [{"path": HEALTH_PATH, "status": 200}]
    return sheet


def _call(
    address: str,
    port: int,
    tls_name: str = "",
    headers: Mapping[str, str] | None = None,
    path: str = "/t.Echo/Say",
) -> str:
    """What a client of HTTP/2 is answered, without TLS or, for a name, with it."""
    asked = {"TE": "trailers", **(headers or {})}
    with socket.create_connection((address, port), timeout=PATIENCE) as plain:
        connection = _with_tls(plain, tls_name) if tls_name else plain
        connection.sendall(encode_request(tls_name or "a.example.com", "POST", path, asked, b"hello"))
        with connection, connection.makefile("rb") as stream:
            reply = read_answer(stream.read, connection.sendall, 1 << 16)
    return f"{reply.status} {reply.body.decode()}"


def _with_tls(connection: socket.socket, name: str) -> socket.socket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    return context.wrap_socket(connection, server_hostname=name)


def _inside(stage: Stage) -> str:
    found = read_app_containers(Engine.connect(), stage.paths)
    (carrier,) = (one for one in found if one.service.startswith(PREFIX) and one.running)
    return carrier.addresses[0]


@pytest.mark.long
def test_h2c_is_spoken_on_every_way(stage: Stage) -> None:
    """In public, from service to service, by each probe; what says that it does not serve is refused.

    Calls that fail though the health check says SERVING are given to either release by chance.
    """
    assert stage.deploy(_release(stage, 1)).status == "live", stage.notes()
    for number in (1, 2):
        if number == 2:
            assert stage.deploy(_release(stage, 2)).status == "live", stage.notes()
        told = f"200 {str(number) * 40} by HTTP/2.0"
        assert _call("127.0.0.1", stage.port) == told
        assert _call(_inside(stage), 8000) == told
    refused = stage.deploy(_release(stage, 3, NOT_SERVING))
    assert refused.status == "refused"
    assert refused.error is not None
    assert "NOT_SERVING to gRPC's health check" in refused.error.what
    assert _call("127.0.0.1", stage.port).endswith("by HTTP/2.0")
    _calls_tell_what_the_health_check_does_not(stage)


@contextlib.contextmanager
def _calling(stage: Stage, path: str) -> Iterator[None]:
    """Clients who call all the while, four at a time."""
    over = threading.Event()
    answered: list[str] = []

    def call() -> None:
        while not over.wait(0.02):
            answered.append(_call("127.0.0.1", stage.port, path=path))

    clients = [threading.Thread(target=call) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        assert wait_until(lambda: len(answered) > 20, timeout=PATIENCE), "the old release is asked first"
        yield
    finally:
        over.set()
        for client in clients:
            client.join()


def _calls_tell_what_the_health_check_does_not(stage: Stage) -> None:
    """Where only the old release answers them, it goes back; else nobody can tell, nor says 0."""
    broken, fine = _release(stage, 4, status=500), _release(stage, 5)
    broken.watch, fine.watch = {"window": 60.0}, {"window": 5.0}
    with _calling(stage, "/t.Echo/Say"):
        result = stage.deploy(broken)
    assert (result.status, result.exit, result.serving) == ("reverted", 6, "000002"), result.data
    assert result.error is not None
    assert "of the calls to web that chance gave to either release" in result.error.what
    assert not stage.paths.trial.is_symlink()
    with _calling(stage, "/t.Echo/Fail"):
        result = stage.deploy(fine)
    assert (result.status, result.exit, result.serving) == ("live", 4, "000005"), result.data
    assert result.error is not None
    assert "all calls of users to web failed" in result.error.what
    assert not stage.paths.trial.is_symlink()


@pytest.mark.long
def test_calls_come_through_the_edge_in_http2(
    image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By TLS, as clients of gRPC come in public; what comes otherwise goes on as before."""
    with open_street(tmp_path, image, monkeypatch) as street:
        sheet = street.sheet("rpc", 1, "rpc.test", caddyfile=_BEHIND)
        text = _SITE.replace("RELEASE", sheet.revision).replace("HEALTH", "/health").replace("STATUS", "200")
        sheet.web(text=text, health={"path": "/", "status": 200}, protocol="h2c")
        street.serve("rpc", sheet)
        told = f"200 {'1' * 40} by HTTP/2.0"
        assert _call("127.0.0.1", PORTS["https"], "rpc.test", {"Content-Type": "application/grpc"}) == told
        assert street.ask("rpc.test") == (200, f"{'1' * 40} by HTTP/2.0")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            b"\0\0\x18\x04\0\0\0\0\0" + bytes(24) + b"\0\0\x08\x07\0\0\0\0\0\n",
            "say `x-fairlead: {protocol: h2c}`",
        ),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "it speaks SSH"),
        (b"", "closed the connection without an answer"),
    ],
)
def test_what_speaks_something_else_is_told_by_it(said: bytes, words: str) -> None:
    """Its bytes stand in no error."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_answer, args=(server, said))
        thread.start()
        answer = probe_http(Target("http", "127.0.0.1", server.getsockname()[1], "a.example.com", "/"))
        thread.join()
    assert answer.status == 0
    assert words in answer.error
    assert answer.error.isprintable()


def _answer(server: socket.socket, said: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(said)
