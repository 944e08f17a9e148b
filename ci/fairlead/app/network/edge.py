"""An app behind the edge of its host: which hostnames it has, and where its proxy is to be asked. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.app.model import ComposeApp, Service
from fairlead.app.network.addresses import is_taken_over, likely_front
from fairlead.app.network.ports import parse_published
from fairlead.app.network.sites import EDGE_PORT, parse_front

_FRONT_PORTS = frozenset({80, 443})


def plan_edge(app: ComposeApp) -> Mapping[str, Any] | None:
    """The ``edge`` of a release document, but for its image; None where the environment does not stand behind one."""
    front = parse_front(app.environment.url)
    if not app.environment.edge or front is None:
        return None
    return {
        "hostnames": sorted({front.host, *app.environment.names}),
        "scheme": front.scheme,
        "port": http_port(app.proxy) if app.proxy is not None else EDGE_PORT,
    }


def http_port(proxy: Service) -> int:
    """Where a proxy of the app's own answers plain HTTP: what ``x-fairlead`` says, what was published as 80, or 80."""
    said = proxy.definition.get("x-fairlead") or {}
    if said.get("port"):
        return int(said["port"])
    published = {
        port.published: port.target for port in parse_published(proxy.definition) if port.protocol == "tcp"
    }
    return published.get(80, EDGE_PORT)


def unpublished(app: ComposeApp) -> Iterator[tuple[Service, int]]:
    """The host ports that nobody reaches any more, since the edge holds 80 and 443 only, for what answers the url."""
    front = likely_front(app)
    for service in app.services.values():
        for port in parse_published(service.definition):
            behind = service.role == "proxy" or (app.proxy is None and is_taken_over(service, port))
            answers = service.role == "proxy" or (front is not None and service.name == front.name)
            if port.published and behind and not (answers and port.published in _FRONT_PORTS):
                yield service, port.published
