"""Requests that the proxy has in flight, by the address that they were sent to: asked at its admin socket."""

from __future__ import annotations

import collections
import http.client
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from .paths import Paths
from .snippet import STREAM_ZEROS
from .unixhttp import UnixConnection

_TIMEOUT = 2.0


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
    """The admin sockets of the app's proxies: one, or two while a proxy is replaced; what is stale does not answer."""
    return sorted(paths.run.glob("admin*.sock"))


def count_in_flight(sockets: Iterable[Path], addresses: Collection[str]) -> Optional[InFlight]:
    """What is under way to these container addresses; None when no proxy can be asked."""
    answers = [answer for answer in map(read_upstreams, sockets) if answer is not None]
    try:
        counts = [sum_in_flight(answer, addresses) for answer in answers]
    except (ValueError, KeyError, TypeError):
        return None
    if not counts:
        return None
    return InFlight(sum(one.requests for one in counts), sum(one.streams for one in counts))


def read_upstreams(socket: Path) -> object:
    """Caddy's list of upstream addresses; None when it does not answer."""
    raw = _get(socket, "/reverse_proxy/upstreams")
    try:
        return None if raw is None else json.loads(raw)
    except ValueError:
        return None


def sum_in_flight(upstreams: object, addresses: Collection[str]) -> InFlight:
    """Add up Caddy's answer for these hosts.

    What is in flight is listed by the port as the handler wrote it, with leading zeros where it is counted, and
    with as many as streams have where it is one (``snippet``). Caddy 2.11.7 lists all of it once more by the plain
    port, 2.11.4 does not: the larger of both is the truth.
    """
    written: dict[tuple[str, int], int] = collections.defaultdict(int)
    again: dict[tuple[str, int], int] = collections.defaultdict(int)
    streams: dict[tuple[str, int], int] = collections.defaultdict(int)
    for upstream in upstreams if isinstance(upstreams, list) else ():
        host, _, port = str(upstream["address"]).rpartition(":")
        place, count = (host.strip("[]"), int(port)), int(upstream["num_requests"])
        if place[0] in addresses:
            zeros = len(port) - len(port.lstrip("0"))
            streams[place] += count if zeros == STREAM_ZEROS else 0
            if zeros:
                written[place] += count
            else:
                again[place] = max(again[place], count)
    whole = {place: max(written[place], again[place]) for place in {*written, *again}}
    found = sum(streams.values())
    return InFlight(sum(whole.values()) - found, found)


def answers_admin(socket: Path) -> bool:
    """Whether a proxy's admin socket answers."""
    return _get(socket, "/reverse_proxy/upstreams") is not None


def _get(socket: Path, path: str) -> Optional[bytes]:
    connection = UnixConnection(str(socket), _TIMEOUT)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        content = answer.read()
        return content if answer.status == http.client.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
