"""What is on the host now: journal, switch, containers, images, in one frozen value."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Optional

from ..disk.fold import fold_records
from ..disk.hide import VaultMask
from ..disk.journal import read_journal
from ..disk.ledger import Ledger
from ..disk.lock import Holder, is_locked, read_holder
from ..disk.orders import read_end
from ..disk.paths import Paths, project_clashes
from ..disk.place import Place
from ..disk.routes import read_live
from ..edge.state import EdgeState, read_edge
from ..engine.containers import Container, find_proxy, read_app_containers
from ..engine.engine import Engine
from ..shape.bundle import Bundle, read_bundle
from ..wire.errors import InputFault
from ..wire.names import RELEASE_ID
from ..wire.owner import Owner
from ..wire.release import Release, Service, content_hash
from ..wire.status import (
    HistoryAnswer,
    HistoryEntry,
    KnownRelease,
    RunningContainer,
    RunningService,
    StateAnswer,
)
from ..wire.text import age_of
from .data import list_data
from .drain import read_drained
from .maintenance import Maintenance, maintenance_history, read_maintenance
from .ownership import find_namesakes, read_owner
from .removals import Kept, read_kept
from .standby import Standby, find_standby

_AT_ONCE = 8
_STEADY_SECONDS = 60.0
"""The engine waits for up to a minute before it starts again what crashed: up for longer, it has calmed down."""
_FIRST = "000001"
_MOST_FIRST = 900_000
_MOST_AHEAD = 1000


@dataclass(frozen=True)
class State:
    """The app on this host. ``live`` is the release that the switch points to.

    ``digests``: image id -> the digests by which the engine knows it; ``present``: references that are on the host; ``left`` is the release of a transaction that has not ended,
    ``word`` how it was told to end; ``drained``: the paths that answer 503, None where users are let in; ``standby``: what runs on for a rollback;
    ``maintenance``: what everybody is shown instead of the app, None where users are served;
    ``clashes``: other apps that would share a Compose project with it; ``namesakes``: what else the same environment is called here;
    ``kept``: the volumes that stayed when the app was removed, and whose they are; ``data``: the folders for what is written.
    """

    app: str
    ledger: Ledger
    live: Optional[Bundle]
    containers: tuple[Container, ...]
    next_id: str
    owner: Optional[Owner] = None
    digests: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    present: frozenset[str] = frozenset()
    holder: Optional[Holder] = None
    left: Optional[Bundle] = None
    word: str = ""
    drained: Optional[Sequence[str]] = None
    maintenance: Optional[Maintenance] = None
    edge: EdgeState = field(default_factory=EdgeState)
    standby: Optional[Standby] = None
    clashes: Sequence[str] = ()
    namesakes: Sequence[str] = ()
    kept: Optional[Kept] = None
    data: frozenset[str] = frozenset()

    @property
    def serving(self) -> Optional[str]:
        return self.live.id if self.live else None

    @property
    def previous(self) -> Optional[str]:
        """Where a rollback would go."""
        return self.ledger.previous(self.serving)

    @property
    def proxy(self) -> Optional[Container]:
        return find_proxy(list(self.containers), self.live.release.proxy) if self.live else None

    def of_service(self, name: str, release: str) -> list[Container]:
        """The containers of a service in a release, or of the platform when ``release`` is empty; no one-shots."""
        return [
            one
            for one in self.containers
            if one.service == name and one.release == release and not one.oneoff
        ]

    @property
    def answer(self) -> StateAnswer:
        """What ``fairlead status`` shows: which digest should run, and which does."""
        release = self.live.release if self.live else None
        entry = self.ledger.releases.get(self.serving or "")
        last = self.ledger.transactions[-1] if self.ledger.transactions else None
        unfinished = self.ledger.unfinished
        return StateAnswer(
            app=self.app,
            environment=release.environment if release else None,
            url=release.url if release else None,
            serving=self.serving,
            previous=self.previous,
            since=entry.committed_at if entry else None,
            by=entry.by if entry else None,
            revision=release.revision if release else None,
            revision_time=release.revision_time if release else None,
            services=tuple(map(self._service, release.services.values())) if release else (),
            releases=tuple(
                KnownRelease(one.id, one.state, one.revision, one.by, one.began_at)
                for one in reversed(list(self.ledger.releases.values()))
                if one.state != "pruned"
            ),
            last=last.entry if last else None,
            unfinished=replace(unfinished.entry, word=self.word) if unfinished else None,
            content=content_hash(release.document) if release else None,
            unfinished_content=content_hash(self.left.release.document) if self.left else None,
            next_id=self.next_id,
            standby=self.standby.shown if self.standby else None,
            drained=tuple(self.drained) if self.drained is not None else None,
            maintenance=self.maintenance.shown if self.maintenance is not None else None,
            jobs_done=tuple(key for key, run in self.ledger.jobs.items() if run.state == "done"),
            busy=str(self.holder) if self.holder else None,
        )

    def _service(self, service: Service) -> RunningService:
        home = self.live.homes.get(service.name, "") if self.live else ""
        containers = [] if service.is_job else self.of_service(service.name, home)
        running = [one for one in containers if one.running]
        return RunningService(
            service=service.name,
            role=service.role,
            image=service.pinned,
            digest=service.digest,
            platforms=service.platforms,
            running_digest=self._running_digest(running, service),
            release=home or None,
            revision=service.revision or (self.live.release.revision if self.live else None),
            replicas=None if service.is_job else service.replicas,
            state=_summary(service, containers),
            since=min((one.started_at for one in running), default=None),
            containers=tuple(self._container(one, service) for one in containers),
        )

    def _running_digest(self, running: list[Container], service: Service) -> Optional[str]:
        """The digest that runs: the wanted one only if every container has it."""
        found = {self.digest_of(one, service) for one in running}
        odd = found - {service.digest}
        return next(iter(odd)) if odd else (service.digest if found else None)

    def digest_of(self, container: Container, service: Service) -> Optional[str]:
        """The digest of the image that a container runs, the release's if that is what it runs."""
        known = self.digests.get(container.image_id, ())
        if not service.digests.isdisjoint(known):
            return service.digest
        return known[0] if known else container.image_id

    def _container(self, container: Container, service: Service) -> RunningContainer:
        return RunningContainer(
            name=container.name,
            running=container.running,
            health=container.health,
            since=container.started_at or None,
            restarts=container.restarts,
            digest=self.digest_of(container, service),
        )


def read_state(paths: Paths, engine: Engine, release: Optional[Release] = None, at_least: str = "") -> State:
    """Read everything that a plan or a status needs.

    Args:
        release: the release to come: its images are looked up too.
        at_least: the lowest id that the next release may get, so that it is called the same on several hosts.

    Raises:
        EngineFault: the engine does not answer.
        InputFault: that id is far ahead of what is here.
    """
    # Looked at on both sides of the journal: what ends or begins meanwhile was not interrupted.
    holder = _read_holder(paths)
    ledger = fold_records(read_journal(paths.journal))
    holder = holder or _read_holder(paths)
    unfinished = ledger.unfinished
    live = read_bundle(paths, read_live(paths))
    containers = tuple(read_app_containers(engine, paths))
    references = release.images if release else set()
    owner = read_owner(paths)
    return State(
        app=paths.app,
        ledger=ledger,
        live=live,
        containers=containers,
        next_id=later_id(_next_id(paths, ledger, containers), at_least),
        owner=owner,
        digests=_read_all_digests(engine, {one.image_id for one in containers}),
        present=_read_present(engine, references),
        holder=holder,
        left=read_bundle(paths, unfinished.release) if unfinished else None,
        drained=read_drained(paths),
        maintenance=read_maintenance(paths),
        word=read_end(paths.task(unfinished.task))[0] if unfinished else "",
        edge=read_edge(engine, Place(paths.root), paths.app),
        standby=find_standby(paths, ledger, live, containers),
        clashes=project_clashes(paths.root, paths.app),
        namesakes=find_namesakes(paths, release) if release is not None and owner is None else (),
        kept=None if owner is not None else read_kept(paths, engine),
        data=list_data(paths),
    )


def _read_holder(paths: Paths) -> Optional[Holder]:
    return read_holder(paths.lock) if is_locked(paths.lock) else None


def read_digests(engine: Engine, image: str) -> tuple[str, ...]:
    """The digests by which the engine knows an image, of what it was pulled by, in both of its image stores."""
    found = engine.image(image)
    if found is None:
        return ()
    names = [str(name).partition("@")[2] for name in found.get("RepoDigests") or ()]
    return tuple(dict.fromkeys(names))


def _read_all_digests(engine: Engine, images: set[str]) -> dict[str, tuple[str, ...]]:
    """Side by side: the engine takes 20 ms an image."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return dict(zip(images, pool.map(lambda image: read_digests(engine, image), images)))


def _read_present(engine: Engine, references: set[str]) -> frozenset[str]:
    """The images that are on the host, of these."""
    names = sorted(references)
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return frozenset(
            name for name, found in zip(names, pool.map(engine.image, names)) if found is not None
        )


def read_history(paths: Paths) -> HistoryAnswer:
    """Every deploy and rollback, and each time that users were shown a page instead, newest first."""
    mask = VaultMask(paths)
    found = [
        _masked(mask, one.entry) for one in reversed(fold_records(read_journal(paths.journal)).transactions)
    ]
    entries = sorted([*found, *maintenance_history(paths)], key=lambda one: one.began_at, reverse=True)
    return HistoryAnswer(paths.app, tuple(entries))


def answer_of(paths: Paths, state: State) -> StateAnswer:
    """The state as it is shown."""
    answer = state.answer
    return replace(answer, last=_masked(VaultMask(paths), answer.last)) if answer.last else answer


def _masked(mask: VaultMask, entry: HistoryEntry) -> HistoryEntry:
    """A journal may be older than the hiding of secrets in it."""
    return replace(entry, error=mask.document(entry.error)) if entry.error else entry


def _summary(service: Service, containers: list[Container]) -> str:
    if service.is_job:
        return "job"
    if not containers:
        return "missing" if service.replicas else "none asked"
    if any(map(_is_restarted_now, containers)):
        return "restarting"
    if not all(one.running for one in containers):
        return "stopped" if not any(one.running for one in containers) else "partly stopped"
    worst = {one.health for one in containers}
    for health in ("unhealthy", "starting"):
        if health in worst:
            return health
    return "healthy" if worst == {"healthy"} else "running"


def _is_restarted_now(container: Container) -> bool:
    """Whether it is started over and over: about to be, or up for a moment since the engine had to."""
    up = age_of(container.started_at, time.time())
    return container.restarting or (
        container.restarts > 0 and container.running and up is not None and up < _STEADY_SECONDS
    )


def later_id(following: str, at_least: str) -> str:
    """The id that the next release gets, where a client wants it to be at least another one. Pure.

    Ids are never given again, so that one far ahead would use them up for good. Only a host that is new to an app has
    many to catch up with.

    Raises:
        InputFault: it is that far ahead.
    """
    most = _MOST_FIRST if following == _FIRST else int(following) + _MOST_AHEAD
    if at_least and int(at_least) > most:
        raise InputFault(
            f"the release would be called {at_least}, and the next one here is {following}",
            why="ids are never given again, and there are a million",
            fix="if this host has missed so many releases, `fairlead remove` the app from it, then deploy",
        )
    return max(following, at_least)


def _next_id(paths: Paths, ledger: Ledger, containers: Iterable[Container]) -> str:
    """The next release id: after any that the journal, a folder or a container has ever had."""
    seen = {*ledger.releases, *(one.release for one in containers)}
    for folder in (paths.releases, paths.routes):
        if folder.is_dir():
            seen.update(entry.name for entry in folder.iterdir())
    highest = max((int(name) for name in seen if RELEASE_ID.fullmatch(name)), default=0)
    return f"{highest + 1:06d}"
