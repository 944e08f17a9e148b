"""What is on the host now: journal, switch, containers, images, in one frozen value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Optional

from ..disk.fold import fold_records
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
from ..wire.release import Release
from .data import list_data
from .drain import read_drained
from .maintenance import Maintenance, read_maintenance
from .ownership import find_namesakes, read_owner
from .removals import Kept, read_kept
from .standby import Standby, find_standby

_AT_ONCE = 8
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
    containers, digests, present = _read_engine(paths, engine, release.images if release else set())
    owner = read_owner(paths)
    return State(
        app=paths.app,
        ledger=ledger,
        live=live,
        containers=containers,
        next_id=later_id(_next_id(paths, ledger, containers), at_least),
        owner=owner,
        digests=digests,
        present=present,
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
    return _digests_of(found) if found is not None else ()


def _digests_of(found: Mapping[str, Any]) -> tuple[str, ...]:
    names = [str(name).partition("@")[2] for name in found.get("RepoDigests") or ()]
    return tuple(dict.fromkeys(names))


def _read_engine(
    paths: Paths, engine: Engine, references: set[str]
) -> tuple[tuple[Container, ...], dict[str, tuple[str, ...]], frozenset[str]]:
    """The app's containers, the digests of their images by id, and which of the references are on the host.

    Side by side, and each image once: the engine takes 20 ms an image, and most are both.
    """
    names = sorted(references)
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        looked = pool.map(engine.image, names)
        containers = tuple(read_app_containers(engine, paths))
        here = {name: found for name, found in zip(names, looked) if found is not None}
        known = {str(found.get("Id")): _digests_of(found) for found in here.values()}
        images = {one.image_id for one in containers}
        others = sorted(images - known.keys())
        known.update(zip(others, pool.map(lambda image: read_digests(engine, image), others)))
    return containers, {image: known[image] for image in images}, frozenset(here)


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
