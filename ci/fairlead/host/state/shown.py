"""A state as ``fairlead status`` and ``history`` show it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Optional

from ..disk.fold import fold_records
from ..disk.hide import VaultMask
from ..disk.journal import read_journal
from ..disk.ledger import DEPLOY
from ..disk.paths import Paths
from ..engine.containers import Container
from ..shape.bundle import read_bundle
from ..wire.release import Service, content_hash
from ..wire.status import (
    HistoryAnswer,
    HistoryEntry,
    KnownRelease,
    RunningContainer,
    RunningService,
    StateAnswer,
)
from ..wire.text import age_of, time_between
from .maintenance import maintenance_history
from .state import State

_STEADY_SECONDS = 60.0
"""The engine waits for up to a minute before it starts again what crashed: up for longer, it has calmed down."""


def answer_of(paths: Paths, state: State) -> StateAnswer:
    """The state as it is shown."""
    answer = show_state(state)
    return replace(answer, last=_masked(VaultMask(paths), answer.last)) if answer.last else answer


def read_history(paths: Paths) -> HistoryAnswer:
    """Every deploy and rollback, and each time that users were shown a page instead, newest first."""
    mask = VaultMask(paths)
    found = [
        _masked(mask, one.entry) for one in reversed(fold_records(read_journal(paths.journal)).transactions)
    ]
    entries = sorted([*found, *maintenance_history(paths)], key=lambda one: one.began_at, reverse=True)
    return HistoryAnswer(paths.app, tuple(entries))


def show_state(state: State) -> StateAnswer:
    """What ``fairlead status`` shows: which digest should run, and which does."""
    release = state.live.release if state.live else None
    entry = state.ledger.releases.get(state.serving or "")
    last = state.ledger.transactions[-1] if state.ledger.transactions else None
    unfinished = state.ledger.unfinished
    return StateAnswer(
        app=state.app,
        environment=release.environment if release else None,
        url=release.url if release else None,
        serving=state.serving,
        previous=state.previous,
        since=entry.committed_at if entry else None,
        by=entry.by if entry else None,
        revision=release.revision if release else None,
        revision_time=release.revision_time if release else None,
        services=tuple(_service(state, one) for one in release.services.values()) if release else (),
        releases=tuple(
            KnownRelease(one.id, one.state, one.revision, one.by, one.began_at, state.ledger.previous(one.id))
            for one in reversed(list(state.ledger.releases.values()))
            if one.state != "pruned"
        ),
        last=last.entry if last else None,
        unfinished=replace(unfinished.entry, word=state.word) if unfinished else None,
        content=content_hash(release.document) if release else None,
        unfinished_content=content_hash(state.left.release.document) if state.left else None,
        next_id=state.next_id,
        standby=state.standby.shown if state.standby else None,
        drained=tuple(state.drained) if state.drained is not None else None,
        maintenance=state.maintenance.shown if state.maintenance is not None else None,
        jobs_done=tuple(key for key, run in state.ledger.jobs.items() if run.state == "done"),
        busy=str(state.holder) if state.holder else None,
    )


def with_digests(paths: Paths, known: KnownRelease) -> KnownRelease:
    """The release with the digests of its images; with none where its bundle is not whole."""
    bundle = read_bundle(paths, known.id)
    services = bundle.release.services.values() if bundle is not None else ()
    found = {digest for one in services for digest in (one.digest, *one.platforms.values()) if digest}
    return replace(known, digests=tuple(sorted(found)))


def _service(state: State, service: Service) -> RunningService:
    home = state.live.homes.get(service.name, "") if state.live else ""
    containers = [] if service.is_job else state.of_service(service.name, home)
    running = [one for one in containers if one.running]
    return RunningService(
        service=service.name,
        role=service.role,
        image=service.pinned,
        digest=service.digest,
        platforms=service.platforms,
        running_digest=_running_digest(state, running, service),
        release=home or None,
        revision=service.revision or (state.live.release.revision if state.live else None),
        replicas=None if service.is_job else service.replicas,
        state=_summary(state, service, containers),
        since=min((one.started_at for one in running), default=None),
        containers=tuple(_container(state, one, service) for one in containers),
    )


def _running_digest(state: State, running: list[Container], service: Service) -> Optional[str]:
    """The digest that runs: the wanted one only if every container has it."""
    found = {digest_of(state, one, service) for one in running}
    odd = found - {service.digest}
    return next(iter(odd)) if odd else (service.digest if found else None)


def digest_of(state: State, container: Container, service: Service) -> Optional[str]:
    """The digest of the image that a container runs, the release's if that is what it runs."""
    known = state.digests.get(container.image_id, ())
    if not service.digests.isdisjoint(known):
        return service.digest
    return known[0] if known else container.image_id


def _container(state: State, container: Container, service: Service) -> RunningContainer:
    return RunningContainer(
        name=container.name,
        running=container.running,
        health=container.health,
        since=container.started_at or None,
        restarts=container.restarts,
        digest=digest_of(state, container, service),
    )


def _masked(mask: VaultMask, entry: HistoryEntry) -> HistoryEntry:
    """A journal may be older than the hiding of secrets in it."""
    return replace(entry, error=mask.document(entry.error)) if entry.error else entry


def _summary(state: State, service: Service, containers: list[Container]) -> str:
    if service.is_job:
        return "job"
    if not containers:
        return "missing" if service.replicas else "none asked"
    if any(_is_restarted_now(one, _proved_at(state, one)) for one in containers):
        return "restarting"
    if not all(one.running for one in containers):
        return "stopped" if not any(one.running for one in containers) else "partly stopped"
    worst = {one.health for one in containers}
    for health in ("unhealthy", "starting"):
        if health in worst:
            return health
    return "healthy" if worst == {"healthy"} else "running"


def _proved_at(state: State, container: Container) -> Optional[float]:
    """When the release that brought a container was committed, which it was verified and watched for; None where nobody knows."""
    release = container.release or next(
        (
            one.release
            for one in reversed(state.ledger.transactions)
            if one.kind == DEPLOY and one.committed and container.service in one.updated
        ),
        "",
    )
    entry = state.ledger.releases.get(release)
    return entry.committed_at if entry is not None else None


def _is_restarted_now(container: Container, proved_at: Optional[float]) -> bool:
    """Whether it is started over and over: about to be, or up for a moment since the engine had to.

    One that was up already when its release was committed has stayed up since: what it took to start was borne.
    """
    if container.restarting or not (container.restarts and container.running):
        return container.restarting
    if time_between(container.started_at, proved_at) > 0:
        return False
    up = age_of(container.started_at, time.time())
    return up is not None and up < _STEADY_SECONDS
