"""What can't run twice side by side, refused on services that are rolled, with its place and what to do. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from fairlead.app.images.known import STATE_PORTS
from fairlead.app.model import ComposeApp, Service
from fairlead.app.network.ports import OTHER_PROTOCOLS, PublishedPort, parse_published
from fairlead.app.remarks import Remarks

_RECREATE = "or say x-fairlead: {rollout: recreate} and accept the gap"


def check_rolled(app: ComposeApp, service: Service, remarks: Remarks) -> None:
    """Refuse what two releases of a service can't share."""
    path = ("services", service.name)
    definition = service.definition
    name = service.name
    _check_container_name(app, service, remarks)
    if definition.get("volumes_from"):
        what = f"{name}: volumes_from binds it to one container"
        remarks.fault("model", (*path, "volumes_from"), what, f"mount the volume itself, {_RECREATE}")
    for key in ("network_mode", "pid", "ipc"):
        mode = str(definition.get(key, ""))
        if mode == "host" or mode.startswith(("service:", "container:")):
            what = f"{name}: {key}: {mode} can't be had by two releases at once"
            remarks.fault("host-namespace", (*path, key), what, f"remove it, {_RECREATE}")
    _check_links(service, remarks)
    _check_networks(app, service, remarks)
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


def plain_links(definition: Mapping[str, Any]) -> bool:
    """Whether the links of a service only name others by their own name, which the network does anyhow."""
    return all(_is_plain(str(link)) for link in definition.get("links", ()))


def may_speak_http(port: PublishedPort) -> bool:
    """Whether the proxy can lead to it; what is known to speak something else is refused."""
    return port.protocol == "tcp" and port.target not in OTHER_PROTOCOLS | STATE_PORTS


def _check_container_name(app: ComposeApp, service: Service, remarks: Remarks) -> None:
    """Two releases can't share the name: it is left out, unless another service calls by it."""
    name = str(service.definition.get("container_name") or "")
    if not name:
        return
    path = ("services", service.name, "container_name")
    callers = [one.name for one in app.services.values() if one is not service and _mentions(one, name)]
    if name != service.name and callers:
        what = f"{service.name}: container_name forbids two releases side by side, and {callers[0]} calls it {name}"
        remarks.fault("container-name", path, what, f"call it {service.name}, {_RECREATE}")
    else:
        what = f"{service.name}: container_name is left out, two releases stand side by side"
        remarks.note("container-name", path, what, "remove it, or put up with the note")


def _mentions(service: Service, name: str) -> bool:
    said = json.dumps([service.definition.get(key) for key in ("environment", "command", "entrypoint")])
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", said) is not None


def _check_links(service: Service, remarks: Remarks) -> None:
    path = ("services", service.name, "links")
    if not plain_links(service.definition):
        what = f"{service.name}: a link under another name leads to one container"
        remarks.fault("model", path, what, "use the service's own name, which the network resolves")
    if service.definition.get("external_links"):
        what = f"{service.name}: external_links lead to one container"
        remarks.fault("model", (*path[:2], "external_links"), what, "share a network instead")


def _check_networks(app: ComposeApp, service: Service, remarks: Remarks) -> None:
    for network, how in (service.definition.get("networks") or {}).items():
        path = ("services", service.name, "networks", network)
        for key in ("ipv4_address", "ipv6_address", "mac_address"):
            if how and how.get(key):
                what = f"{service.name}: {key} can't be had by two releases at once"
                remarks.fault(
                    "model", (*path, key), what, f"remove it and use the service's name, {_RECREATE}"
                )
        if how and how.get("aliases"):
            _check_aliases(app, service, network, remarks)


def _check_aliases(app: ComposeApp, service: Service, network: str, remarks: Remarks) -> None:
    """What carries the calls to a service by its name carries those by an alias too, if they are HTTP."""
    others = {
        name: "the name" if name == one.name else "an alias"
        for one in app.services.values()
        if one is not service
        for name in (one.name, *_aliases(one, network))
    }
    for alias in _aliases(service, network):
        if service.is_within or service.port is None:
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


def _is_plain(link: str) -> bool:
    name, _, alias = link.partition(":")
    return alias in {"", name}
