"""The containers that carry calls from service to service: stock Caddy that no stranger can reach. Pure.

A call to ``http://api:8000`` is known by where it arrives, a listener for each service and no look at the ``Host``.
So such listeners must not be where the public is let in: these containers publish no port and are in none of the
edge's networks. They are made from the routes of a release, whoever wrote its document and when.

Each service has one of its own. One for several would be replaced when a service comes or goes, and get another
address: a front that looks names up once, as nginx does, would ask the old one. Each definition is a service of its
own (its name is made of its hash), so that another one starts beside it, under the same aliases, and the old one ends
with the release.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Optional

from . import labels
from .caddy.snippet import render_inside
from .release import H2C, Release, Service, service_hash

ROLE = "inside"
PREFIX = "fairlead-inside-"
GENERATED_PROXY = "fairlead-proxy"
VARIABLE = "FAIRLEAD_INSIDE"
"""Holds the whole configuration, so that it is part of the container's definition."""
CONFIG = f"{{${VARIABLE}}}\n"
"""The Caddyfile of all of them."""

_Networks = dict[str, dict[str, Any]]


def with_inside(release: Release) -> Release:
    """The release with the services that carry its internal calls."""
    called = ((name, frozenset(find_networks(release, name))) for name in sorted(release.called))
    made = (_carrier(release, networks, [name]) for name, networks in called if networks)
    return replace(release, services={**release.services, **{one.name: one for one in made}})


def find_carrier(release: Release, service: str) -> Optional[Service]:
    """The service that carries calls to a routed one; None where nobody could call it."""
    carriers = (one for one in release.services.values() if one.role == ROLE)
    return next((one for one in carriers if service in carried_by(one)), None)


def carried_by(carrier: Service) -> list[str]:
    """The services whose calls it carries."""
    return str(carrier.definition["labels"][labels.ROUTES]).split()


def find_networks(release: Release, service: str) -> set[str]:
    """The networks on which a service is called by its name.

    One where a database lives is taken only if somebody there could not call otherwise; the database itself seldom calls.
    """
    callers = release.services[service].callers
    own = set(networks_of(release.services[service]))
    others = [
        one
        for one in release.services.values()
        if one.name not in (service, GENERATED_PROXY) and one.role != ROLE
    ]
    called = own & {network for one in others for network in networks_of(one)}
    guarded = {network for one in others if one.role == "state" for network in networks_of(one)}
    joined = called - guarded or set(called)
    for one in others:
        shared = called & set(networks_of(one))
        calls = one.role != "state" or one.name in callers
        if calls and shared and not shared & joined:
            joined.add(min(shared))
    return joined


def networks_of(service: Service) -> _Networks:
    """The networks of a service, with their options."""
    if service.definition.get("network_mode"):
        return {}
    given = service.definition.get("networks") or {"default": None}
    if not isinstance(given, Mapping):
        return {str(name): {} for name in given}
    return {str(name): dict(options or {}) for name, options in given.items()}


def without_names(release: Release, definition: Mapping[str, Any]) -> dict[str, Any]:
    """The networks of a proxy, without the names of routed services: an older client gave it those."""
    given = definition.get("networks")
    if not isinstance(given, Mapping):
        return dict.fromkeys(given or ())
    return {name: _without_aliases(options or {}, release.routes) or None for name, options in given.items()}


def _without_aliases(options: Mapping[str, Any], names: Mapping[str, int]) -> dict[str, Any]:
    kept = [alias for alias in options.get("aliases") or () if alias not in names]
    rest = {key: value for key, value in options.items() if key != "aliases"}
    return {**rest, **({"aliases": kept} if kept else {})}


def _carrier(release: Release, networks: frozenset[str], names: list[str]) -> Service:
    own = [release.services[name] for name in names]
    h2c = [one.name for one in own if one.protocol == H2C]
    routes = {name: release.routes[name] for name in names if name in release.routes}
    config = render_inside(routes, h2c, {one.name: one.further for one in own if one.further})
    definition: dict[str, Any] = {
        "image": release.inside_image,
        "entrypoint": ["caddy", "run", "--config", "/fairlead/inside.caddy", "--adapter", "caddyfile"],
        "labels": {labels.ROUTES: " ".join(names)},
        "environment": {
            VARIABLE: config.replace("$", "$$"),
            "XDG_CONFIG_HOME": "/config",
            "XDG_DATA_HOME": "/data",
        },
        "cap_drop": ["ALL"],
        # Services listen on low ports, too.
        "cap_add": ["NET_BIND_SERVICE"],
        "security_opt": ["no-new-privileges:true"],
        "read_only": True,
        "mem_limit": "256m",
        "pids_limit": 200,
        "restart": "unless-stopped",
        "logging": {"driver": "local", "options": {"max-size": "10m", "max-file": "3"}},
        "stop_grace_period": "30s",
        "networks": {
            network: {"aliases": sorted(_aliases(release, network, names))} for network in sorted(networks)
        },
        "volumes": [
            {"type": "tmpfs", "target": target, "tmpfs": {"size": 1 << 20}} for target in ("/config", "/data")
        ],
    }
    mark = service_hash(definition, [], {})
    return Service(
        name=PREFIX + mark[:8],
        role=ROLE,
        rollout="recreate",
        port=None,
        health=None,
        gate="running",
        expect_release=None,
        image=release.inside_image,
        pinned=release.inside_image,
        platforms={},
        why=f"added: carries the calls of other services to {' and '.join(names)}",
        depends_on={},
        mounts=(),
        definition=definition,
        hash=mark,
        irreversible=False,
    )


def _aliases(release: Release, network: str, names: list[str]) -> set[str]:
    found = {*names}
    for name in names:
        found |= {str(one) for one in networks_of(release.services[name])[network].get("aliases") or ()}
    return found
