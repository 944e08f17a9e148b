"""What a release is asked, before the switch over the dark route and after it as everybody asks."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Optional

from .bundle import Bundle
from .containers import Container
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


def plan_inside(bundle: Bundle, name: str, proxy: Container) -> Optional[Question]:
    """A routed service by its plain name, as other services ask; None where nothing can be asked."""
    service = bundle.release.services[name]
    if service.health is None or not service.replicas:
        return None
    target = inside_target(proxy, name, bundle.release.routes[name], service.health.path)
    if target is None:
        return None
    expected = Probe(service.health.path, service.health.status)
    about = f"{name} at {service.health.path}"
    return Question(about, target, expected, expected_release(bundle, service), name)


def plan_direct(bundle: Bundle, name: str, own: Sequence[Container]) -> Iterator[Question]:
    """Each replica by itself, where a service has no health check of its own that tells."""
    service = bundle.release.services[name]
    if service.health is None or service.gate != "http":
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
