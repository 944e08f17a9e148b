"""Whatever a stranger can say to a port: every spelling of a name, by every protocol, with every header that may help."""

from __future__ import annotations

import contextlib
import itertools
import random
import socket
import ssl
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from fairlead.host.wire.caddy.counted import DARK_HEADER, PROBE_HEADER

_TIMEOUT = 10.0
_AT_ONCE = 8
_AT_MOST = 120
_STREAMS = 40
HEADERS: tuple[tuple[tuple[str, str], ...], ...] = (
    (),
    ((PROBE_HEADER, "1"), (DARK_HEADER, "")),
    ((PROBE_HEADER, ""), (DARK_HEADER, "f" * 64)),
)
PATHS = ("/", "/admin")


@dataclass(frozen=True)
class Door:
    """A port that lets the public in; ``sni`` where it speaks TLS."""

    address: str
    port: int
    sni: tuple[str, ...] = ()


@dataclass(frozen=True)
class Said:
    """What was asked, and what came back; ``answer`` is empty where nothing did."""

    asked: str
    answer: bytes


def spell(names: Iterable[str], ports: Sequence[int]) -> list[str]:
    """Each name in every spelling that somebody may take for it."""
    found: dict[str, None] = {"": None}
    for name in names:
        for one in (name, name.upper(), f"{name}."):
            found[one] = None
            for port in ports:
                found[f"{one}:{port}"] = None
    return list(found)


def ask_everything(door: Door, hosts: Sequence[str]) -> list[Said]:
    """Ask a port for all hosts in all ways; of what would take minutes, a part that is the same each time."""
    some = random.Random(door.port).sample  # noqa: S311 - to choose, not to hide
    plain = [one for host in hosts for one in _http1(host)]
    asked = [(one, door.sni[0] if door.sni else "") for one in some(plain, min(len(plain), _AT_MOST))]
    if door.sni:
        # A name that no certificate is for may still be asked for in the handshake.
        bare = sorted({name.strip(".").rpartition(":")[0] or name.strip(".") for name in hosts} - {""})
        asked += [
            (f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode(), name) for name in bare
        ]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(lambda one: Said(_shown(*one), _exchange(door, *one)), asked))
    streams = [one for host in hosts for one in _http2_headers(host)] if door.sni else []
    for sni in door.sni:
        found += _exchange_http2(door, sni, some(streams, min(len(streams), _STREAMS)))
    return found


def _http1(host: str) -> Iterator[bytes]:
    for path, headers in itertools.product(PATHS, HEADERS):
        given = "".join(f"{name}: {value}\r\n" for name, value in headers)
        yield f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{given}Connection: close\r\n\r\n".encode()
    path, rest = "/", "Connection: close\r\n"
    target = f"http://{host}{path}"
    yield f"GET {target} HTTP/1.1\r\nHost: {host}\r\n{rest}\r\n".encode()
    yield f"GET {target} HTTP/1.1\r\nHost: nobody.example.com\r\n{rest}\r\n".encode()
    yield f"GET {target} HTTP/1.0\r\n{rest}\r\n".encode()
    yield f"GET {path} HTTP/1.0\r\n{rest}\r\n".encode()
    yield f"GET {path} HTTP/1.1\r\nHost: nobody.example.com\r\nHost: {host}\r\n{rest}\r\n".encode()
    yield f"GET {path} HTTP/1.1\r\nHost: {host}\r\nHost: nobody.example.com\r\n{rest}\r\n".encode()
    forwarded = f"X-Forwarded-Host: {host}\r\nForwarded: host={host}\r\nX-Original-Host: {host}\r\n{rest}"
    yield f"GET {path} HTTP/1.1\r\nHost: nobody.example.com\r\n{forwarded}\r\n".encode()


def _exchange(door: Door, request: bytes, sni: str) -> bytes:
    with contextlib.suppress(OSError, ValueError), _connect(door, sni) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))
    return b""


def _connect(door: Door, sni: str, alpn: str = "") -> socket.socket:
    connection = socket.create_connection((door.address, door.port), timeout=_TIMEOUT)
    if not door.sni:
        return connection
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols([alpn])
    try:
        return context.wrap_socket(connection, server_hostname=sni or None)
    except BaseException:
        connection.close()
        raise


def _http2_headers(host: str) -> Iterator[list[tuple[str, str]]]:
    """A host as ``:authority``, as ``host``, and as both."""
    for path, scheme, headers in itertools.product(PATHS, ("https", "http"), HEADERS[:2]):
        for authority, given in ((host, None), (None, host), ("nobody.example.com", host)):
            yield [
                (":method", "GET"),
                (":scheme", scheme),
                (":path", path),
                *([(":authority", authority)] if authority is not None else []),
                *([("host", given)] if given is not None else []),
                *((name.lower(), value) for name, value in headers),
            ]


def _exchange_http2(door: Door, sni: str, wanted: Sequence[list[tuple[str, str]]]) -> list[Said]:
    """Ask as many at a time as the server takes, over one connection."""
    config = h2.config.H2Configuration(validate_outbound_headers=False, validate_inbound_headers=False)
    state = h2.connection.H2Connection(config)
    answers: dict[int, bytes] = {}
    open_streams: set[int] = set()
    with contextlib.suppress(OSError, h2.exceptions.ProtocolError), _connect(door, sni, "h2") as connection:
        state.initiate_connection()
        waiting = list(enumerate(wanted))[::-1]
        while waiting or open_streams:
            while waiting and len(open_streams) < _AT_ONCE:
                number, headers = waiting.pop()
                state.send_headers(1 + 2 * number, headers, end_stream=True)
                open_streams.add(1 + 2 * number)
            connection.sendall(state.data_to_send())
            data = connection.recv(1 << 16)
            if not data:
                break
            for event in state.receive_data(data):
                if isinstance(event, h2.events.DataReceived):
                    answers[event.stream_id] = answers.get(event.stream_id, b"") + event.data
                elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
                    open_streams.discard(event.stream_id)
    return [
        Said(f"h2 {sni} {headers}", answers.get(1 + 2 * number, b"")) for number, headers in enumerate(wanted)
    ]


def _shown(request: bytes, sni: str) -> str:
    return f"{sni} {request.decode()}".replace("\r\n", " | ")
