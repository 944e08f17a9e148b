"""An authority that certifies by ACME, as Let's Encrypt does: Pebble, and a DNS that knows the names of a test.

It comes to the ports of a proxy on this machine to see who holds a name, and believes nobody's word.
"""

from __future__ import annotations

import json
import os
import socket
import socketserver
import ssl
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from fairlead.tools.locate import locate
from tests.adversary.local_edge import caddy_program, wait_for
from tests.patience import PATIENCE
from tests.ports import free_ports

_SELF_SIGNED = (
    *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
    *("-days", "2", "-subj", "/CN=pebble", "-addext", "subjectAltName=IP:127.0.0.1"),
)
_NO_SUCH_NAME = 3
_A = 1


@dataclass(frozen=True)
class Authority:
    """Where it is, what its own address is certified by, and the ports at which it looks for those who hold a name."""

    directory: str
    trusted_root: Path
    plain: int
    secure: int
    management: int
    names: set[str] = field(default_factory=set)

    @property
    def options(self) -> str:
        """The global options of a Caddyfile that lead to it."""
        return f"\tacme_ca {self.directory}\n\tacme_ca_root {self.trusted_root}\n"

    def context(self) -> ssl.SSLContext:
        """What a client needs to believe its certificates, and no others."""
        context = ssl.create_default_context(cafile=str(self.trusted_root))
        with urllib.request.urlopen(
            f"https://127.0.0.1:{self.management}/roots/0", context=context
        ) as answer:
            root = answer.read().decode()
        return ssl.create_default_context(cadata=root)

    def certificate(self, name: str, context: ssl.SSLContext) -> str:
        """The serial number of the certificate that a client gets and believes for a name.

        Raises:
            OSError: there is none that it believes.
        """
        with (
            socket.create_connection(("127.0.0.1", self.secure), PATIENCE) as stream,
            context.wrap_socket(stream, server_hostname=name) as secured,
        ):
            found = secured.getpeercert() or {}
            return str(found["serialNumber"])

    def get(self, name: str, context: ssl.SSLContext, within: float = PATIENCE) -> bytes:
        """The answer to ``GET /`` by HTTPS, once there is a certificate."""
        deadline = time.monotonic() + within
        while True:
            try:
                with (
                    socket.create_connection(("127.0.0.1", self.secure), PATIENCE) as stream,
                    context.wrap_socket(stream, server_hostname=name) as secured,
                ):
                    secured.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
                    return b"".join(iter(lambda: secured.recv(65536), b""))
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


@contextmanager
def pebble(root: Path, names: Collection[str], lifetime: int = 7 * 86400) -> Iterator[Authority]:
    """The authority; ``names`` lead to this machine, others lead nowhere. ``lifetime`` of certificates in seconds."""
    plain, secure, listen, management = free_ports(4)
    key, certificate = root / "pebble.key", root / "pebble.pem"
    argv = [*_SELF_SIGNED, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(argv, check=True, capture_output=True)
    config = {
        "listenAddress": f"127.0.0.1:{listen}",
        "managementListenAddress": f"127.0.0.1:{management}",
        "certificate": str(certificate),
        "privateKey": str(key),
        "httpPort": plain,
        "tlsPort": secure,
        "keyAlgorithm": "ecdsa",
        "retryAfter": {"authz": 1, "order": 1},
        "profiles": {"default": {"description": "the only one", "validityPeriod": lifetime}},
    }
    (root / "pebble.json").write_text(json.dumps({"pebble": config}))
    found = Authority(f"https://127.0.0.1:{listen}/dir", certificate, plain, secure, management, set(names))
    environ = {
        **os.environ,
        "PEBBLE_VA_NOSLEEP": "1",
        "PEBBLE_WFE_NONCEREJECT": "0",
        "PEBBLE_AUTHZREUSE": "0",
    }
    with _dns(found.names) as port, (root / "pebble.log").open("wb") as log:
        argv = [
            str(locate("pebble")),
            "-config",
            str(root / "pebble.json"),
            "-dnsserver",
            f"127.0.0.1:{port}",
        ]
        with subprocess.Popen(argv, stdout=log, stderr=log, env=environ) as process:
            try:
                wait_for(listen, process, root / "pebble.log")
                yield found
            finally:
                process.kill()


_STINGY = """\
{
	admin off
	auto_https off
	skip_install_trust
	servers {
		protocols h1
	}
}
https://127.0.0.1:PORT {
	tls CERTIFICATE KEY
	handle /order-plz {
		header Content-Type application/problem+json
		respond `{"type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s, retry after 2099-01-01 00:00:00 UTC", "status": 429}` 429
	}
	reverse_proxy https://127.0.0.1:BEHIND {
		header_up Host 127.0.0.1:PORT
		transport http {
			tls_trust_pool file CERTIFICATE
		}
	}
}
"""


@contextmanager
def stingy(root: Path, authority: Authority) -> Iterator[Authority]:
    """The authority as one that has issued too many certificates lately; Pebble itself counts none."""
    (port,) = free_ports(1)
    behind = str(urllib.parse.urlsplit(authority.directory).port)
    parts = {"PORT": str(port), "BEHIND": behind, "CERTIFICATE": str(authority.trusted_root)}
    text = _STINGY.replace("KEY", str(authority.trusted_root.with_suffix(".key")))
    for name, value in parts.items():
        text = text.replace(name, value)
    with run_caddy(root / "stingy", text, port):
        yield replace(authority, directory=f"https://127.0.0.1:{port}/dir")


@contextmanager
def run_caddy(home: Path, text: str, port: int) -> Iterator[None]:
    """Caddy with this Caddyfile and a home of its own, once it listens at the port."""
    (home / "data").mkdir(parents=True)
    (home / "Caddyfile").write_text(text)
    argv = [str(caddy_program(home)), "run", "--config", str(home / "Caddyfile"), "--adapter", "caddyfile"]
    environ = {"HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "XDG_CONFIG_HOME": str(home / "data")}
    with (home / "log").open("wb") as log, subprocess.Popen(argv, stderr=log, env=environ) as process:
        try:
            wait_for(port, process, home / "log")
            yield
        finally:
            process.kill()


@contextmanager
def _dns(names: Collection[str]) -> Iterator[int]:
    """A DNS server by which these names lead to this machine, and no others are there."""

    class Answers(socketserver.StreamRequestHandler):
        """By TCP, as Pebble asks: the length, and what is said."""

        def handle(self) -> None:
            while length := self.rfile.read(2):
                answer = answer_dns(self.rfile.read(int.from_bytes(length)), names)
                self.wfile.write(len(answer).to_bytes(2) + answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answers) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def answer_dns(asked: bytes, names: Collection[str]) -> bytes:
    """127.0.0.1 for the names, by IPv4 only; for others that they do not exist."""
    labels, at = [], 12
    while asked[at]:
        labels.append(asked[at + 1 : at + 1 + asked[at]].decode().lower())
        at += 1 + asked[at]
    kind = int.from_bytes(asked[at + 1 : at + 3])
    known = ".".join(labels) in names
    address = (
        b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04\x7f\x00\x00\x01" if known and kind == _A else b""
    )
    flags = 0x8180 | (0 if known else _NO_SUCH_NAME)
    counts = (1, 1 if address else 0, 0, 0)
    head = asked[:2] + flags.to_bytes(2) + b"".join(one.to_bytes(2) for one in counts)
    return head + asked[12 : at + 5] + address
