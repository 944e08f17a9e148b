"""Undo a transaction, or finish one that a dead agent left: from journal, disk and engine alone.

A failed deploy and a killed one are undone by the same code, so that it is run every day.
Whether the switch had happened is asked of the symlink, nothing else. A deploy that was switched to and not
committed has not passed its watch: what served before serves again. There are two exceptions, where going back
would do harm: nothing served before, or the transaction was a rollback, whose release has served before.
One host of several goes by what the others did (see ``agreement``).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Optional

from ..disk.fold import fold_records
from ..disk.journal import END
from ..disk.ledger import DEPLOY, Ledger, Transaction
from ..disk.leftovers import drop_login, sweep_leftovers
from ..disk.orders import read_end
from ..disk.routes import (
    close_before,
    close_dark,
    close_inside,
    read_live,
    remove_routes,
    switch_back,
    switch_to,
)
from ..engine.containers import Container, read_app_containers, refresh_containers
from ..plan.agreement import BACK, plan_recovery
from ..shape.bundle import Bundle, read_bundle, remove_bundle
from ..watch.health import FAILED, READY, judge_replicas
from ..watch.inflight import find_admin_sockets
from ..watch.patience import wait_until
from ..wire.errors import EngineFault
from ..wire.fleet import COMMIT, FINISH
from ..wire.phases import PREPARE, SWITCH, WATCH
from .context import Host
from .graceful import end_containers
from .phases.carriers import forget_leaving
from .phases.commit import commit_release
from .phases.migrate import finish_job
from .phases.platform import restore_late, restore_platform
from .phases.prune import prune_old
from .phases.retire import retire_old
from .restore import create_late, restart_serving

_AT_ONCE = 8
_WAKE_SECONDS = 30.0
_DRAIN_SECONDS = 10.0
"""A release that failed is given less time for its last answers than one that is retired in peace."""


@dataclass(frozen=True)
class Repaired:
    """What recovery did: ``release`` was ``finished`` or ``reverted``."""

    release: str
    done: str
    text: str


def recover(host: Host, decision: Optional[str] = None) -> Optional[Repaired]:
    """Finish or undo what was left unfinished, before anything else is done. None when all is in order.

    Args:
        decision: what the other hosts of a fleet make of it, ``finish`` or ``revert``; None where nobody knows.

    Raises:
        AgentError: it could not be done now; the next command tries again.
    """
    ledger = fold_records(host.journal.records)
    _mend_links(host, ledger)
    sweep_leftovers(host.paths)
    forget_leaving(host)
    left = ledger.unfinished
    if left is None:
        return None
    drop_login(host.paths, left.task)
    host.note(
        f"the {left.kind} of release {left.release} ended in the phase {left.phase or PREPARE.name}: repairing"
    )
    if read_end(host.paths.task(left.task))[0] == COMMIT:
        decision = FINISH
    repaired = _end(host, left, decision)
    host.note(repaired.text)
    return repaired


def _end(host: Host, left: Transaction, decision: Optional[str]) -> Repaired:
    live = read_bundle(host.paths, read_live(host.paths))
    if left.committed and live is not None and live.id != left.release:
        # The switch comes before the commit: since then somebody has gone elsewhere by hand.
        return _finish(host, left, live)
    bundle = read_bundle(host.paths, left.release)
    return _finish(host, left, bundle) if bundle and _stays(host, left, decision) else _undo(host, left)


def _stays(host: Host, left: Transaction, decision: Optional[str]) -> bool:
    """Whether the release of a transaction that was cut off serves from now on; requests go to it then."""
    switched = read_live(host.paths) == left.release and (
        left.kind == DEPLOY or left.release != left.previous
    )
    planned = plan_recovery(left, switched=switched, decision=decision)
    if planned == FINISH and decision == FINISH and not left.committed:
        if not _wake(host, left.release):
            host.warn(f"the other hosts serve release {left.release}, and here it is not healthy any more")
            return False
        switch_to(host.paths, left.release)
    if planned == BACK and not _wake(host, left.previous):
        host.warn(f"release {left.previous} served before, and is not healthy any more: {left.release} stays")
        return True
    return planned == FINISH


def revert(host: Host, left: Transaction) -> None:
    """Take back everything that a transaction did before its commit. May be run again after any crash.

    Raises:
        AgentError: something could not be taken back.
    """
    if read_live(host.paths) == left.release and left.previous != left.release:
        # The rename happened, and what follows it failed. It comes first: users wait for it.
        switch_back(host.paths, left.previous)
    close_before(host.paths)
    close_inside(host.paths)
    # What failed may have been the engine itself, which is being restarted.
    host.engine.wait_ready()
    restore_late(host, left.number, left.updated)
    containers = read_app_containers(host.engine, host.paths)
    if left.may_have_served:
        _let_finish(host, left, containers)
    if left.kind == DEPLOY:
        _remove_release(host, left, containers)
    else:
        _stop_again(host, left, containers)
    restore_platform(host, left.number, left.updated)
    # What had to end before another one was started in its place.
    restart_serving(host, read_bundle(host.paths, read_live(host.paths)))
    # Last, for it writes: on a full disk there is room again where the release was.
    close_dark(host.paths)


def end_transaction(
    host: Host, left: Transaction, status: str, *, repaired: bool = False, **facts: Any
) -> None:
    """Write the last record of a transaction: from here on it is history."""
    host.journal.append(END, tx=left.number, release=left.release, status=status, repaired=repaired, **facts)


def _wake(host: Host, release: Optional[str]) -> bool:
    """Whether a release can serve at once; what of it is stopped (a host that restarted) is started."""
    bundle = read_bundle(host.paths, release)
    if bundle is None:
        return False
    for container in read_app_containers(host.engine, host.paths):
        own = (container.service, container.release) in bundle.homes.items() and not container.oneoff
        if own and not container.running:
            host.engine.start(container.id)
    return not _find_unfit(host, bundle)


def _find_unfit(host: Host, bundle: Bundle) -> list[str]:
    """The services of a release that are not healthy; those that are about to be are waited for a while."""
    containers = read_app_containers(host.engine, host.paths)
    services = {name: bundle.release.services[name] for name in bundle.homes}
    own = {
        name: [one for one in containers if (one.service, one.release) == (name, home) and not one.oneoff]
        for name, home in bundle.homes.items()
    }
    known = {one.id: one.restarts for found in own.values() for one in found}
    states: dict[str, str] = {}

    def is_decided() -> bool:
        for name, service in services.items():
            current = refresh_containers(host.engine, own[name])
            verdict = judge_replicas(current, wanted=service.replicas, gate=service.gate, restarts=known)
            states[name] = verdict.state if len(current) >= service.replicas else FAILED
        return FAILED in states.values() or set(states.values()) <= {READY}

    wait_until(is_decided, timeout=_WAKE_SECONDS)
    return [name for name, state in states.items() if state != READY]


def _let_finish(host: Host, left: Transaction, containers: list[Container]) -> None:
    """Let the containers that serve no more answer what they have in flight, then end."""
    live = read_bundle(host.paths, read_live(host.paths))
    homes = live.homes if live is not None else {}
    used = [one for one in containers if one.release and homes.get(one.service) == one.release]
    leaving = [
        one for one in containers if one.release and one.running and not one.oneoff and one not in used
    ]
    bundle = read_bundle(host.paths, left.release)
    if leaving:
        bound = min(bundle.release.drain_timeout if bundle is not None else _DRAIN_SECONDS, _DRAIN_SECONDS)
        end_containers(host, leaving, lambda: find_admin_sockets(host.paths), bound)


def _finish(host: Host, left: Transaction, live: Bundle) -> Repaired:
    close_before(host.paths)
    close_inside(host.paths)
    close_dark(host.paths)
    if not left.committed:
        is_new = left.kind == DEPLOY and not left.rotations
        commit_release(host, left.number, left.release, live.release, is_new=is_new)
    for text in create_late(host, live):
        host.note(text)
    restart_serving(host, live)
    if left.phase in (SWITCH.name, WATCH.name) and not left.committed:
        # Its workers are proved in the watch, or in the switch where there is none, and nobody knows whether they were.
        for name in _find_unfit(host, live):
            host.warn(
                f"{name} of release {live.id} is not healthy: the {left.kind} was cut off before that was known; "
                f"see `fairlead logs {name}`"
            )
    retire_old(host, live)
    prune_old(host, live)
    end_transaction(host, left, "live", repaired=True)
    text = (
        f"release {left.release} had been switched to: it serves, and is committed"
        if live.id == left.release
        else f"release {left.release} was committed, and {live.id} was switched to since: that stays"
    )
    return Repaired(left.release, "finished", text)


def _undo(host: Host, left: Transaction) -> Repaired:
    revert(host, left)
    end_transaction(host, left, "reverted", repaired=True)
    serving = read_live(host.paths)
    rest = f"release {serving} serves, as before" if serving else "nothing serves, as before"
    # A rollback goes to a release that may be gone back to another time.
    left_as = "is removed" if left.kind == DEPLOY else "is stopped again"
    reached = (
        "was not committed: its watch was cut short"
        if left.may_have_served
        else f"had not been switched to: it {left_as}"
    )
    return Repaired(left.release, "reverted", f"release {left.release} {reached}; {rest}")


def _remove_release(host: Host, left: Transaction, containers: list[Container]) -> None:
    own = [one for one in containers if one.release == left.release]
    for container in own:
        if container.oneoff and _is_open_job(host, container):
            if container.running:
                host.note(
                    f"the job {container.service} still runs: waiting for it, a migration is never cut off"
                )
            finish_job(host, container.service, container.hash, left.release, container)
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        list(pool.map(host.engine.remove, [one.id for one in own]))
    remove_routes(host.paths, left.release)
    remove_bundle(host.paths, left.release)


def _is_open_job(host: Host, container: Container) -> bool:
    """Whether nobody has written down how this job ended."""
    run = fold_records(host.journal.records).jobs.get(container.hash)
    return run is None or run.state == "begin"


def _stop_again(host: Host, left: Transaction, containers: list[Container]) -> None:
    """Stop what a rollback had started: the containers that the release which serves does not use."""
    live = read_bundle(host.paths, read_live(host.paths))
    if live is None:
        raise EngineFault(
            f"the rollback to {left.release} cannot be undone: nothing serves",
            fix="`fairlead rollback --to ID` to a release that `fairlead history` names",
        )
    for container in containers:
        used = not container.release or live.homes.get(container.service) == container.release
        if container.running and not used and not container.oneoff:
            host.engine.stop(container.id, grace=container.grace)


def _mend_links(host: Host, ledger: Ledger) -> None:
    """A switch that somebody removed, or that points nowhere, is put back to what was committed."""
    if read_live(host.paths) is None and ledger.serving is not None:
        if not host.paths.route(ledger.serving).is_dir():
            host.warn(f"release {ledger.serving} should serve, and its routes are gone")
            return
        switch_to(host.paths, ledger.serving)
        host.warn(f"nothing was switched to: {host.paths.live} points to release {ledger.serving} again")
