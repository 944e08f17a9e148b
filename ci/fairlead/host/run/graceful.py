"""End containers that get no new requests: what is under way is answered, streams are asked to end, nothing is cut silently.

A request ends by itself, so that it is waited for. A stream does not: the container's own stop signal is what
makes an application close it as its protocol asks, and its client comes back, to the release that serves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Optional

from ..engine.containers import Container, refresh_containers
from ..watch.inflight import InFlight, count_in_flight
from .context import Host

_POLL = 0.05
_QUIET_POLLS = 3
"""A request may have read the old route and not be counted yet: one look is not enough."""
_AT_ONCE = 8
_KILLED = 137

Sockets = Callable[[], Collection[Path]]


def end_containers(host: Host, containers: Sequence[Container], sockets: Sockets, bound: float) -> None:
    """Stop containers when their last request is answered, or after ``bound`` seconds.

    Args:
        host: the app.
        containers: what gets no new requests.
        sockets: the admin sockets of the proxies that may have something under way there.
        bound: seconds to wait for requests.
    """
    running = [one for one in containers if one.running]
    addresses = {address for one in running for address in one.addresses}
    if running:
        _await_requests(host, addresses, sockets, bound)
    stop_containers(host, running, lambda: count_in_flight(sockets(), addresses))


def stop_containers(
    host: Host,
    containers: Sequence[Container],
    count: Callable[[], Optional[InFlight]] = lambda: None,
    *,
    within: Optional[float] = None,
) -> None:
    """Send the stop signal to all at once and wait; say what one that had to be killed had still open.

    Each has the time that it says itself, or ``within``.
    """
    last: Optional[InFlight] = None
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        ends = [pool.submit(host.engine.stop, one.id, grace=one.grace, within=within) for one in containers]
        while not all(end.done() for end in ends):
            last = count() or last
            time.sleep(_POLL)
    for end in ends:
        end.result()
    killed = [one for one in refresh_containers(host.engine, containers) if one.exit_code == _KILLED]
    for one in killed:
        cut = f", with {last} still open" if last is not None and last.whole else ""
        had = one.grace if within is None else within
        host.warn(f"{one.name} had not ended {had:g} s after the stop signal, and was killed{cut}")


def _await_requests(host: Host, addresses: Collection[str], sockets: Sockets, bound: float) -> None:
    deadline = time.monotonic() + bound
    found = count_in_flight(sockets(), addresses)
    quiet = int(_is_quiet(found))
    while quiet < _QUIET_POLLS and time.monotonic() < deadline:
        time.sleep(_POLL)
        found = count_in_flight(sockets(), addresses)
        quiet = quiet + 1 if _is_quiet(found) else 0
    if not _is_quiet(found):
        host.warn(_unfinished(found, bound))
        return
    if found is not None and found.streams:
        streams = "1 stream" if found.streams == 1 else f"{found.streams} streams"
        host.note(f"{streams} open: asked to end, their clients come back to what serves")


def _is_quiet(found: Optional[InFlight]) -> bool:
    return found is not None and not found.requests


def _unfinished(found: Optional[InFlight], bound: float) -> str:
    if found is None:
        return f"the proxy could not be asked for requests in flight; waited {bound:g} s before the containers are stopped"
    return f"{found} to the containers that serve no more were still open after {bound:g} s: they are asked to end them now"
