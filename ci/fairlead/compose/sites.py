"""The Caddyfile of the proxy that Fairlead adds: which addresses it serves, and who answers. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from fairlead.compose.model import ComposeApp, Service
from fairlead.compose.ports import PublishedPort, parse_published
from fairlead.compose.remarks import Remarks
from fairlead.host.strangers import ROUTE, render_route

_TLS_TARGETS = frozenset({443, 8443})
HOST = "host.docker.internal"
"""What the proxy calls the host, where a service shares the host's network."""
EDGE_PORT = 80
"""Where the added proxy answers the edge."""
# How long a request waits for a service that is stopped and started again.
_RECREATE_WAIT = "60s"


@dataclass(frozen=True)
class Site:
    """An address of the proxy and the container port behind it.

    ``published`` is the host's port; ``host_ip`` is empty where it listens on all addresses.
    """

    address: str
    service: Service
    target: int
    published: int
    host_ip: str = ""
    is_internal_ca: bool = False


@dataclass(frozen=True)
class Front:
    """The public address of an app, from the environment's ``url``."""

    scheme: str
    host: str
    port: int

    @property
    def address(self) -> str:
        usual = {"https": 443, "http": 80}[self.scheme]
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == usual else f":{self.port}")

    @property
    def is_ip(self) -> bool:
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True

    @property
    def has_internal_ca(self) -> bool:
        """Whether no public authority would certify it."""
        is_local = self.host == "localhost" or self.host.endswith(
            (".localhost", ".internal", ".local", ".test")
        )
        return self.scheme == "https" and (self.is_ip or is_local)


def parse_front(url: str) -> Front | None:
    """The parts of an environment's ``url``; None if it is empty."""
    if not url:
        return None
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return Front(parts.scheme, parts.hostname or "", port)


def plan_sites(app: ComposeApp, remarks: Remarks) -> tuple[Site, ...]:
    """The sites of the added proxy: the public address, and each host port that it takes over."""
    front = parse_front(app.environment.url)
    if front is not None and app.environment.edge:
        return _edge_sites(app, front, remarks)
    sites: list[Site] = []
    if front is not None:
        service = find_front_service(app, remarks)
        if service is not None and service.port is not None:
            sites.append(
                Site(front.address, service, service.port, front.port, is_internal_ca=front.has_internal_ca)
            )
    taken = {site.published: site for site in sites}
    for service, port in taken_over(app):
        site = _port_site(service, port, front, remarks)
        if site is None:
            continue
        before = taken.get(site.published)
        if before is not None and before.service.name != service.name and before.address == site.address:
            what = f"{service.name}: {before.service.name} publishes the host port {site.published} as well"
            remarks.fault("port-clash", ("services", service.name, "ports"), what)
        elif before is None or before.address != site.address:
            taken[site.published] = site
            sites.append(site)
    return tuple(sites)


def _edge_sites(app: ComposeApp, front: Front, remarks: Remarks) -> tuple[Site, ...]:
    """Behind the edge: each hostname by plain HTTP, and no port of the host."""
    service = find_front_service(app, remarks)
    if service is None or service.port is None:
        return ()
    hostnames = sorted({front.host, *app.environment.hostnames})
    return tuple(Site(f"http://{hostname}", service, service.port, 0) for hostname in hostnames)


def taken_over(app: ComposeApp) -> Iterator[tuple[Service, PublishedPort]]:
    """The host ports of HTTP services that the added proxy listens on in their place."""
    for service in app.services.values():
        for port in parse_published(service.definition):
            if is_taken_over(service, port):
                yield service, port


def is_taken_over(service: Service, port: PublishedPort) -> bool:
    """Whether the added proxy publishes a port in place of a service.

    Of a service that is recreated only its HTTP port: the others, it can publish itself.
    """
    if service.role != "app" or service.port is None or not port.published or port.protocol != "tcp":
        return False
    return port.target == service.port or service.is_rolled


def find_front_service(app: ComposeApp, remarks: Remarks) -> Service | None:
    """The service that answers the environment's url: who publishes 80 or 443, else any port, else the only one."""
    candidates = [
        service for service in app.services.values() if service.role == "app" and service.port is not None
    ]
    published: dict[str, set[int]] = {service.name: set() for service in candidates}
    for service, port in taken_over(app):
        published[service.name].add(port.published)
    for choice in (
        [service for service in candidates if {80, 443} & published[service.name]],
        [service for service in candidates if published[service.name]],
    ):
        if choice:
            return choice[0]
    if len(candidates) == 1:
        return candidates[0]
    names = ", ".join(service.name for service in candidates)
    what = f"which service answers {app.environment.url}? " + (
        f"It may be {names}" if names else "None has a port"
    )
    fix = "publish a port of it, or say x-fairlead: {port: 8000}"
    remarks.fault("model", ("services",), what, fix)
    return None


def render_caddyfile(sites: tuple[Site, ...], app: ComposeApp) -> str:
    """The Caddyfile. It names no release: ``import switch`` looks up the live one on each request."""
    front = parse_front(app.environment.url)
    # Host ports lead to ports of their own in the proxy, which none of its own sites without a port has.
    options = [f"http_port {inner_port(80)}", f"https_port {inner_port(443)}"]
    if app.environment.edge:
        # The edge asks at the usual port, and says who asked it and how.
        options = ["servers {\n\t\ttrusted_proxies static private_ranges\n\t}"]
        # Caddy closes WebSockets, as their protocol asks, when everything else has ended: an event stream never does.
        options.append("grace_period 5s")
    if not any(site.address.startswith("https://") for site in sites):
        options.append("auto_https off")
    if front is not None and front.scheme == "https" and front.is_ip:
        # A client that asks for an IP address sends no server name.
        options.append(f"default_sni {front.host}")
    if any(site.is_internal_ca for site in sites):
        options.append("skip_install_trust")
    if any(site.address.startswith("https://") for site in sites):
        # HTTP/3 would be announced under the inner port, which no client can reach.
        options.append("servers {\n\t\tprotocols h1 h2\n\t}")
    header = "{\n" + "".join(f"\t{option}\n" for option in options) + "}\n\n"
    # Behind the edge, which has done it, they would be the edge's own.
    strangers = "" if app.environment.edge else f"\n{render_route()}"
    parts = (_render_site(site, app) for site in sites)
    return header + "import /fairlead/switch.caddy\n" + strangers + "".join(parts)


def inner_port(published: int) -> int:
    """The port in the proxy that a port of the host leads to."""
    return published + 10_000 if published < 50_000 else published - 40_000


def _render_site(site: Site, app: ComposeApp) -> str:
    tls = "\ttls internal\n" if site.is_internal_ca else ""
    strangers = "" if app.environment.edge else f"\tinvoke {ROUTE}\n"
    if site.service.is_rolled:
        body = f"\timport switch {site.service.name} {site.target}\n"
    else:
        body = (
            "\treverse_proxy {\n"
            f"\t\tdynamic a {{\n\t\t\tname {find_name(site.service)}\n\t\t\tport {site.target}\n\t\t\trefresh 1s\n\t\t}}\n"
            f"\t\tlb_try_duration {_RECREATE_WAIT}\n\t\tlb_try_interval 50ms\n"
            # A connection that was left open may be closed under a POST, which nobody sends twice.
            "\t\ttransport http {\n\t\t\tkeepalive off\n\t\t}\n\t}\n"
        )
    return f"\n{_inner_address(site)} {{\n{tls}{body}{strangers}}}\n"


def find_name(service: Service) -> str:
    """The name by which the proxy finds a service: its own, but for one that is in the network of the host or a neighbour."""
    mode = str(service.definition.get("network_mode") or "")
    kind, _, neighbour = mode.partition(":")
    if mode == "host":
        return HOST
    return neighbour if kind == "service" else service.name


def _inner_address(site: Site) -> str:
    """The address as the proxy listens on it: 80 and 443 move by the options http_port and https_port."""
    parts = urlsplit(site.address)
    if parts.port is None:
        return site.address
    return site.address.removesuffix(f":{parts.port}") + f":{inner_port(parts.port)}"


def _port_site(service: Service, port: PublishedPort, front: Front | None, remarks: Remarks) -> Site | None:
    """The site of a host port that is taken over; None where the public address covers it."""
    is_https = front is not None and front.scheme == "https"
    if is_https and port.published in {80, 443}:
        # Caddy redirects port 80 by itself.
        return None
    if port.target in _TLS_TARGETS and port.target != service.port:
        what = f"{service.name}: the published port {port.published} leads to {port.target}, which speaks TLS itself"
        remarks.fault("published-port", ("services", service.name, "ports"), what, _TLS_FIX)
        return None
    return Site(f"http://:{port.published}", service, port.target, port.published, port.host_ip)


_TLS_FIX = "give the environment url: https://…, so that the proxy holds the certificate, or remove the port"


def published_ports(sites: tuple[Site, ...], app: ComposeApp) -> list[Mapping[str, object]]:
    """The ``ports`` of the proxy, in Compose's long form; none behind the edge."""
    if app.environment.edge:
        return []
    front = parse_front(app.environment.url)
    wanted: dict[tuple[int, str, str], None] = {}
    for site in sites:
        wanted[site.published, "tcp", site.host_ip] = None
    if front is not None and front.scheme == "https" and front.port == 443:
        # It redirects, and answers the ACME challenge.
        wanted[80, "tcp", ""] = None
    return [
        {
            "mode": "ingress",
            **({"host_ip": host_ip} if host_ip else {}),
            "target": inner_port(published),
            "published": str(published),
            "protocol": protocol,
        }
        for published, protocol, host_ip in sorted(wanted)
    ]
