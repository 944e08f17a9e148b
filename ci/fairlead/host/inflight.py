"""Requests that the proxy has in flight, by the address that they were sent to: asked at its admin socket."""

from __future__ import annotations

import collections
import http.client
import json
from collections.abc import Collection
from typing import Optional

from .paths import Paths
from .unixhttp import UnixConnection

_TIMEOUT = 2.0


def count_in_flight(paths: Paths, addresses: Collection[str]) -> Optional[int]:
    """How many requests are under way to these container addresses; None when the proxy cannot be asked."""
    upstreams = read_upstreams(paths)
    try:
        return None if upstreams is None else sum_in_flight(upstreams, addresses)
    except (ValueError, KeyError, TypeError):
        return None


def read_upstreams(paths: Paths) -> object:
    """Caddy's list of upstream addresses; None when it does not answer."""
    raw = _get(paths, "/reverse_proxy/upstreams")
    try:
        return None if raw is None else json.loads(raw)
    except ValueError:
        return None


def sum_in_flight(upstreams: object, addresses: Collection[str]) -> int:
    """Add up Caddy's answer for these hosts.

    Requests are listed by the port as the handler wrote it, with leading zeros where they are counted (``snippet``).
    Caddy 2.11.7 lists all of them once more by the plain port, 2.11.4 does not: the larger of both is the truth.
    """
    written: dict[tuple[str, int], int] = collections.defaultdict(int)
    again: dict[tuple[str, int], int] = collections.defaultdict(int)
    for upstream in upstreams if isinstance(upstreams, list) else ():
        host, _, port = str(upstream["address"]).rpartition(":")
        place, count = (host.strip("[]"), int(port)), int(upstream["num_requests"])
        if place[0] in addresses:
            if port.startswith("0"):
                written[place] += count
            else:
                again[place] = max(again[place], count)
    return sum(max(written[place], again[place]) for place in {*written, *again})


def answers_admin(paths: Paths) -> bool:
    """Whether the proxy's admin socket answers."""
    return _get(paths, "/reverse_proxy/upstreams") is not None


def _get(paths: Paths, path: str) -> Optional[bytes]:
    connection = UnixConnection(str(paths.admin_socket), _TIMEOUT)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        content = answer.read()
        return content if answer.status == http.client.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
