"""The containers that carry calls from service to service: stock Caddy that no stranger can reach. Pure.

A call to ``http://api:8000`` is known by where it arrives, a listener for each service and no look at the ``Host``.
So such listeners must not be where the public is let in: these containers publish no port and are in none of the
edge's networks. They are made from the routes of a release, whoever wrote its document and when.

Each service has one of its own. One for several would be replaced when a service comes or goes, and get another
address: a front that looks names up once, as nginx does, would ask the old one. Each definition is a service of its
own (its name is made of its hash), so that another one starts beside it, under the same aliases, and the old one ends
with the release.

At which ports it listens is no part of its definition but of a file that it reads when it starts (``spoken_by``): another
one is no reason to replace it. The engine's DNS names a container from its start to its end, and of two by one name either
one is asked, so that a caller would be refused by the one that listens no more, or not yet, or not at this port.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Optional

from . import labels
from .caddy.snippet import CARRIED, EITHER
from .release import Release, Service, service_hash

ROLE = "inside"
PREFIX = "fairlead-inside-"
GENERATED_PROXY = "fairlead-proxy"

_Networks = dict[str, dict[str, Any]]


def with_inside(release: Release) -> Release:
    """The release with the services that carry its internal calls."""
    called = ((name, frozenset(find_networks(release, name))) for name in sorted(release.called))
    made = (_carrier(release, networks, name) for name, networks in called if networks)
    return replace(release, services={**release.services, **{one.name: one for one in made}})


def find_carrier(release: Release, service: str) -> Optional[Service]:
    """The service that carries calls to a routed one; None where nobody could call it."""
    carriers = (one for one in release.services.values() if one.role == ROLE)
    return next((one for one in carriers if carried_by(one) == service), None)


def carried_by(carrier: Service) -> str:
    """The service whose calls it carries."""
    return str(carrier.definition["labels"][labels.ROUTES])


def spoken_by(releases: Sequence[Release]) -> dict[str, dict[int, str]]:
    """What is spoken at each port at which one of these releases has a service called, by service.

    Where they do not say the same of a port, it is ``EITHER``.
    """
    said: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for release in releases:
        for name in release.called:
            if find_carrier(release, name) is None:
                continue
            if name in release.routes:
                said[name][release.routes[name]].add(release.services[name].protocol)
            for port in release.services[name].further:
                said[name][port].add(EITHER)
    return {
        name: {port: words.pop() if len(words) == 1 else EITHER for port, words in sorted(ports.items())}
        for name, ports in sorted(said.items())
    }


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


def _carrier(release: Release, networks: frozenset[str], name: str) -> Service:
    definition: dict[str, Any] = {
        "image": release.inside_image,
        "entrypoint": [
            "caddy",
            "run",
            "--config",
            f"/fairlead/{CARRIED}/{name}.caddy",
            "--adapter",
            "caddyfile",
        ],
        "labels": {labels.ROUTES: name},
        "environment": {"XDG_CONFIG_HOME": "/config", "XDG_DATA_HOME": "/data"},
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
            network: {"aliases": sorted(_aliases(release, network, name))} for network in sorted(networks)
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
        why=f"added: carries the calls of other services to {name}",
        depends_on={},
        mounts=(),
        definition=definition,
        hash=mark,
        irreversible=False,
    )


def _aliases(release: Release, network: str, name: str) -> set[str]:
    given = networks_of(release.services[name])[network].get("aliases") or ()
    return {name, *map(str, given)}
