"""retire: what serves no longer is stopped when its last request is answered, and stays startable."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Optional

from ..bundle import Bundle
from ..containers import Container
from ..context import Context, Host, Outcome
from ..inflight import count_in_flight, find_admin_sockets
from .beside import drop_replaced

_POLL = 0.05
_QUIET_POLLS = 3
"""A request may have read the old route and not be counted yet: one look is not enough."""
_AT_ONCE = 8


def run_retire(context: Context) -> Outcome:
    """Retire everything that the release which serves now does not use."""
    return retire_old(context.host, context.target)


def retire_old(host: Host, live: Bundle) -> Outcome:
    """Wait for the requests in flight, bounded by ``drain_timeout``, then stop; used by recovery too."""
    containers = host.refresh_containers()
    old = [one for one in containers if one.running and _is_old(one, live)]
    apart = live.release.edge is not None
    gone = [
        one for one in containers if _has_left_platform(one, live) and not (apart and one.role == "proxy")
    ]
    if old:
        _drain(host, old, live.release.drain_timeout)
    _stop(host, [*old, *gone])
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        list(pool.map(lambda one: host.engine.remove(one.id), gone))
    replaced = drop_replaced(host, live.release)
    if not old and not gone and not replaced:
        return Outcome("nothing to stop", skipped=True)
    return Outcome(", ".join(sorted({*(_name(one) for one in (*old, *gone)), *replaced})))


def stop_gently(host: Host, containers: list[Container], bound: float) -> None:
    """Stop containers that get no new requests: when the last is answered, or after ``bound`` seconds."""
    _drain(host, containers, bound)
    _stop(host, containers)


def _stop(host: Host, containers: list[Container]) -> None:
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        list(pool.map(lambda one: host.engine.stop(one.id, grace=one.grace), containers))


def _is_old(container: Container, live: Bundle) -> bool:
    return (
        bool(container.release)
        and not container.oneoff
        and live.homes.get(container.service) != container.release
    )


def _has_left_platform(container: Container, live: Bundle) -> bool:
    """A platform service that the release does not have any more. State stays: it is a decision about data."""
    left = not container.release and not container.oneoff and container.service not in live.release.platform
    return left and container.role != "state"


def _drain(host: Host, old: list[Container], bound: float) -> None:
    addresses = {address for one in old for address in one.addresses}
    deadline = time.monotonic() + bound
    quiet = 0
    count: Optional[int] = None
    while quiet < _QUIET_POLLS:
        count = count_in_flight(find_admin_sockets(host.paths), addresses)
        quiet = quiet + 1 if count == 0 else 0
        if time.monotonic() >= deadline:
            host.warn(_unfinished(count, bound))
            return
        if quiet < _QUIET_POLLS:
            time.sleep(_POLL)


def _unfinished(count: Optional[int], bound: float) -> str:
    if count is None:
        return f"the proxy could not be asked for requests in flight; waited {bound:g} s before the containers are stopped"
    return (
        f"{count} requests or streams to the containers that serve no more were still open after {bound:g} s: "
        "they are asked to end them now"
    )


def _name(container: Container) -> str:
    return f"{container.service}-{container.release}" if container.release else container.service
