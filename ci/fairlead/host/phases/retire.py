"""retire: what serves no longer is stopped when its last request is answered, and stays startable."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from ..bundle import Bundle
from ..containers import Container
from ..context import Context, Host, Outcome
from ..drain import end_containers, stop_containers
from ..inflight import find_admin_sockets
from ..ledger import ROLLBACK
from .beside import drop_replaced

_AT_ONCE = 8
_SETTLE_SECONDS = 1.0
"""What was rolled back to was started a moment ago: its first requests do not share the processors with an engine that
stops containers. A deploy has its watch for that, and nobody waits for the end of a rollback."""


def run_retire(context: Context) -> Outcome:
    """Retire everything that the release which serves now does not use."""
    if context.plan.kind == ROLLBACK:
        time.sleep(_SETTLE_SECONDS)
    return retire_old(context.host, context.target)


def retire_old(host: Host, live: Bundle) -> Outcome:
    """Wait for the requests in flight, bounded by ``drain_timeout``, then stop; used by recovery too."""
    containers = host.refresh_containers()
    old = [one for one in containers if one.running and _is_old(one, live)]
    apart = live.release.edge is not None
    gone = [
        one for one in containers if _has_left_platform(one, live) and not (apart and one.role == "proxy")
    ]
    end_containers(host, old, lambda: find_admin_sockets(host.paths), live.release.drain_timeout)
    stop_containers(host, gone)
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        list(pool.map(lambda one: host.engine.remove(one.id), gone))
    replaced = drop_replaced(host, live.release)
    if not old and not gone and not replaced:
        return Outcome("nothing to stop", skipped=True)
    return Outcome(", ".join(sorted({*(_name(one) for one in (*old, *gone)), *replaced})))


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


def _name(container: Container) -> str:
    return f"{container.service}-{container.release}" if container.release else container.service
