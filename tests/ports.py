"""Ports of this machine that nobody uses now."""

from __future__ import annotations

import socket


def free_ports(count: int) -> list[int]:
    """So many, all different."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports
