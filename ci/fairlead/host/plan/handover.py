"""Who has to end before another one is started in its place: what two cannot have at once. Pure.

What is no longer in a release runs on until the release is committed, so that the way back is short. That must not be
where the one that comes uses the same volume or folder (two databases on one destroy it), host port or container name,
nor where a service that each release had of its own becomes one that may not run twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..engine.containers import Container, platform_project
from ..shape.project import used_volumes
from ..wire.planned import Action
from ..wire.release import Release, Service
from .actions import REMOVE, START, UPDATE


@dataclass(frozen=True)
class Handover:
    """``service`` (of the release ``home``, empty for one of the platform) ends before ``taker`` is started."""

    service: str
    home: str
    taker: str
    shared: str

    def __str__(self) -> str:
        return f"stop {self.service} before {self.taker} is started: {self.shared}"

    def has(self, container: Container) -> bool:
        """Whether this container has to end."""
        return (container.service, container.release, container.oneoff) == (self.service, self.home, False)


def plan_handovers(
    release: Release, containers: Sequence[Container], actions: Sequence[Action]
) -> tuple[Handover, ...]:
    """Who ends before whom, of what the release starts and what it has no more."""
    comes = [
        one.service
        for one in actions
        if one.action in (START, UPDATE)
        and not one.home
        and one.service in release.platform
        and one.role not in ("proxy", "inside")
    ]
    return tuple(
        Handover(leaving.service, leaving.home, name, shared)
        for leaving in (one for one in actions if one.action == REMOVE)
        for name in comes
        for shared in _shared(leaving, release.platform[name], release, containers)
    )


def named_bridges(routed: Mapping[str, int], platform: Release) -> dict[str, str]:
    """DNS names for a release's routes: of services that it has in the platform, and its neighbour by a route.

    So proxy and callers of the neighbour find them before the switch, and after a switch back. A container's name is
    nobody else's, where the service's own leads to whoever carries its calls as well.
    """
    return {
        name: container_name(platform, name)
        for name in routed
        if name in platform.platform and name not in platform.routes
    }


def container_name(release: Release, service: str) -> str:
    """What Compose calls the (first) container of a platform service."""
    given = release.services[service].definition.get("container_name")
    return str(given) if given else f"{platform_project(release.app)}-{service}-1"


def _shared(
    leaving: Action,
    taker: Service,
    release: Release,
    containers: Sequence[Container],
) -> Iterator[str]:
    """The first thing that both want; nothing where they get along."""
    if leaving.home:
        if leaving.service == taker.name:
            yield "it may not run twice any more"
        return
    own = [one for one in containers if one.service == leaving.service and not one.release and not one.oneoff]
    volumes = {name for one in own for name in one.volumes} & set(used_volumes(taker, release))
    ports = {pair[1] for one in own for pairs in one.ports.values() for pair in pairs} & set(_ports(taker))
    name = taker.definition.get("container_name")
    folders = _folders(own, taker, release)
    if volumes:
        yield f"both use the volume {min(volumes)}"
    elif folders:
        yield f"both use the folder {min(folders)}"
    elif ports:
        yield f"both publish port {min(ports)} of the host"
    elif name and name in {one.name for one in own}:
        yield f"both are called {name}"


def _folders(own: Sequence[Container], taker: Service, release: Release) -> set[str]:
    """The folders of the host that containers are shown, and that ``taker`` has its data in as well."""
    shown = {source for one in own for source in one.sources}
    kept = {mount.data for mount in taker.mounts if mount.data is not None}
    found = {
        f"data/{name}" for name in kept if any(one.endswith(f"/{release.app}/data/{name}") for one in shown)
    }
    for volume in taker.definition.get("volumes") or ():
        if isinstance(volume, Mapping) and volume.get("type") == "bind" and not volume.get("read_only"):
            source = str(volume.get("source"))
            found |= {source} & shown if not source.endswith(".sock") else set()
    return found


def _ports(service: Service) -> Iterator[int]:
    for port in service.definition.get("ports") or ():
        published = str(port.get("published") or "") if isinstance(port, Mapping) else ""
        if published.isdigit():
            yield int(published)
