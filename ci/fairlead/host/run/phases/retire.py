"""retire: what serves no longer is stopped when its last request is answered, and stays startable.

With ``deploy.standby`` the release before runs on for that long (see ``standby``); it is retired when that is over.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Optional

from ...disk.fold import fold_records
from ...disk.ledger import ROLLBACK
from ...engine.containers import Container
from ...shape.bundle import Bundle
from ...state.standby import Standby, find_retired, find_standby
from ...watch.inflight import find_admin_sockets
from ...wire.inside import ROLE as INSIDE
from ...wire.machine import read_available_memory
from ..context import Deploy, Host, Outcome
from ..graceful import end_containers, stop_containers
from .beside import drop_replaced
from .carriers import end_carriers, forget_sockets
from .leading import lead_as_it_serves

_AT_ONCE = 8
_MEGA = 1e6
_SETTLE_SECONDS = 1.0
"""What was rolled back to was started a moment ago: its first requests do not share the processors with an engine that
stops containers. A deploy has its watch for that, and nobody waits for the end of a rollback."""


def run_retire(deploy: Deploy) -> Outcome:
    """Retire everything that the release which serves now does not use."""
    if deploy.plan.kind == ROLLBACK:
        time.sleep(_SETTLE_SECONDS)
    for name in deploy.plan.left:
        deploy.host.note(
            f"the volume {name} stays, with its data: release {deploy.target.id} does not use it; "
            f"`docker volume rm {name}` deletes it"
        )
    for name in deploy.plan.left_data:
        deploy.host.note(
            f"the folder {deploy.paths.data / name} stays, with its data: release {deploy.target.id} does not use it"
        )
    return retire_old(deploy.host, deploy.target)


def retire_old(host: Host, live: Bundle, *, standby_over: bool = False) -> Outcome:
    """Wait for the requests in flight, bounded by ``drain_timeout``, then stop; used by recovery too.

    Args:
        host: the app.
        live: the release that serves.
        standby_over: retire what stands by as well, whatever the clock says.
    """
    containers = host.refresh_containers()
    standby = None if standby_over else _find_standby(host, live, containers)
    too_large = _tell_too_large(host, live, standby, containers)
    standby = None if too_large else standby
    retired = find_retired(live, containers)
    old = [one for one in retired if standby is None or not standby.has(one)]
    apart = live.release.edge is not None
    left = [
        one for one in containers if _has_left_platform(one, live) and not (apart and one.role == "proxy")
    ]
    nameless = [one for one in left if one.has_nameless_volume and one.role not in ("proxy", INSIDE)]
    gone = [one for one in left if one.running or one not in nameless]
    end_containers(host, old, lambda: find_admin_sockets(host.paths), live.release.drain_timeout)
    _keep_stopped(host, [one for one in gone if one in nameless])
    carriers = [one for one in gone if one.role == INSIDE]
    stop_containers(host, [one for one in gone if one not in carriers])
    end_carriers(host, carriers)
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        list(pool.map(lambda one: host.engine.remove(one.id), [one for one in gone if one not in nameless]))
    forget_sockets(host, gone)
    lead_as_it_serves(host)
    replaced = drop_replaced(host, live.release)
    stopped = sorted({*(_name(one) for one in (*old, *gone)), *replaced})
    parts = [*stopped, *([f"{standby.release} stands by"] if standby is not None else []), *too_large]
    return Outcome(", ".join(parts) or "nothing to stop", skipped=not stopped)


def _find_standby(host: Host, live: Bundle, containers: Sequence[Container]) -> Optional[Standby]:
    """What stands by, while its time lasts."""
    standby = find_standby(host.paths, fold_records(host.journal.records), live, containers)
    return standby if standby is not None and standby.until > time.time() else None


def _tell_too_large(
    host: Host, live: Bundle, standby: Optional[Standby], containers: Sequence[Container]
) -> list[str]:
    """Why what would stand by may not: it takes more of the memory that is left than ``standby_memory`` allows."""
    if standby is None:
        return []
    running = [one for one in containers if one.running and standby.has(one)]
    taken = sum(host.engine.memory_of(one.id) for one in running)
    left = read_available_memory()
    if left is None or taken <= live.release.standby_memory * left:
        return []
    share = f"{live.release.standby_memory:.0%} of the {left / _MEGA:.0f} MB that are available"
    return [f"{standby.release} does not stand by: it takes {taken / _MEGA:.0f} MB, more than {share}"]


def _has_left_platform(container: Container, live: Bundle) -> bool:
    """A platform service that the release does not have any more."""
    return not container.release and not container.oneoff and container.service not in live.release.platform


def _keep_stopped(host: Host, containers: Sequence[Container]) -> None:
    """Let these stay when they are stopped: with them would go the only way to their data."""
    for one in containers:
        # `always` would start it again with the engine.
        host.engine.post(f"/containers/{one.id}/update", {"RestartPolicy": {"Name": "unless-stopped"}})
        host.note(
            f"{one.name} stays, stopped: it keeps data in a volume that has no name; "
            f"`docker rm -v {one.name}` deletes both"
        )


def _name(container: Container) -> str:
    return f"{container.service}-{container.release}" if container.release else container.service
