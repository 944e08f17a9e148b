"""Requests that proxies have in flight, by the address that they were sent to: asked at its admin socket."""

from __future__ import annotations

import collections
import http.client
import itertools
import re
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from ..disk.paths import Paths
from ..engine.bounded import Bound
from ..engine.unixhttp import UnixConnection
from ..wire.caddy.counted import STREAM_ZEROS
from ..wire.plainjson import parse_json

_TIMEOUT = 2.0
_MAX_ANSWER = 1 << 20
"""Bytes: some 60 for each address and port."""
_MAX_SOCKETS = 256
"""One for each service that others call, and more; the folder is the proxy's to write."""
_PORT = re.compile(r"(0{0,32})([1-9][0-9]{0,4})")
_MAX_COUNT = 1 << 31


@dataclass(frozen=True)
class InFlight:
    """What a proxy has under way: ``requests`` end by themselves, ``streams`` when one of both ends wants it."""

    requests: int
    streams: int

    @property
    def whole(self) -> int:
        return self.requests + self.streams

    def __str__(self) -> str:
        return f"{_count(self.requests, 'request')} and {_count(self.streams, 'stream')}"


def find_admin_sockets(paths: Paths) -> list[Path]:
    """The admin sockets of the app's proxies and, after them, of what carries internal calls; what is stale does not answer."""
    return sorted(paths.run.glob("admin*.sock"), key=lambda one: (not is_public(one), one))


def is_public(socket: Path) -> bool:
    """Whether an admin socket is that of a proxy which the public asks, rather than of what carries internal calls."""
    return not socket.name.startswith("admin-inside-")


def read_whole(sockets: Iterable[Path]) -> Optional[list[object]]:
    """The lists of all that answer, within the time that one may take; None when no proxy of the public does.

    What users do would be missing then.
    """
    until = time.monotonic() + _TIMEOUT
    answers = [
        (is_public(socket), read_upstreams(socket, max(0.0, until - time.monotonic())))
        for socket in itertools.islice(sockets, _MAX_SOCKETS)
    ]
    if not any(public and answer is not None for public, answer in answers):
        return None
    return [answer for _, answer in answers if answer is not None]


def count_in_flight(sockets: Iterable[Path], addresses: Collection[str]) -> Optional[InFlight]:
    """What is under way to these container addresses; None when the proxy cannot be asked."""
    answers = read_whole(sockets)
    if answers is None:
        return None
    try:
        counts = [sum_in_flight(answer, addresses) for answer in answers]
    except (ValueError, KeyError, TypeError):
        return None
    return InFlight(sum(one.requests for one in counts), sum(one.streams for one in counts))


def read_upstreams(socket: Path, timeout: float = _TIMEOUT) -> object:
    """Caddy's list of upstream addresses; None when it does not answer."""
    raw = _get(socket, "/reverse_proxy/upstreams", timeout)
    try:
        return None if raw is None else parse_json(raw)
    except ValueError:
        return None


def sum_in_flight(upstreams: object, addresses: Collection[str]) -> InFlight:
    """Add up Caddy's answer for these hosts.

    What is in flight is listed by the port as the handler wrote it, with leading zeros where it is counted, and
    with as many as streams have where it is one (``snippet``). Caddy 2.11.7 lists all of it once more by the plain
    port, 2.11.4 does not: the larger of both is the truth.

    Raises:
        ValueError: it is no such list.
    """
    written: dict[tuple[str, int], int] = collections.defaultdict(int)
    again: dict[tuple[str, int], int] = collections.defaultdict(int)
    streams: dict[tuple[str, int], int] = collections.defaultdict(int)
    for upstream in upstreams if isinstance(upstreams, list) else ():
        host, zeros, port = parse_address(upstream)
        place, count = (host, port), parse_number(upstream, "num_requests")
        if host in addresses:
            streams[place] += count if zeros == STREAM_ZEROS else 0
            if zeros:
                written[place] += count
            else:
                again[place] = max(again[place], count)
    whole = {place: max(written[place], again[place]) for place in {*written, *again}}
    found = sum(streams.values())
    return InFlight(sum(whole.values()) - found, found)


def parse_address(upstream: object) -> tuple[str, int, int]:
    """An upstream's host, the leading zeros of its port, and the port.

    Raises:
        ValueError: it has none.
    """
    address = upstream.get("address") if isinstance(upstream, dict) else None
    host, _, port = address.rpartition(":") if isinstance(address, str) else ("", "", "")
    found = _PORT.fullmatch(port)
    if found is None:
        raise ValueError("an upstream without an address")
    return host.strip("[]"), len(found[1]), int(found[2])


def parse_number(upstream: object, key: str) -> int:
    """One of an upstream's counts.

    Raises:
        ValueError: it is none.
    """
    count = upstream.get(key) if isinstance(upstream, dict) else None
    if not isinstance(count, int) or not 0 <= count <= _MAX_COUNT:
        raise ValueError(f"an upstream without {key}")
    return count


def answers_admin(socket: Path) -> bool:
    """Whether a proxy's admin socket answers."""
    return _get(socket, "/reverse_proxy/upstreams", _TIMEOUT) is not None


def _get(socket: Path, path: str, timeout: float) -> Optional[bytes]:
    connection = UnixConnection(str(socket), Bound(timeout, _MAX_ANSWER), foreign=True)
    try:
        connection.request("GET", path)
        with connection.getresponse() as answer:
            # So many at most: without a number a buffer is made of whatever size the answer says that it has.
            content = answer.read(_MAX_ANSWER)
        # What is left of its length has not come: half an answer is none.
        return content if answer.status == http.client.OK and not answer.length else None
    except (OSError, http.client.HTTPException, ValueError, OverflowError):
        return None
    finally:
        connection.close()


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
