"""What a release is asked, before the switch over the dark route and after it as everybody asks."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Optional

from ..disk.place import PORTS
from ..engine.containers import Container, find_proxy
from ..shape.bundle import Bundle
from ..wire.errors import EngineFault
from ..wire.inside import GENERATED_PROXY, find_carrier
from ..wire.inside import ROLE as INSIDE
from ..wire.names import HEALTH_PATH
from ..wire.release import H2C, Probe, Release, Service
from .probe import (
    TCP,
    Answer,
    Target,
    direct_target,
    edge_target,
    here,
    inside_target,
    probe_http,
    published_target,
)

_ANY_PAGE = Probe("/", None)
"""Whatever page there is; anything below 500 will do, but what is said to a wrong Host."""
_PAGE_WITHIN = 10.0
"""Seconds for a page that nobody said should be quick."""
_LOOPBACK = "127.0.0.1"
_BY_TLS = {"X-Forwarded-Proto": "https"}
_ERRORS = 500
_BAD_GATEWAY = 502
_STARTING = (_BAD_GATEWAY, 503, 504)
"""What a server says that is not ready, and a proxy by itself while whoever is behind it is not there yet: in front of the
app, beside it (nginx of PHP-FPM) or in its own container."""
_OTHER_HOST = "; where it answers to another, say `x-fairlead: {health: {host: …}}`"
_SAY_PROTOCOL = "; where {} is spoken behind it, say `app_protocol: {}` in the long form of ports:"


@dataclass(frozen=True)
class Question:
    """One HTTP request: whom it is about, where it is asked, what is expected.

    ``public`` asks as a user does; ``direct`` asks one replica by itself; ``within`` is how many seconds the watch gives
    it for its answer. ``secure`` is where the same is answered by TLS on this host, if it is. ``hint`` is said where
    whoever is behind the proxy does not understand it.
    """

    about: str
    target: Target
    expected: Probe
    expect_release: Optional[str] = None
    service: Optional[str] = None
    public: bool = False
    direct: bool = False
    within: float = 2.0
    secure: Optional[Target] = None
    hint: str = ""

    def ask(
        self,
        token: str = "",
        timeout: Optional[float] = None,
        headers: Optional[Mapping[str, str]] = None,
        checkpoint: Optional[Callable[[], None]] = None,
    ) -> Answer:
        """Ask once; an app that sends everybody on to TLS is asked as by a load balancer that has ended it.

        Its redirect is the answer of a part that may work where nothing else does: it is none to go by. Who sends that
        one on as well ends TLS himself, and is followed there.
        """
        within = self.within if timeout is None else timeout
        answer = probe_http(self.target, token, within, headers, checkpoint)
        if self.expected.status is None and self.target.scheme == "http" and answer.asks_for_tls:
            answer = probe_http(self.target, token, within, {**(headers or {}), **_BY_TLS}, checkpoint)
            if self.secure is not None and answer.leads_to(self.secure):
                return probe_http(self.secure, token, within, headers, checkpoint)
        return answer

    def is_error(self, answer: Answer) -> bool:
        """Whether somebody is there, and has an error of his own."""
        return answer.status >= _ERRORS and answer.status not in _STARTING

    def fault(self, answer: Answer) -> str:
        """Why this is not the answer that was hoped for, or an empty text."""
        fault = answer.fault(self.expected)
        if fault and answer.may_be_of_host:
            fault += f" to the Host {self.target.host}{'' if self.public else _OTHER_HOST}"
        if fault and answer.status == _BAD_GATEWAY:
            fault += self.hint
        if not fault and self.expect_release and answer.release not in (None, self.expect_release):
            return f"answered as release {answer.release}, expected {self.expect_release}"
        return fault


def plan_public(bundle: Bundle, proxy: Container) -> Iterator[Question]:
    """What users ask: the probes at the public address, and a page at each other port that Fairlead's proxy publishes.

    None where the proxy publishes no port for the address.
    """
    release = bundle.release
    for probe in public_probes(release):
        target = public_target(release, probe.path, proxy)
        if target is not None:
            within = Question.within if release.probes else _PAGE_WITHIN
            secure = _secure_target(release, probe.path, proxy) if target.scheme == "http" else None
            about = f"{release.url}{probe.path}"
            yield Question(about, target, probe, public=True, within=within, secure=secure)
    if release.proxy == GENERATED_PROXY:
        for port in _further_ports(release, proxy):
            page = _any_page(release, port.number)
            target = Target("http", port.address, port.number, _host_at(release, port.number), page.path)
            about = f"port {port.number} of this host"
            other = ("HTTP/1", "http") if port.number in release.h2c_ports else ("gRPC", "grpc")
            hint = _SAY_PROTOCOL.format(*other)
            yield Question(about, target, page, public=True, within=_PAGE_WITHIN, hint=hint)


def public_probes(release: Release) -> Sequence[Probe]:
    """What is asked at the public address: its front page, where nobody says what else."""
    return (release.probes or (_any_page(release),)) if release.url else ()


def _any_page(release: Release, port: int = 0) -> Probe:
    """What every server answers: a page, or, where gRPC may be spoken, its check, which others know nothing of."""
    is_grpc = port in release.h2c_ports or any(one.protocol == H2C for one in release.services.values())
    return Probe(HEALTH_PATH, None) if is_grpc else _ANY_PAGE


def _host_at(release: Release, port: int) -> str:
    """A Host that the app knows: that of its url, or what a service says that it answers to."""
    known = (one.health.host for one in release.services.values() if one.health is not None)
    host = next(filter(None, known), "localhost")
    return f"{urllib.parse.urlsplit(f'//{host}').hostname or 'localhost'}:{port}"


@dataclass(frozen=True)
class _Port:
    """A port of this host, and the address to ask it at."""

    number: int
    address: str


def _further_ports(release: Release, proxy: Container) -> list[_Port]:
    """The ports of the host that the added proxy took over, beside that of the url: all speak plain HTTP."""
    url = urllib.parse.urlsplit(release.url or "")
    known = {url.port or PORTS[url.scheme], *PORTS.values()} if release.url else set()
    pairs = [
        pair for inside, found in sorted(proxy.ports.items()) if inside.endswith("/tcp") for pair in found
    ]
    ports = {number: _Port(number, here(address)) for address, number in pairs if number not in known}
    return sorted(ports.values(), key=lambda port: port.number)


def public_target(release: Release, path: str, proxy: Container) -> Optional[Target]:
    """How the release's public address is reached on this host; None where the proxy publishes no port for it."""
    if release.edge is None:
        return published_target(release.url or "", path, proxy.ports)
    hostname = urllib.parse.urlsplit(release.url or "").hostname or ""
    return edge_target(release.edge.scheme, hostname, path)


def _secure_target(release: Release, path: str, proxy: Container) -> Optional[Target]:
    """Where a proxy of the app's own ends TLS for the hostname; None where another host does."""
    if release.edge is not None or release.proxy == GENERATED_PROXY:
        return None
    hostname = urllib.parse.urlsplit(release.url or "").hostname or ""
    ports = {inside: found for inside, found in proxy.ports.items() if inside == f"{PORTS['https']}/tcp"}
    return published_target(f"https://{hostname}", path, ports)


def plan_inside(bundle: Bundle, name: str, containers: Sequence[Container]) -> Iterator[Question]:
    """A routed service as other services ask it, by its plain name; none where nobody could."""
    service = bundle.release.services[name]
    carrier = find_carrier(bundle.release, name)
    if service.health is None or not service.replicas or carrier is None:
        return
    container = find_proxy(list(containers), carrier.name)
    if container is None or not container.addresses:
        raise EngineFault(f"{carrier.name}, which carries calls to {name}, does not run")
    health = service.health
    target = inside_target(container, name, bundle.release.routes[name], health.path, health.host)
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
        target = direct_target(container, port, service.health.path, service)
        if target is not None:
            about = f"{container.name} at {service.health.path}"
            release = expected_release(bundle, service)
            yield Question(about, target, expected, release, name, direct=True)


def plan_recreated(service: Service, containers: Sequence[Container]) -> Iterator[Question]:
    """Each container of a service that no release has one of beside another: its page, or whether it listens.

    None for what carries requests, which is seen by whether these arrive, nor where no port is known.
    """
    port = service.port or published_port(service)
    if service.role in ("proxy", INSIDE) or port is None:
        return
    for container in containers:
        if container.service != service.name or container.release or container.oneoff:
            continue
        path = service.health.path if service.health is not None else "/"
        target = direct_target(_as_reached(service, container, containers), port, path)
        if target is not None and service.health is not None:
            expected = Probe(path, service.health.status)
            yield Question(f"{container.name} at {path}", target, expected, None, service.name, direct=True)
        elif target is not None:
            target = replace(target, scheme=TCP)
            yield Question(
                f"{container.name}: port {port}", target, _ANY_PAGE, None, service.name, direct=True
            )


def published_port(service: Service) -> Optional[int]:
    """The only TCP port that a service publishes itself; of several, some may be for other times."""
    ports = service.definition.get("ports")
    found = {
        int(port["target"])
        for port in (ports if isinstance(ports, list) else ())
        if isinstance(port, Mapping)
        and port.get("protocol", "tcp") == "tcp"
        and str(port.get("target")).isdecimal()
    }
    return found.pop() if len(found) == 1 else None


def _as_reached(service: Service, container: Container, containers: Sequence[Container]) -> Container:
    """The container with the addresses at which it is reached: its own, the host's, or those of its neighbour."""
    mode = str(service.definition.get("network_mode") or "")
    if mode == "host":
        return replace(container, addresses=(_LOOPBACK,))
    kind, _, name = mode.partition(":")
    if kind != "service":
        return container
    neighbour = find_proxy(list(containers), name)
    return replace(container, addresses=neighbour.addresses) if neighbour is not None else container


def expected_release(bundle: Bundle, service: Service) -> Optional[str]:
    """The release that an answer must name: a carried-over container was built for an older one."""
    home = bundle.homes.get(service.name)
    return service.expect_release if home == bundle.id else None
