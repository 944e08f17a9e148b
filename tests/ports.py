"""Ports of this machine on which a test's server may listen.

Below the range out of which the kernel takes the near end of every outgoing connection: a port of that range may be
gone between the choice and the use, or while a server is restarted. And held against the other parts of the tests,
which run beside this one, until this process ends.
"""

from __future__ import annotations

import errno
import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import IO

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FEWEST = 4096
_LOWEST = 10_000
_LOCKS = Path(tempfile.gettempdir()) / f"fairlead-test-ports-{os.getuid()}"
_held: list[IO[str]] = []


def free_ports(count: int) -> list[int]:
    """So many, all different, that nobody listens on and no other test will be given."""
    found: list[int] = []
    ports = candidates(_RANGE.read_text())
    for port in random.sample(ports, len(ports)):
        if len(found) == count:
            return found
        if _reserve(port) and _is_free(port):
            found.append(port)
    raise AssertionError(f"{len(found)} of {count} ports to be had")


def free_port() -> int:
    """One of them."""
    (port,) = free_ports(1)
    return port


def candidates(ephemeral: str) -> range:
    """The ports that no outgoing connection is given, by what the kernel says of those that it gives them."""
    first, last = map(int, ephemeral.split())
    apart = (range(_LOWEST, first), range(last + 1, 1 << 16))
    # A machine that gives away nearly all leaves us the locks alone.
    return next((ports for ports in apart if len(ports) >= _FEWEST), range(_LOWEST, 1 << 16))


def _reserve(port: int) -> bool:
    """Hold the port's lock until this process ends."""
    _LOCKS.mkdir(mode=0o700, exist_ok=True)
    lock = (_LOCKS / str(port)).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return False
    _held.append(lock)
    return True


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("", port)).close()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return False
    return True
