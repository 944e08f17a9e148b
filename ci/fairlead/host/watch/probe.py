"""HTTP questions to a release that does not serve yet, through the very proxy that will serve it."""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Optional

from ..disk.place import PORTS
from ..engine.bounded import Bound, OverdueError
from ..engine.containers import Container
from ..wire.caddy.counted import DARK_HEADER, PROBE_HEADER
from ..wire.cut import cut
from ..wire.names import HEALTH_PATH
from ..wire.release import H2C, Probe, Service
from .grpc import ASKED, GRPC_HEADERS, read_state, state_fault
from .http2 import Http2Error, encode_request, read_answer
from .speaks import name_first_bytes
from .tls import LoopbackConnection

TCP = "tcp"
_LISTENS = 200
"""What stands for the answer of somebody who speaks another protocol: he is there."""
_TIMEOUT = 5.0
_MAX_BODY = 1 << 20
_MAX_ANSWER = _MAX_BODY + (1 << 20)
"""Bytes of the whole answer: what is read of the body, and headers (``http.client`` takes 100, of 64 KB each)."""
_MAX_TOLD = 200
_WRONG_HOST = (400, 421)
"""What servers answer to a Host that they do not know."""
_ANYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


@dataclass(frozen=True)
class Target:
    """Where to ask: a scheme, the address and port to connect to, and the Host that is asked for.

    Beside ``http`` and ``https`` there are ``h2c``, and ``tcp``, which asks whether anybody listens, and nothing more.
    """

    scheme: str
    address: str
    port: int
    host: str
    path: str


@dataclass(frozen=True)
class Answer:
    """What came back. ``status`` 0: nothing did, and ``error`` says why; ``tls`` if the handshake was to blame.

    ``grpc`` is what gRPC's health check said, where that was asked.
    """

    status: int
    release: Optional[str] = None
    error: str = ""
    tls: bool = False
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    grpc: str = ""

    @property
    def may_be_of_host(self) -> bool:
        """Whether it is what servers answer to a Host that they do not know."""
        return self.status in _WRONG_HOST

    @property
    def asks_for_tls(self) -> bool:
        """Whether it sends whoever asks on to a page by https."""
        return 300 <= self.status < 400 and self.headers.get("location", "").startswith("https://")

    def leads_to(self, target: Target) -> bool:
        """Whether it sends whoever asks on to that host, by that scheme."""
        try:
            place = urllib.parse.urlsplit(self.headers.get("location", ""))
        except ValueError:
            return False
        return 300 <= self.status < 400 and (place.scheme, place.netloc.lower()) == (
            target.scheme,
            target.host.lower(),
        )

    def fault(self, expected: Probe) -> str:
        """Why this is not the answer that was hoped for, or an empty text."""
        if not self.status:
            return self.error
        if expected.status is None and (self.status >= 500 or self.may_be_of_host):
            return f"answered {self.status}"
        if self.grpc:
            return state_fault(self.grpc, strict=expected.status is not None)
        if expected.status is not None and self.status != expected.status:
            return f"answered {self.status}, expected {expected.status}"
        if expected.body not in self.body:
            return f"answered without the text {expected.body!r}"
        for name, text in expected.headers.items():
            found = self.headers.get(name.lower())
            if found is None:
                return f"answered without the header {name}"
            if text not in found:
                return f"answered with {name}: {cut(found, _MAX_TOLD)}, expected {text}"
        return ""


def probe_http(
    target: Target,
    token: str = "",
    timeout: float = _TIMEOUT,
    headers: Optional[Mapping[str, str]] = None,
    checkpoint: Optional[Callable[[], None]] = None,
) -> Answer:
    """Ask once, with further ``headers``; ``timeout`` seconds for the whole answer, from the connection on.

    The certificate is not checked: the connection does not leave the host. What ``checkpoint`` raises ends the wait.
    """
    if target.scheme == TCP:
        return Answer(_LISTENS) if listens(target) else Answer(0, error="does not listen")
    bound = Bound(timeout, _MAX_ANSWER, checkpoint=checkpoint)
    connection = LoopbackConnection(
        target.address, target.port, target.host, bound, tls=target.scheme == "https"
    )
    own = {"Host": target.host, "User-Agent": "fairlead"}
    own.update({DARK_HEADER: token, PROBE_HEADER: token} if token else {})
    ask = _ask_h2c if target.scheme == H2C else _ask_http1
    try:
        return ask(connection, target, {**own, **(headers or {})})
    except ssl.SSLError as error:
        return Answer(0, error=f"no TLS: {error.reason or error}", tls=True)
    except OverdueError:
        return Answer(0, error=f"did not answer: the whole answer had not come after {timeout:.3g} s")
    except (OSError, http.client.HTTPException, Http2Error, ValueError) as error:
        return Answer(0, error=f"did not answer: {_reason(error)}")
    finally:
        connection.close()


def _ask_http1(connection: LoopbackConnection, target: Target, headers: Mapping[str, str]) -> Answer:
    is_grpc = target.path == HEALTH_PATH
    if is_grpc:
        connection.request("POST", target.path, body=ASKED, headers={**headers, **GRPC_HEADERS})
    else:
        connection.request("GET", target.path, headers=dict(headers))
    with connection.getresponse() as answer:
        raw = answer.read(_MAX_BODY)
    if answer.length and len(raw) < _MAX_BODY:
        return Answer(0, error=f"did not answer: {answer.length} bytes of the answer are missing")
    body = raw.decode("utf-8", "replace")
    found = {name.lower(): value for name, value in answer.getheaders()}
    release = found.get("x-release")
    grpc = read_state(found.get("grpc-status"), raw) if is_grpc else ""
    return Answer(answer.status, release and cut(release, _MAX_TOLD), body=body, headers=found, grpc=grpc)


def _ask_h2c(connection: LoopbackConnection, target: Target, headers: Mapping[str, str]) -> Answer:
    """Without X-Release, and all other headers: see ``http2``."""
    is_grpc = target.path == HEALTH_PATH
    named = {**headers, **(GRPC_HEADERS if is_grpc else {})}
    method, body = ("POST", ASKED) if is_grpc else ("GET", b"")
    connection.connect()
    connection.sock.sendall(encode_request(target.host, method, target.path, named, body))
    with connection.sock.makefile("rb") as stream:
        reply = read_answer(stream.read, connection.sock.sendall, _MAX_BODY)
    code = None if reply.grpc is None else str(reply.grpc)
    grpc = read_state(code, reply.body) if is_grpc else ""
    return Answer(reply.status, body=reply.body.decode("utf-8", "replace"), grpc=grpc)


def _reason(error: Exception) -> str:
    """An error in words; some have all that came in them, and that may be no text."""
    if isinstance(error, http.client.RemoteDisconnected):
        return "it closed the connection without an answer"
    if isinstance(error, http.client.BadStatusLine):
        return name_first_bytes(str(error).encode("latin-1", "replace"))
    return cut(str(error) or type(error).__name__, _MAX_TOLD)


def listens(target: Target) -> bool:
    """Whether anybody accepts a connection there."""
    try:
        socket.create_connection((target.address, target.port), timeout=_TIMEOUT).close()
    except OSError:
        return False
    return True


def published_target(url: str, path: str, ports: Mapping[str, Sequence[tuple[str, int]]]) -> Optional[Target]:
    """How a public URL is reached on this host, by the ports that the proxy publishes; None when it is not.

    A URL's port is looked for among the published ones first; a forwarding in front of the host may
    have another, then the proxy's own 443 (or 80) is taken.
    """
    parts = urllib.parse.urlsplit(url)
    scheme, hostname = parts.scheme, parts.hostname or ""
    wanted = parts.port or PORTS[scheme]
    pairs = [
        (inside.partition("/")[0], pair)
        for inside, found in ports.items()
        if inside.endswith("/tcp")
        for pair in found
    ]
    chosen = [pair for _, pair in pairs if pair[1] == wanted]
    chosen += [pair for inside, pair in pairs if inside == str(PORTS[scheme])]
    if not chosen:
        return None
    address, port = chosen[0]
    host = hostname if wanted == PORTS[scheme] else f"{hostname}:{wanted}"
    return Target(scheme, here(address), port, host, path)


def here(address: str) -> str:
    """The address at which this host reaches what listens at ``address``."""
    return "127.0.0.1" if address in _ANYWHERE else address


def edge_target(scheme: str, hostname: str, path: str) -> Target:
    """How a hostname is reached through the edge of this host."""
    return Target(scheme, "127.0.0.1", PORTS[scheme], hostname, path)


def inside_target(carrier: Container, service: str, port: int, path: str, host: str = "") -> Target:
    """How a service is reached by its plain name, as other services do: through what carries their calls."""
    return Target("http", carrier.addresses[0], port, host or f"{service}:{port}", path)


def direct_target(
    container: Container, port: int, path: str, service: Optional[Service] = None
) -> Optional[Target]:
    """One replica by itself, in the protocol of its service, and for the Host that this answers to."""
    address = next(iter(container.addresses), None)
    host = service.health.host if service is not None and service.health is not None else ""
    scheme = H2C if service is not None and service.protocol == H2C else "http"
    return Target(scheme, address, port, host or f"{container.service}:{port}", path) if address else None
