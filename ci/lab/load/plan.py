"""What a load is: where it goes, which protocols, how many clients or how many requests a second."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address
from typing import Any
from urllib.parse import urlsplit

from fairlead.errors import InputError

SCHEMA = "fairlead.load-plan/v1"


class Protocol(StrEnum):
    """How a part of the load talks."""

    H1 = "h1"
    H2 = "h2"
    POST = "post"
    UPLOAD = "upload"
    DOWNLOAD = "download"
    WS = "ws"
    SSE = "sse"


# What can be sent at a rate; the others are as many as there are clients.
RATED = frozenset({Protocol.H1, Protocol.H2, Protocol.POST})
_PATHS = {
    Protocol.H1: "/",
    Protocol.H2: "/",
    Protocol.POST: "/echo",
    Protocol.UPLOAD: "/upload",
    Protocol.DOWNLOAD: "/download?bytes={size}&seconds={span:g}",
    Protocol.WS: "/ws",
    Protocol.SSE: "/events",
}


@dataclass(frozen=True)
class Target:
    """A server on loopback.

    Attributes:
        name: what is asked for in ``Host`` and in the TLS handshake.
        ca: a file with the certificates to trust; without one the server's certificate is not verified, as
            the other end is this machine.
    """

    secure: bool
    address: str
    port: int
    name: str
    ca: str = ""

    @property
    def authority(self) -> str:
        return self.name if self.port == (443 if self.secure else 80) else f"{self.name}:{self.port}"


@dataclass(frozen=True)
class Part:
    """One kind of load.

    Attributes:
        clients: connections (h2: requests at a time, eight on a connection).
        rate: requests a second of all clients together; 0 is a closed loop, in which each client sends its
            next request when it has the answer to the last.
        size: bytes of a body (post, upload, download) or of a message (ws).
        span: seconds that one upload or download takes.
        interval: seconds between two messages of a WebSocket.
    """

    protocol: Protocol
    path: str = ""
    clients: int = 8
    rate: float = 0.0
    size: int = 1024
    span: float = 10.0
    interval: float = 0.1

    @property
    def asked_path(self) -> str:
        """What the request line says."""
        return self.path or _PATHS[self.protocol].format(size=self.size, span=self.span)


@dataclass(frozen=True)
class Plan:
    """A whole load. Times in seconds.

    Attributes:
        late: an answer that takes longer is counted as late.
        timeout: a request without an answer is given up and counted as lost.
    """

    target: Target
    parts: tuple[Part, ...]
    seconds: float = 10.0
    late: float = 1.0
    timeout: float = 30.0

    def to_json(self) -> dict[str, Any]:
        """The document that a worker reads."""
        return {"schema": SCHEMA, **dataclasses.asdict(self)}


def parse_plan(document: Mapping[str, Any]) -> Plan:
    """Read what ``Plan.to_json`` wrote."""
    fields = {field.name: document[field.name] for field in dataclasses.fields(Plan)}
    fields["target"] = Target(**fields["target"])
    fields["parts"] = tuple(
        Part(**{**part, "protocol": Protocol(part["protocol"])}) for part in fields["parts"]
    )
    return Plan(**fields)


def parse_target(url: str, *, name: str = "", ca: str = "") -> tuple[Target, str]:
    """The target of a URL, and the path in it.

    Raises:
        InputError: not http or https, or not an address of this machine's loopback.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise InputError(f"`{url}` is not a URL", why=str(error), fix="such as http://127.0.0.2") from error
    if parts.scheme not in {"http", "https"}:
        raise InputError(f"`{url}` is not an http or https URL", fix="such as http://127.0.0.2")
    address = "127.0.0.1" if host == "localhost" else host
    check_loopback(address)
    secure = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(secure, address, port or (443 if secure else 80), name or host, ca), path


def check_loopback(address: str) -> None:
    """Refuse any address that could be somebody else's.

    Raises:
        InputError: not in 127.0.0.0/8.
    """
    try:
        allowed = IPv4Address(address).is_loopback
    except AddressValueError:
        allowed = False
    if not allowed:
        raise InputError(
            f"`{address}` is not an address of 127.0.0.0/8",
            why="the load generator sends to this machine's loopback only, where the lab is",
            fix="`fairlead lab up`, then the address of a server, such as http://127.0.0.2; "
            "--name asks for another host name there",
        )


def shares(plan: Plan, processes: int) -> tuple[Plan, ...]:
    """The plan of each worker: clients dealt out, rates divided; every worker has every part, if only with nobody."""
    return tuple(
        dataclasses.replace(plan, parts=tuple(_share(part, turn, processes) for part in plan.parts))
        for turn in range(processes)
    )


def _share(part: Part, turn: int, processes: int) -> Part:
    clients = len(range(turn, part.clients, processes))
    return dataclasses.replace(part, clients=clients, rate=part.rate * clients / part.clients)
