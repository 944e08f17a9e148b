"""Why a service that runs is not reached: where it listens, and what it speaks there. And what a slow start needs.

Asked only when a release is refused, so that it may take some seconds.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Sequence
from typing import Optional

from ..engine.bounded import Bound, BoundedSocket
from ..engine.containers import UNHEALTHY, Container
from ..engine.engine import Engine
from ..wire.release import H2C, Service
from .http2 import PREFACE, SETTINGS, Frame, encode_frame
from .listening import judge_listeners, read_listeners
from .probe import direct_target, probe_http
from .speaks import TLS, name_first_bytes

_WITHIN = 2.0
_FIRST = 64
_BAD_REQUEST = 400
_GREETINGS: tuple[bytes, ...] = (
    PREFACE + encode_frame(Frame(SETTINGS, 0, 0, b"")),
    b"\x01\x09\0\0\0\0\0\0",
)
"""How HTTP/2 begins, and FastCGI's question for what it can do."""
_STARTS = (30, 60, 120, 300, 600, 1200)


def explain_silence(engine: Engine, service: Service, containers: Sequence[Container]) -> str:
    """Why nobody gets an answer from a service, as its first running container shows it; empty where nothing does."""
    one = next((found for found in containers if found.running and not found.restarting), None)
    if one is None or service.port is None:
        return ""
    listeners = read_listeners(engine, one)
    words = judge_listeners(listeners, service.port) if listeners is not None else ""
    return words or _explain_protocol(service, one, service.port)


def _explain_protocol(service: Service, container: Container, port: int) -> str:
    target = direct_target(
        container, port, service.health.path if service.health is not None else "/", service
    )
    if target is None:
        return ""
    answer = probe_http(target, timeout=_WITHIN)
    if answer.status and answer.status != _BAD_REQUEST:
        return ""
    found = find_protocol(target.address, port)
    if found and not (service.protocol == H2C and "h2c" in found):
        return found
    return "" if answer.status or service.protocol != H2C else f"asked in h2c, it {answer.error}"


def find_protocol(address: str, port: int) -> str:
    """What is spoken at a port that gives no answer to HTTP; empty where that cannot be told."""
    for greeting in _GREETINGS:
        first = _first_bytes(address, port, greeting)
        name = name_first_bytes(first) if first and not first.startswith(b"HTTP/") else ""
        if name:
            return name
    return TLS if _speaks_tls(address, port) else ""


def _first_bytes(address: str, port: int, greeting: bytes) -> bytes:
    """How the answer begins; nothing where there is none."""
    with contextlib.suppress(OSError):
        bound = Bound(_WITHIN)
        with socket.create_connection((address, port), timeout=_WITHIN) as connection:
            own = BoundedSocket(connection, bound)
            own.sendall(greeting)
            with own.makefile() as stream:
                return stream.read1(_FIRST)
    return b""


def _speaks_tls(address: str, port: int) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection((address, port), timeout=_WITHIN) as connection:
            context.wrap_socket(connection, server_hostname=address).close()
    except (OSError, ValueError):
        return False
    return True


def advise_staying(ended_well: bool) -> str:
    """What to do with a program that ends where a service has to stay up; empty where it did not end well."""
    if not ended_well:
        return ""
    return (
        "a service stays up: where it works now and then, keep it running with a loop "
        "(`sh -c 'while true; do …; sleep 300; done'`) or a cron daemon; what is to run once a release is a job, `x-fairlead: {role: job}`"
    )


def advise_start(containers: Sequence[Container], start_timeout: Optional[float] = None) -> str:
    """The key and a value for a program that only takes longer to start; empty where that is not the question.

    Args:
        start_timeout: the seconds of the release's own limit, where it is that which is over.
    """
    if start_timeout is not None:
        wanted = next((one for one in _STARTS if one >= 2 * start_timeout), int(2 * start_timeout))
        return (
            f"if it only takes longer to start, write `deploy: {{start_timeout: {wanted}s}}` in fairlead.yaml"
        )
    slow = next((one for one in containers if one.health == UNHEALTHY), None)
    if slow is None:
        return ""
    wanted = next((one for one in _STARTS if one >= 2 * slow.patience), int(2 * slow.patience))
    had = f"start_period: {slow.start_period:g}s" if slow.start_period else "no start_period"
    return (
        f"if it only takes longer to start than the {slow.patience:g} s that its check leaves it ({had}), "
        f"write `healthcheck: {{start_period: {wanted}s, start_interval: 1s}}`"
    )
