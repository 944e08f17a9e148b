"""What can't run twice side by side, refused on services that are rolled, with its place and what to do. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fairlead.app.images.known import STATE_PORTS
from fairlead.app.model import ComposeApp, Service
from fairlead.app.network.carried import Reach
from fairlead.app.network.ports import OTHER_PROTOCOLS, PublishedPort, parse_published
from fairlead.app.remarks import Remarks

_RECREATE = "or say x-fairlead: {rollout: recreate} and accept the gap"


def check_rolled(app: ComposeApp, service: Service, reach: Reach, remarks: Remarks) -> None:
    """Refuse what two releases of a service can't share."""
    path = ("services", service.name)
    definition = service.definition
    name = service.name
    _tell_names(service, remarks)
    if definition.get("volumes_from"):
        what = f"{name}: volumes_from binds it to one container"
        remarks.fault("model", (*path, "volumes_from"), what, f"mount the volume itself, {_RECREATE}")
    for key in ("network_mode", "pid", "ipc"):
        mode = str(definition.get(key, ""))
        if mode == "host" or mode.startswith(("service:", "container:")):
            what = f"{name}: {key}: {mode} can't be had by two releases at once"
            remarks.fault("host-namespace", (*path, key), what, f"remove it, {_RECREATE}")
    _check_links(service, remarks)
    _check_networks(app, service, reach, remarks)
    _check_ports(app, service, remarks)
    if service.start == "after" and service.role != "worker":
        what = f"{name}: it answers requests, and must run before the switch sends it any"
        remarks.fault(
            "model", (*path, "x-fairlead", "start"), what, "remove start: after, which is for workers"
        )
    # What answers within the release is proved by who calls it.
    proved = service.gate != "running" or service.is_within
    if service.role == "worker" and not proved and _declared_health(service) != "none":
        what = f"{name}: nothing tells whether it is healthy, and it has no port to ask"
        fix = (
            "where it answers HTTP, say at which port: x-fairlead: {port: 8000}; else give it a healthcheck:, "
            "or say x-fairlead: {health: none} to accept that it keeps running"
        )
        remarks.fault("no-healthcheck", path, what, fix)


def may_speak_http(port: PublishedPort) -> bool:
    """Whether the proxy can lead to it; what is known to speak something else is refused."""
    return port.protocol == "tcp" and port.target not in OTHER_PROTOCOLS | STATE_PORTS


def _tell_names(service: Service, remarks: Remarks) -> None:
    """Two releases can't share these names: they are left out, and calls by them led through the switch."""
    for key in ("container_name", "hostname"):
        if service.definition.get(key):
            what = f"{service.name}: {key} is left out, two releases stand side by side"
            path = ("services", service.name, key)
            remarks.note("container-name", path, what, "remove it, or put up with the note")


def _check_links(service: Service, remarks: Remarks) -> None:
    if service.definition.get("external_links"):
        path = ("services", service.name, "external_links")
        what = f"{service.name}: external_links lead to one container"
        remarks.fault("model", path, what, "share a network instead")


def _check_networks(app: ComposeApp, service: Service, reach: Reach, remarks: Remarks) -> None:
    for network, how in (service.definition.get("networks") or {}).items():
        path = ("services", service.name, "networks", network)
        for key in ("ipv4_address", "ipv6_address", "mac_address"):
            if how and how.get(key):
                what = f"{service.name}: {key} can't be had by two releases at once"
                remarks.fault(
                    "model", (*path, key), what, f"remove it and use the service's name, {_RECREATE}"
                )
        if how and how.get("aliases"):
            _check_aliases(app, service, network, reach, remarks)


def _check_aliases(app: ComposeApp, service: Service, network: str, reach: Reach, remarks: Remarks) -> None:
    """What carries the calls to a service by its name carries those by an alias too, if they are HTTP."""
    others = {
        name: "the name" if name == one.name else "an alias"
        for one in app.services.values()
        if one is not service
        for name in (one.name, *_aliases(one, network))
    }
    for alias in _aliases(service, network):
        if service.is_within or (service.port is None and service.name not in reach.ports):
            what = f"{service.name}: it has no port to which calls by the alias {alias} could be led"
            fix = f"use the service's own name, {_RECREATE}"
        elif alias in others:
            what = f"{service.name}: {alias} is {others[alias]} of another service, too: calls would go to either"
            fix = "give it a name of its own"
        else:
            continue
        remarks.fault("model", ("services", service.name, "networks", network, "aliases"), what, fix)


def _aliases(service: Service, network: str) -> list[str]:
    how = (service.definition.get("networks") or {}).get(network)
    return [str(one) for one in (how or {}).get("aliases") or ()]


def _check_ports(app: ComposeApp, service: Service, remarks: Remarks) -> None:
    path = ("services", service.name, "ports")
    for port in parse_published(service.definition):
        if not port.published:
            continue
        if not may_speak_http(port):
            what = f"{service.name}: the published port {port.published} leads to {port.target}/{port.protocol}, which is not HTTP"
            remarks.fault("published-port", path, what, f"remove it, {_RECREATE}")
        elif app.proxy is not None:
            what = f"{service.name}: the host port {port.published} can't be had by two releases at once"
            snippet = "switch-h2c" if service.protocol == "h2c" else "switch"
            fix = (
                f"remove it and let {app.proxy.name} serve it: import {snippet} {service.name} {port.target}"
            )
            remarks.fault("published-port", path, what, fix)


def _declared_health(service: Service) -> Any:
    declared = service.definition.get("x-fairlead")
    return declared.get("health") if isinstance(declared, Mapping) else None
