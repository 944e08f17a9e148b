"""The proxy of an app: its own, or stock Caddy. It leads the public to services, and has no part in calls inside. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fairlead.app.files.trees import Tree, TreeRefusedError, file_tree, load_tree
from fairlead.app.model import GENERATED_PROXY, ComposeApp, Service
from fairlead.app.network.sites import HOST, Site, find_name, published_ports, render_caddyfile
from fairlead.app.remarks import Remarks
from fairlead.checkout import find_repository
from fairlead.positions import plain

CADDYFILE = "/etc/caddy/Caddyfile"
_PEM = b"-----BEGIN CERTIFICATE-----"
_VOLUMES = {"fairlead-caddy-data": "/data", "fairlead-caddy-config": "/config"}


def join_networks(own: Mapping[str, Any] | None, app: ComposeApp) -> dict[str, Any]:
    """The networks of an app's own proxy: as the file says, and where it leads to nobody there, those it needs."""
    networks: dict[str, Any] = {name: plain(how) or None for name, how in (own or {}).items()}
    routed = [service for service in app.services.values() if service.is_routed]
    if any(_networks(service) & networks.keys() for service in routed):
        return networks
    return {**networks, **_networks_to(routed, app)}


def _networks_to(services: Iterable[Service], app: ComposeApp) -> dict[str, Any]:
    """Networks on which these services are reached; those of databases only where there is no other."""
    guarded = {
        name for service in app.services.values() if service.role == "state" for name in _networks(service)
    }
    found = {name for one in services for name in _networks(one) - guarded or _networks(one)}
    return dict.fromkeys(sorted(found))


def _networks(service: Service) -> set[str]:
    return set(service.definition.get("networks") or {})


def load_acme_root(app: ComposeApp, remarks: Remarks) -> Tree | None:
    """What certifies the address of the authority that the settings name; None where they name none, or it is public."""
    acme = app.settings.proxy.acme
    if acme is None:
        return None
    if app.environment.edge:
        what = "proxy.acme says nothing to the edge of a host, which ends TLS here and asks whom the host's owner names"
        way = "`fairlead host setup --acme-directory` says it for the host; this holds for environments without `edge: true`"
        remarks.note("model", ("services",), what, way)
        return None
    if acme.root is None:
        return None
    try:
        tree = load_tree(acme.root, find_repository(app.settings.root))
    except TreeRefusedError as error:
        why = str(error)
    else:
        if tree.entry["kind"] == "file" and any(_PEM in content for content in tree.blobs.values()):
            return tree
        why = "it holds no certificate in PEM"
    what = f"proxy.acme.root: {acme.root.name} can't be used: {why}"
    remarks.fault("model", ("services",), what, "name a PEM file of the repository")
    return None


def plan_proxy(app: ComposeApp, sites: tuple[Site, ...]) -> tuple[Service, dict[str, Any], Tree]:
    """Stock Caddy for an app that brings no proxy: the service, its definition, and its Caddyfile."""
    routed = (service for service in app.services.values() if service.is_routed)
    networks = _networks_to([site.service for site in sites if site.service is not None] or routed, app)
    declared: Mapping[str, Any] = app.model.get("networks") or {}
    if all((declared.get(name) or {}).get("internal") for name in networks):
        # Docker publishes no port of a container whose networks are all internal.
        networks["default"] = networks.get("default")
    ports = published_ports(sites, app)
    definition: dict[str, Any] = {
        "image": app.settings.proxy.image,
        "cap_drop": ["ALL"],
        # Behind the edge it listens on 80.
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
    if any(site.service is not None and find_name(site.service) == HOST for site in sites):
        definition["extra_hosts"] = {HOST: "host-gateway"}
    service = Service(
        name=GENERATED_PROXY,
        role="proxy",
        why="added: the app brings no proxy",
        rollout="recreate",
        reference=app.settings.proxy.image,
        definition=definition,
    )
    return service, definition, file_tree(render_caddyfile(sites, app).encode())
