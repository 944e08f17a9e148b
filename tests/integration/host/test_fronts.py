"""Fronts as real projects have them, configured as there: every one keeps the Host, and looks names up in its own way.

They are carried over while what is behind them is switched, so each must go on by what it looked up when it started.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.integration.host.fronts import fronts_image
from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage
from tests.patience import PATIENCE

_FILES = Path(__file__).parent / "front_files"
_USERS = "ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n"
_FRONTS = {
    "nginx": (8081, "nginx.conf", "/usr/sbin/nginx -g 'daemon off;' -c /etc/front"),
    "haproxy": (8082, "haproxy.cfg", "/usr/sbin/haproxy -db -f /etc/front"),
    "apache": (8083, "apache.conf", "/usr/sbin/apache2 -DFOREGROUND -f /etc/front"),
    "caddy-front": (8084, "Caddyfile", "/caddy run --config /etc/front --adapter caddyfile"),
}
_STAFF = {"Authorization": "Basic " + base64.b64encode(b"ann:secret").decode()}


def _name(front: str) -> str:
    return f"{front.partition('-')[0]}.example.com"


def _app(stage: Stage, number: int) -> Sheet:
    """A release: two services, four fronts before them, and a proxy that leads each hostname to its front."""
    sheet, image = stage.sheet(number), fronts_image()
    sheet.watch = {"window": 0}
    # A service that comes changes nothing for those that are there, nor for who has looked them up.
    ports = {"web": 8000, "api": 8000, **({"more": 8005} if number > 1 else {})}
    for name, port in ports.items():
        sheet.web(name)
        service = sheet.services[name]
        service["image"] = service["definition"]["image"] = image
        service["definition"]["command"] = [
            "/usr/bin/python3.13",
            "/etc/site",
            name,
            sheet.revision,
            f"{port}",
        ]
        service["port"] = sheet.routes[name] = port
        service["definition"].pop("healthcheck")
        service["gate"] = "http"
        service["mounts"][0]["file"] = sheet.file((_FILES / "app.py").read_text())
    sites = ["import /fairlead/switch.caddy\n"]
    for front, (port, file, command) in _FRONTS.items():
        text = (_FILES / file).read_text()
        mounts = [
            {"file": sheet.file(text), "target": "/etc/front", "read_only": True},
            {"file": sheet.file(_USERS), "target": "/etc/users", "read_only": True},
        ]
        own = {} if front == "caddy-front" else {"image": image}
        sheet.service(
            front,
            "app",
            port=port,
            health={"path": "/", "status": 200},
            gate="http",
            definition={"command": command.replace("$", "$$"), **own},
            mounts=mounts,
            **own,
        )
        sheet.routes[front] = port
        sites.append(
            f"http://{_name(front)}:8080, http://www.{_name(front)}:8080 {{\n\timport switch {front} {port}\n}}\n"
        )
    sheet.proxy("".join(sites))
    sheet.extra["url"] = f"http://{_name('nginx')}:{stage.port}"
    return sheet


def _ask(stage: Stage, host: str, path: str = "/", **headers: str) -> tuple[int, dict[str, str], Any]:
    """Status, headers, and what the app told."""
    connection = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Host": host, **headers})
        answer = connection.getresponse()
        body = answer.read()
        if answer.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        told = json.loads(body) if answer.status == 200 else body
        return answer.status, dict(answer.headers.items()), told


def _chat(stage: Stage, host: str) -> str:
    """What a WebSocket through a front answers to one frame."""
    with socket.create_connection(("127.0.0.1", stage.port), 30) as stream, stream.makefile("rb") as lines:
        head = (
            f"GET /chat HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        stream.sendall(head.encode())
        status = lines.readline().decode()
        while lines.readline().strip():
            pass
        if " 101 " not in status:
            return status
        stream.sendall(bytes((0x81, 0x80 | 2)) + bytes(4) + b"hi")
        length = lines.read(2)[1]
        return lines.read(length).decode()


def _check(stage: Stage, front: str, release: str) -> None:
    """All that the front's configuration says, of this release."""
    host = _name(front)
    for path, service, seen in (("/a?b=1", "web", "/a?b=1"), ("/api/c", "api", "/c")):
        status, _, told = _ask(stage, host, path)
        assert (status, told["service"], told["path"], told["Host"]) == (200, service, seen, host), (
            front,
            told,
        )
        assert told["release"][:4] == release, (front, told)
    status, headers, _ = _ask(stage, f"www.{host}", "/a")
    assert (status, headers["Location"]) == (301, f"http://{host}/a"), front
    assert _ask(stage, host, "/admin/")[0] == 401, front
    assert _ask(stage, host, "/admin/", **_STAFF)[0] == 200, front
    _, headers, told = _ask(stage, host, "/", **{"Accept-Encoding": "gzip"})
    assert (headers.get("Content-Encoding"), told["service"]) == ("gzip", "web"), front
    assert _chat(stage, host) == f"web {release} hi", front


@contextlib.contextmanager
def _visitors(stage: Stage) -> Iterator[list[str]]:
    """One at each front, all the time; what went wrong."""
    lost: list[str] = []
    over = threading.Event()

    def visit(front: str) -> None:
        while not over.is_set():
            for path in ("/", "/api/x"):
                try:
                    status, _, told = _ask(stage, _name(front), path)
                except OSError as error:
                    status, told = 0, repr(error)
                if status != 200:
                    lost.append(f"{front} {path}: {status} {told}")
                over.wait(0.05)

    threads = [threading.Thread(target=visit, args=(front,)) for front in _FRONTS]
    for thread in threads:
        thread.start()
    try:
        yield lost
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _ids(stage: Stage) -> set[str]:
    return {name for name in stage.containers() if any(front in name for front in _FRONTS)}


def test_every_front_goes_on_while_what_is_behind_it_is_switched(stage: Stage) -> None:
    """Path routing, authentication, redirects, compression and WebSockets, over a release that changes web and api, and back."""
    result = stage.deploy(_app(stage, 1))
    assert result.status == "live", (result.error, stage.notes())
    for front in _FRONTS:
        _check(stage, front, "1111")
    before = _ids(stage)
    with _visitors(stage) as lost:
        result = stage.deploy(_app(stage, 2))
        assert result.status == "live", (result.error, stage.notes())
        for front in _FRONTS:
            _check(stage, front, "2222")
        assert stage.rollback().status == "live"
        for front in _FRONTS:
            _check(stage, front, "1111")
    assert lost == []
    assert _ids(stage) == before
