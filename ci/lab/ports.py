"""The ports that the lab's containers publish on loopback: which are free, and which have nobody behind them."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
_SECONDS = 5.0
_HELD = {"tcp": "0A", "udp": "07"}
"""What the kernel calls a socket that takes what comes."""


@dataclass(frozen=True)
class Port:
    """A published port; ``protocol`` is ``tcp`` or ``udp``."""

    address: str
    number: int
    protocol: str = "tcp"

    def __str__(self) -> str:
        return f"{self.address}:{self.number}" + ("" if self.protocol == "tcp" else f"/{self.protocol}")


def parse_published(container: Mapping[str, Any]) -> tuple[Port, ...]:
    """The ports that a container publishes, from what the engine knows of it."""
    bindings = container["HostConfig"]["PortBindings"] or {}
    return tuple(
        Port(bound["HostIp"], int(bound["HostPort"]), inner.partition("/")[2] or "tcp")
        for inner, places in bindings.items()
        for bound in places or ()
    )


def probe_ports(container: Mapping[str, Any]) -> tuple[Port, ...]:
    """Those of a running container's ports that nobody holds.

    The engine has a process for each, which the kernel may have killed: the container runs on and is not reached.
    """
    return tuple(port for port in parse_published(container) if not answers(port) and is_free(port))


def answers(port: Port) -> bool:
    """Whether somebody takes what is sent to a port. A datagram to nobody is told by the next one."""
    with socket.socket(socket.AF_INET, _KINDS[port.protocol]) as client:
        client.settimeout(_SECONDS)
        try:
            client.connect((port.address, port.number))
            if port.protocol == "udp":
                client.send(b"")
                client.send(b"")
        except ConnectionRefusedError:
            return False
        except OSError:
            return True
    return True


def is_free(port: Port) -> bool:
    """Whether a port can be listened on."""
    with socket.socket(socket.AF_INET, _KINDS[port.protocol]) as probe:
        if port.protocol == "tcp":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((port.address, port.number))
        except PermissionError:
            return not _is_listed(port)  # a low port, which the engine may take though we may not
        except OSError:
            return False
    return True


def _is_listed(port: Port) -> bool:
    """Whether the kernel's table has somebody at a port: who may not take it can still see who has."""
    places = {
        f"{struct.unpack('=I', socket.inet_aton(address))[0]:08X}:{port.number:04X}"
        for address in (port.address, "0.0.0.0")  # noqa: S104 - looked for, not taken
    }
    with contextlib.suppress(FileNotFoundError):
        for line in Path("/proc/net", port.protocol).read_text("ascii").splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            if local in places and state == _HELD[port.protocol]:
                return True
    return False
