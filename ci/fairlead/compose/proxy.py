"""The proxy of an app: its own, or stock Caddy. Either joins the networks of what it serves, under its names. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fairlead.compose.model import GENERATED_PROXY, ComposeApp, Service
from fairlead.compose.sites import Site, published_ports, render_caddyfile
from fairlead.compose.trees import Tree, file_tree
from fairlead.positions import plain

CADDYFILE = "/etc/caddy/Caddyfile"
_VOLUMES = {"fairlead-caddy-data": "/data", "fairlead-caddy-config": "/config"}


def with_aliases(
    own: Mapping[str, Any] | None, app: ComposeApp, sites: tuple[Site, ...] = ()
) -> dict[str, Any]:
    """The networks of a proxy: its own, and those it needs, there with the plain names of routed services.

    So ``http://api:8000`` of one service to another meets the proxy, and goes through the switch.
    A network where a database lives is joined only if somebody there could not reach the proxy otherwise.
    """
    networks: dict[str, Any] = {name: plain(how) or {} for name, how in (own or {}).items()}
    guarded = {
        name for service in app.services.values() if service.role == "state" for name in _networks(service)
    }
    for service in app.services.values():
        if not service.is_routed and not any(site.service.name == service.name for site in sites):
            continue
        joined = {name for name in _networks(service) if name in networks}
        joined = joined or _networks(service) - guarded or _networks(service)
        if service.is_routed:
            joined |= _needed_by_callers(app, service, joined)
        for network in joined:
            how = networks.setdefault(network, {})
            if service.is_routed:
                how["aliases"] = sorted({*how.get("aliases", ()), service.name})
    return {name: how or None for name, how in sorted(networks.items())}


def _needed_by_callers(app: ComposeApp, service: Service, joined: set[str]) -> set[str]:
    """The networks on which others can call a service, but share none of those that are joined already."""
    needed: set[str] = set()
    for caller in app.services.values():
        if caller.name == service.name or caller.role in {"state", "proxy"}:
            continue
        shared = _networks(caller) & _networks(service)
        if shared and not shared & (joined | needed):
            needed.add(min(shared))
    return needed


def _networks(service: Service) -> set[str]:
    return set(service.definition.get("networks") or {})


def plan_proxy(app: ComposeApp, sites: tuple[Site, ...]) -> tuple[Service, dict[str, Any], Tree]:
    """Stock Caddy for an app that brings no proxy: the service, its definition, and its Caddyfile."""
    networks = with_aliases(None, app, sites)
    declared: Mapping[str, Any] = app.model.get("networks") or {}
    if all((declared.get(name) or {}).get("internal") for name in networks):
        # Docker publishes no port of a container whose networks are all internal.
        networks["default"] = networks.get("default")
    ports = published_ports(sites, app)
    definition: dict[str, Any] = {
        "image": app.settings.proxy.image,
        "cap_drop": ["ALL"],
        # For calls between services, which use low ports too.
        "cap_add": ["NET_BIND_SERVICE"],
        "security_opt": ["no-new-privileges:true"],
        "read_only": True,
        "restart": "unless-stopped",
        "logging": {"driver": "local"},
        "stop_grace_period": "30s",
        "networks": networks,
        "volumes": [
            {"type": "volume", "source": source, "target": target, "volume": {}}
            for source, target in _VOLUMES.items()
        ],
    }
    if ports:
        definition["ports"] = ports
    service = Service(
        name=GENERATED_PROXY,
        role="proxy",
        why="added: the app brings no proxy",
        rollout="recreate",
        reference=app.settings.proxy.image,
        definition=definition,
    )
    return service, definition, file_tree(render_caddyfile(sites, app).encode())
