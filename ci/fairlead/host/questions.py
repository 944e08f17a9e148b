"""What a release is asked, before the switch over the dark route and after it as everybody asks."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Optional

from .bundle import Bundle
from .containers import Container, find_proxy
from .errors import EngineFault
from .inside import find_carrier
from .probe import Answer, Target, direct_target, edge_target, inside_target, published_target
from .release import Probe, Release, Service


@dataclass(frozen=True)
class Question:
    """One HTTP request: whom it is about, where it is asked, what is expected.

    ``public`` asks as a user does; ``direct`` asks one replica by itself.
    """

    about: str
    target: Target
    expected: Probe
    expect_release: Optional[str] = None
    service: Optional[str] = None
    public: bool = False
    direct: bool = False

    def fault(self, answer: Answer) -> str:
        """Why this is not the answer that was hoped for, or an empty text."""
        fault = answer.fault(self.expected)
        if not fault and self.expect_release and answer.release not in (None, self.expect_release):
            return f"answered as release {answer.release}, expected {self.expect_release}"
        return fault


def plan_public(bundle: Bundle, proxy: Container) -> Iterator[Question]:
    """The probes of the release at its public address; none where its proxy publishes no port for that."""
    release = bundle.release
    for probe in release.probes if release.url else ():
        target = public_target(release, probe.path, proxy)
        if target is not None:
            yield Question(f"{release.url}{probe.path}", target, probe, public=True)


def public_target(release: Release, path: str, proxy: Container) -> Optional[Target]:
    """How the release's public address is reached on this host; None where the proxy publishes no port for it."""
    if release.edge is None:
        return published_target(release.url or "", path, proxy.ports)
    hostname = urllib.parse.urlsplit(release.url or "").hostname or ""
    return edge_target(release.edge.scheme, hostname, path)


def plan_inside(bundle: Bundle, name: str, containers: Sequence[Container]) -> Iterator[Question]:
    """A routed service as other services ask it, by its plain name; none where nobody could."""
    service = bundle.release.services[name]
    carrier = find_carrier(bundle.release, name)
    if service.health is None or not service.replicas or carrier is None:
        return
    container = find_proxy(list(containers), carrier.name)
    if container is None or not container.addresses:
        raise EngineFault(f"{carrier.name}, which carries calls to {name}, does not run")
    target = inside_target(container, name, bundle.release.routes[name], service.health.path)
    expected = Probe(service.health.path, service.health.status)
    about = f"{name} at {service.health.path}"
    yield Question(about, target, expected, expected_release(bundle, service), name)


def plan_direct(bundle: Bundle, name: str, own: Sequence[Container]) -> Iterator[Question]:
    """Each replica by itself, where a service has no health check of its own that tells, or nobody else calls it."""
    service = bundle.release.services[name]
    if service.health is None:
        return
    if service.gate != "http" and find_carrier(bundle.release, name) is not None:
        return
    expected = Probe(service.health.path, service.health.status)
    port = service.port or bundle.release.routes[name]
    for container in own:
        target = direct_target(container, port, service.health.path)
        if target is not None:
            about = f"{container.name} at {service.health.path}"
            release = expected_release(bundle, service)
            yield Question(about, target, expected, release, name, direct=True)


def expected_release(bundle: Bundle, service: Service) -> Optional[str]:
    """The release that an answer must name: a carried-over container was built for an older one."""
    home = bundle.homes.get(service.name)
    return service.expect_release if home == bundle.id else None
