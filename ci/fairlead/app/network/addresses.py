"""Which addresses the proxy that Fairlead adds serves, and who answers: each that the file publishes, or a fault. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from fairlead.app.images.known import is_web_server
from fairlead.app.model import ComposeApp, Service
from fairlead.app.network.ports import PublishedPort, parse_published
from fairlead.app.network.sites import Front, Site, parse_front
from fairlead.app.refusals import may_speak_http
from fairlead.app.remarks import Remarks

_TLS_TARGETS = frozenset({443, 8443})
_TLS_FIX = "give the environment url: https://…, so that the proxy holds the certificate, or remove the port"


def plan_sites(app: ComposeApp, remarks: Remarks) -> tuple[Site, ...]:
    """The sites of the added proxy: the public addresses, and each host port that it takes over."""
    front = parse_front(app.environment.url)
    service = find_front_service(app, remarks) if front is not None else None
    sites = list(_named_sites(app, front, service, remarks)) if front is not None else []
    if app.environment.edge:
        return tuple(sites)
    by_port: dict[int, Site] = {}
    for one, port in taken_over(app):
        if front is not None and _is_covered(front, service, one, port, remarks):
            continue
        site = _port_site(one, port, remarks)
        if site is None:
            continue
        before = by_port.setdefault(site.published, site)
        if (before.service, before.target) != (site.service, site.target):
            what = f"{one.name}: the host port {site.published} leads to {before.leads_to} as well"
            remarks.fault("port-clash", ("services", one.name, "ports"), what, _ONE_PORT)
        elif not set(site.host_ips) <= set(before.host_ips):
            by_port[site.published] = replace(before, host_ips=before.host_ips + site.host_ips)
    return (*sites, *by_port.values())


_ONE_PORT = "publish each at a port of its own: the added proxy tells them apart by it"


def _named_sites(app: ComposeApp, front: Front, service: Service | None, remarks: Remarks) -> Iterator[Site]:
    """The public address and its further names, the domains of other services, and what is sent on."""
    environment = app.environment
    acme = app.settings.proxy.acme is not None
    site = partial(_named_site, front, edge=environment.edge, acme=acme)
    for hostname in (front.host, *environment.hostnames):
        if service is not None and service.port is not None:
            yield site(hostname, service=service, target=service.port)
    for name, hostnames in environment.domains.items():
        owner = app.services.get(name)
        if owner is None or owner.role != "app" or owner.port is None:
            what = f"domains: {name} is no service that answers HTTP"
            remarks.fault("model", ("services",), what, "name a service with a port, or remove its domains")
            continue
        for hostname in hostnames:
            yield site(hostname, service=owner, target=owner.port)
    for hostname in environment.redirects:
        yield site(hostname, redirect=front.address)


def _named_site(
    front: Front,
    hostname: str,
    *,
    edge: bool,
    acme: bool,
    service: Service | None = None,
    target: int = 0,
    redirect: str = "",
) -> Site:
    """A site that is told by its name; behind the edge by plain HTTP, and at no port of the host."""
    place = Front("http", hostname, 80) if edge else replace(front, host=hostname)
    own = acme and place.may_have_own_acme
    return Site(
        place.address,
        service,
        target,
        0 if edge else front.port,
        is_internal_ca=place.has_internal_ca and not own,
        redirect=redirect,
        is_h2c=service is not None and service.protocol == "h2c",
    )


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
    """The service that answers the environment's url.

    Who publishes the url's port, else who publishes 80 or 443, else any port (a web server before others), else the only
    one that has no domain of its own.
    """
    chosen = likely_front(app)
    if chosen is not None:
        return chosen
    candidates = _candidates(app)
    names = ", ".join(service.name for service in candidates)
    what = f"which service answers {app.environment.url}? " + (
        f"It may be {names}" if names else "None has a port"
    )
    fix = "publish a port of it, or say x-fairlead: {port: 8000}"
    remarks.fault("model", ("services",), what, fix)
    return None


def likely_front(app: ComposeApp) -> Service | None:
    """The service that answers the environment's url; None where nothing tells."""
    candidates = _candidates(app)
    published: dict[str, set[int]] = {service.name: set() for service in candidates}
    for service, port in taken_over(app):
        published[service.name].add(port.published)
    front = parse_front(app.environment.url)
    for choice in (
        [one for one in candidates if front is not None and front.port in published[one.name]],
        [one for one in candidates if {80, 443} & published[one.name]],
        [one for one in candidates if published[one.name] and _is_web_server(one)],
        [one for one in candidates if published[one.name]],
    ):
        if choice:
            return choice[0]
    rest = [one for one in candidates if one.name not in app.environment.domains]
    sole = rest if len(rest) == 1 else candidates
    return sole[0] if len(sole) == 1 else None


def _is_web_server(service: Service) -> bool:
    return is_web_server(service.dockerfile.base or service.reference)


def _candidates(app: ComposeApp) -> list[Service]:
    return [
        service for service in app.services.values() if service.role == "app" and service.port is not None
    ]


def _is_covered(
    front: Front, answers: Service | None, service: Service, port: PublishedPort, remarks: Remarks
) -> bool:
    """Whether the public address holds a host port by TLS, or sends it on there; a fault where another published it."""
    if front.scheme != "https" or port.published not in front.held_ports:
        return False
    if answers is not None and service.name != answers.name:
        what = f"{service.name}: the host port {port.published} is held by {front.address}, which {answers.name} answers"
        fix = f"publish another port, or give it a name of its own: domains: {{{service.name}: [NAME]}}"
        remarks.fault("port-clash", ("services", service.name, "ports"), what, fix)
    return True


def _port_site(service: Service, port: PublishedPort, remarks: Remarks) -> Site | None:
    """The site of a host port that is taken over; None where it cannot be."""
    if port.target in _TLS_TARGETS and port.target != service.port:
        what = f"{service.name}: the published port {port.published} leads to {port.target}, which speaks TLS itself"
        remarks.fault("published-port", ("services", service.name, "ports"), what, _TLS_FIX)
        return None
    # What the service says is of its own port, and of the others where the file is silent about them.
    is_own = port.target == service.port or not port.app_protocol
    is_h2c = (is_own and service.protocol == "h2c") or (port.target != service.port and port.is_h2c)
    return Site(
        f"http://:{port.published}", service, port.target, port.published, (port.host_ip,), is_h2c=is_h2c
    )


def check_own_proxy(app: ComposeApp, proxy: Service, remarks: Remarks) -> None:
    """Refuse what only the added proxy can do, where the app brings one of its own."""
    environment = app.environment
    for key, is_said, line in (
        ("domains", environment.domains, "`import switch api 8000` in the site api.example.com"),
        (
            "redirects",
            environment.redirects,
            "`redir https://example.com{uri} 308` in the site www.example.com",
        ),
        (
            "trusted_proxies",
            environment.trusted_proxies,
            "`trusted_proxies static 10.0.0.0/8` in the global option servers",
        ),
        (
            "hostnames",
            environment.hostnames and not environment.edge,
            "`import switch web 8000` in the site www.example.com",
        ),
        (
            "proxy.acme",
            app.settings.proxy.acme is not None,
            "`acme_ca https://…` in the global options",
        ),
    ):
        if is_said:
            what = f"{proxy.name}, the app's own proxy, knows nothing of {key}: of fairlead.yaml"
            fix = f"say it in its configuration and remove it there; in a Caddyfile: {line} (`fairlead explain proxy`)"
            remarks.fault("model", ("services", proxy.name), what, fix)


def check_unserved(
    app: ComposeApp, service: Service, definition: Mapping[str, Any], remarks: Remarks
) -> None:
    """Name the ports that a service published and nobody serves; one that users may know is a fault."""
    own = set(parse_published(definition))
    for port in parse_published(service.definition):
        is_elsewhere = app.environment.edge and service.role in {"proxy", "app"} and port.published
        if port in own or is_elsewhere or (app.proxy is None and is_taken_over(service, port)):
            continue
        path = ("services", service.name, "ports")
        if not port.published:
            what = f"{service.name}: port {port.target} is published nowhere: no port of the host is named"
            remarks.note(
                "published-port", path, what, f'name one ("{port.target}:{port.target}"), or remove it'
            )
        elif service.role == "job":
            what = f"{service.name}: port {port.published} is not published while the job runs"
            remarks.note("published-port", path, what, "remove it")
        elif app.proxy is None and service.is_rolled and may_speak_http(port):
            what = f"{service.name}: nothing serves the published port {port.published}: a {service.role} answers no HTTP"
            remarks.fault("published-port", path, what, _NO_WORKER)


_NO_WORKER = "say x-fairlead: {role: app}, or {rollout: recreate} and accept the gap, or remove the port"
