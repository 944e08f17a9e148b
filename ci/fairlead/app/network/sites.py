"""The Caddyfile of the proxy that Fairlead adds: which addresses it serves, and who answers. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from fairlead.app.model import ComposeApp, Service
from fairlead.host.wire.caddy.strangers import ROUTE, SCHEME, render_route
from fairlead.settings.values import AcmeSettings

HOST = "host.docker.internal"
"""What the proxy calls the host, where a service shares the host's network."""
EDGE_PORT = 80
"""Where the added proxy answers the edge."""
# How long a request waits for a service that is stopped and started again.
_RECREATE_WAIT = "60s"
_PRIVATE = (".internal", ".local", ".test")
ACME_ROOT = "/etc/caddy/acme-root.pem"
"""Where the added proxy finds what certifies the address of the authority that the settings name."""


@dataclass(frozen=True)
class Site:
    """An address of the proxy and the container port behind it, or the address that it is sent on to (``redirect``).

    ``published`` is the host's port; one of ``host_ips`` is empty where it listens on all addresses. ``is_h2c`` says that
    the container speaks HTTP/2 without TLS there.
    """

    address: str
    service: Service | None
    target: int
    published: int
    host_ips: tuple[str, ...] = ("",)
    is_internal_ca: bool = False
    redirect: str = ""
    is_h2c: bool = False

    @property
    def is_tls(self) -> bool:
        return self.address.startswith("https://")

    @property
    def leads_to(self) -> str:
        """In words."""
        return f"{self.service.name}:{self.target}" if self.service is not None else self.redirect


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
    def held_ports(self) -> frozenset[int]:
        """The ports of the host that the address takes: at 80, its plain requests are sent on to 443."""
        return frozenset({self.port, 80} if self.is_usual_tls else {self.port})

    @property
    def is_usual_tls(self) -> bool:
        return self.scheme == "https" and self.port == 443

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
        is_local = self.host == "localhost" or self.host.endswith((".localhost", *_PRIVATE))
        return self.scheme == "https" and (self.is_ip or is_local)

    @property
    def may_have_own_acme(self) -> bool:
        """Whether an authority that the settings name can certify it, though no public one would."""
        return self.scheme == "https" and self.host.endswith(_PRIVATE)


def parse_front(url: str) -> Front | None:
    """The parts of an environment's ``url``; None if it is empty."""
    if not url:
        return None
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return Front(parts.scheme, parts.hostname or "", port)


def render_caddyfile(sites: tuple[Site, ...], app: ComposeApp) -> str:
    """The Caddyfile. It names no release: ``import switch`` looks up the live one on each request."""
    front = parse_front(app.environment.url)
    trusted = app.environment.trusted_proxies
    options = _render_options(sites, front, trusted, edge=app.environment.edge)
    header = "{\n" + "".join(f"\t{option}\n" for option in options) + "}\n\n"
    # Behind the edge, which has done it, they would be the edge's own.
    strangers = "" if app.environment.edge else f"\n{render_route(trusted)}"
    acme = app.settings.proxy.acme
    parts = [_render_site(site, edge=app.environment.edge, acme=acme) for site in sites]
    if trusted and front is not None and front.is_usual_tls:
        parts += [_render_ended_elsewhere(site) for site in sites if site.is_tls]
    return header + "import /fairlead/switch.caddy\n" + strangers + "".join(parts)


def _render_options(
    sites: tuple[Site, ...], front: Front | None, trusted: tuple[str, ...], *, edge: bool
) -> Iterator[str]:
    """The global options."""
    has_tls = any(site.is_tls for site in sites)
    servers = []
    if edge:
        # The edge asks at the usual port, and says who asked it and how.
        servers.append("trusted_proxies static private_ranges")
        # Caddy closes WebSockets, as their protocol asks, when everything else has ended: an event stream never does.
        yield "grace_period 5s"
    else:
        # Host ports lead to ports of their own in the proxy; what is usual for one scheme may be used by the other.
        plain, secret = inner_port(80), inner_port(443)
        held = {(site.is_tls, inner_port(site.published)) for site in sites}
        yield f"http_port {_NO_PORT if (True, plain) in held else plain}"
        yield f"https_port {_NO_PORT if (False, secret) in held else secret}"
    if trusted:
        # From the right: what stands left of the last one that is not trusted is a stranger's word.
        servers += [f"trusted_proxies static {' '.join(trusted)}", "trusted_proxies_strict"]
    if not has_tls:
        yield "auto_https off"
    elif front is not None and not front.is_usual_tls:
        yield "auto_https disable_redirects"
    if front is not None and front.scheme == "https" and front.is_ip:
        # A client that asks for an IP address sends no server name.
        yield f"default_sni {front.host}"
    if any(site.is_internal_ca for site in sites):
        yield "skip_install_trust"
    has_h2c = any(site.is_h2c for site in sites)
    if has_tls or has_h2c:
        # HTTP/3 would be announced under the inner port, which no client can reach.
        servers.append("protocols h1 h2" + (" h2c" if has_h2c else ""))
    if servers:
        yield "servers {\n" + "".join(f"\t\t{line}\n" for line in servers) + "\t}"


def inner_port(published: int) -> int:
    """The port in the proxy that a port of the host leads to: another one for each."""
    return (published + 9_999) % 65_535 + 1


_NO_PORT = 1
"""Nothing is asked there: Caddy refuses a plain site at the port that it keeps for TLS, and the other way round."""


def _render_site(site: Site, *, edge: bool, acme: AcmeSettings | None = None) -> str:
    tls = "\ttls internal\n" if site.is_internal_ca else ""
    if acme is not None and site.is_tls and not site.is_internal_ca:
        # Not by the global options: there, Caddy would still certify private names itself.
        root = f"\t\t\ttrusted_roots {ACME_ROOT}\n" if acme.root is not None else ""
        tls = f"\ttls {{\n\t\tissuer acme {{\n\t\t\tdir {acme.directory}\n{root}\t\t}}\n\t}}\n"
    strangers = "" if edge or site.service is None else f"\tinvoke {ROUTE}\n"
    return f"\n{_inner_address(site)} {{\n{tls}{_render_way(site)}{strangers}}}\n"


def _render_way(site: Site, indent: str = "\t") -> str:
    """Where a site leads."""
    if site.service is None:
        return f"{indent}redir {site.redirect}{{uri}} 308\n"
    if site.service.is_rolled:
        snippet = "switch-h2c" if site.is_h2c else "switch"
        return f"{indent}import {snippet} {site.service.name} {site.target}\n"
    versions = ("\t\tversions h2c",) if site.is_h2c else ()
    lines = (
        f"import fairlead-maintenance {site.service.name}",
        "reverse_proxy {",
        *(
            "\tdynamic a {",
            f"\t\tname {find_name(site.service)}",
            f"\t\tport {site.target}",
            "\t\trefresh 1s",
            "\t}",
        ),
        f"\tlb_try_duration {_RECREATE_WAIT}",
        "\tlb_try_interval 50ms",
        # A connection that was left open may be closed under a POST, which nobody sends twice.
        *("\ttransport http {", "\t\tkeepalive off", *versions, "\t}"),
        "}",
    )
    return "".join(f"{indent}{line}\n" for line in lines)


def _render_ended_elsewhere(site: Site) -> str:
    """The plain site of an address with TLS, for requests whose TLS ended at a proxy in front; others are sent on."""
    plain = replace(
        site,
        address="http://" + site.address.removeprefix("https://"),
        is_internal_ca=False,
    )
    if site.service is None:
        return _render_site(plain, edge=False)
    way = _render_way(site, "\t\t\t")
    return (
        f"\n{_inner_address(plain)} {{\n\troute {{\n\t\tinvoke {ROUTE}\n"
        f"\t\t@fairlead-tls vars {SCHEME} https\n\t\thandle @fairlead-tls {{\n{way}\t\t}}\n"
        f"\t\tredir {site.address}{{uri}} 308\n\t}}\n}}\n"
    )


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


def published_ports(sites: tuple[Site, ...], app: ComposeApp) -> list[Mapping[str, object]]:
    """The ``ports`` of the proxy, in Compose's long form; none behind the edge."""
    if app.environment.edge:
        return []
    front = parse_front(app.environment.url)
    wanted: dict[int, set[str]] = {}
    for site in sites:
        wanted.setdefault(site.published, set()).update(site.host_ips)
    if front is not None and front.is_usual_tls:
        # It redirects, and answers the ACME challenge.
        wanted.setdefault(80, set()).add("")
    return [
        {
            "mode": "ingress",
            **({"host_ip": host_ip} if host_ip else {}),
            "target": inner_port(published),
            "published": str(published),
            "protocol": "tcp",
        }
        for published, host_ips in sorted(wanted.items())
        # What listens on all addresses listens on each.
        for host_ip in sorted({""} if "" in host_ips else host_ips)
    ]
