"""At which addresses a container listens: its kernel's own list, and what that says of a service nobody reaches.

The list is read from ``/proc/PID/net`` of the container's main process, which any user of the host may read, so that
nothing is needed of the image. Parsing and judging are pure.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union

from ..engine.containers import Container
from ..engine.engine import Engine

_LISTENING = "0A"
_STATE, _LOCAL = 3, 1
_MAX_BYTES = 1 << 20
_MAX_TOLD = 4
_ENGINES_DNS = ipaddress.ip_address("127.0.0.11")
"""The engine's own name server is in every container."""
_Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


@dataclass(frozen=True)
class Listener:
    """An address and port at which connections are accepted."""

    address: _Address
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether nobody outside of the container reaches it."""
        return self.address.is_loopback

    def __str__(self) -> str:
        shown = f"[{self.address}]" if self.address.version == 6 else str(self.address)
        return f"{shown}:{self.port}"


def parse_listeners(table: str, order: str = sys.byteorder) -> frozenset[Listener]:
    """The listeners in the text of ``/proc/net/tcp`` or ``tcp6``; what cannot be read in it is left out.

    Args:
        order: of the bytes of a word, as the kernel that wrote the table has them.
    """
    rows = (line.split() for line in table.splitlines()[1:])
    found = (
        _parse_address(row[_LOCAL], order) for row in rows if len(row) > _STATE and row[_STATE] == _LISTENING
    )
    return frozenset(one for one in found if one is not None and one.address != _ENGINES_DNS)


def _parse_address(text: str, order: str) -> Optional[Listener]:
    shown, _, port = text.partition(":")
    try:
        raw, number = bytes.fromhex(shown), int(port, 16)
        words = [raw[start : start + 4] for start in range(0, len(raw), 4)]
        address = ipaddress.ip_address(b"".join(word[::-1] if order == "little" else word for word in words))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return Listener(mapped or address, number)


def judge_listeners(listeners: Collection[Listener], port: int) -> str:
    """Why nobody reaches a port, and what to do; empty where somebody listens there for all."""
    own = [one for one in listeners if one.port == port]
    if any(not one.is_loopback for one in own):
        return ""
    if own:
        return f"it listens on {_some(own)} only, inside of its container: make it listen on 0.0.0.0:{port}"
    others = [one for one in listeners if not one.is_loopback]
    if others:
        ports = sorted({one.port for one in others})
        change = f": say `x-fairlead: {{port: {ports[0]}}}`" if len(ports) == 1 else ""
        return f"nothing listens at its port {port}, but at {_words([str(one) for one in ports])}{change}"
    if listeners:
        return (
            f"nothing listens at its port {port}, but on {_some(listeners)}, inside of its container only: "
            f"make it listen on 0.0.0.0:{port}"
        )
    return f"it does not listen at its port {port}, nor at any other"


def _some(listeners: Collection[Listener]) -> str:
    return _words(sorted(map(str, listeners)))


def _words(names: Sequence[str]) -> str:
    more = ["…"] if len(names) > _MAX_TOLD else []
    return ", ".join([*names[:_MAX_TOLD], *more])


def read_listeners(engine: Engine, container: Container) -> Optional[frozenset[Listener]]:
    """Where a container listens now; None where that cannot be told, as on a host that hides its processes."""
    pid = _pid_of(engine, container)
    if not pid or "host" in container.networks:
        return None
    found: frozenset[Listener] = frozenset()
    try:
        for name in ("tcp", "tcp6"):
            place = Path("/proc", str(pid), "net", name)
            if name == "tcp" or place.exists():
                with place.open() as file:
                    found |= parse_listeners(file.read(_MAX_BYTES))
    except OSError:
        return None
    # Another process may have got the number meanwhile.
    return found if _pid_of(engine, container) == pid else None


def _pid_of(engine: Engine, container: Container) -> int:
    raw = engine.inspect(container.id) or {}
    state = raw.get("State") or {}
    return int(state.get("Pid") or 0) if state.get("Running") else 0
