"""At which ports other services may call one that is rolled: all of them lead through the switch, or are told in words.

Whoever carries such calls is a proxy for HTTP, of either version: what speaks something else cannot be led by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fairlead.app.images.known import STATE_PORTS
from fairlead.app.model import ComposeApp, Service
from fairlead.app.network.calls import Call, aliases_of, find_calls, find_named, networks_of, read_texts
from fairlead.app.network.ports import (
    DEBUG_PORTS,
    GRPC_PORTS,
    OTHER_PROTOCOLS,
    TLS_PORTS,
    exposed_ports,
    parse_published,
)
from fairlead.app.remarks import Remarks

_HTTP = frozenset({"http", "ws", "grpc", "h2c", "dns", "passthrough"})
_TLS = frozenset({"https", "wss", "grpcs"})
_UNLIKELY = (OTHER_PROTOCOLS | STATE_PORTS) - {2379, 7474, 8123, 9200}
"""Some databases are asked by HTTP."""
_MOST = 32
"""Ports of one service that nobody names and that are carried all the same: a range may have thousands."""
_MOST_NAMED = 64
"""And that are named: more than that no proxy is made to listen at."""
_RECREATE = "say x-fairlead: {{rollout: recreate}} beside {0} and accept the gap: then its name leads to it whatever it speaks"


@dataclass(frozen=True)
class Reach:
    """How services are called.

    By rolled service its ports beside the routed one, and those of its callers that keep data; by service the names that
    it is called by beside its own.
    """

    ports: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    callers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def plan_reach(app: ComposeApp, remarks: Remarks) -> Reach:
    """Which ports and names lead to whom; what can't be led is a fault where it is named, a note where nobody knows."""
    if len(app.services) < 2:
        return Reach()
    texts = read_texts(app)
    calls = find_calls(app, texts)
    ports: dict[str, tuple[int, ...]] = {}
    callers: dict[str, tuple[str, ...]] = {}
    for service in app.services.values():
        own = [call for call in calls if call.service == service.name]
        if service.is_rolled and service.is_within:
            _check_within(service, own, remarks)
        elif service.is_rolled and networks_of(service):
            ports[service.name] = _further(service, own, remarks)
            keeping = {call.caller for call in own if app.services[call.caller].role == "state"}
            callers[service.name] = tuple(sorted(keeping))
            _check_calls(app, service, own, remarks)
    names = {
        name: tuple(_further_names(one, find_named(app, texts, one))) for name, one in app.services.items()
    }
    _check_names(app, names, remarks)
    return Reach(
        {name: found for name, found in ports.items() if found},
        {name: found for name, found in names.items() if found},
        {name: found for name, found in callers.items() if found},
    )


def _check_names(app: ComposeApp, names: Mapping[str, Sequence[str]], remarks: Remarks) -> None:
    """Refuse a name that would lead to one of two."""
    for service, found in names.items():
        for name in found:
            others = [
                one.name
                for one in app.services.values()
                if one.name != service and name in (one.name, *aliases_of(one), *names[one.name])
            ]
            if others:
                what = f"{service} is called {name} by another service, and {others[0]} is known by that name too"
                remarks.fault("model", ("services", service), what, f"call it {service}")


def _check_within(service: Service, calls: Sequence[Call], remarks: Remarks) -> None:
    """Refuse another name for what is called within its release: its callers are given its own."""
    for call in calls:
        if call.name != service.name:
            what = (
                f"{call.caller} calls {service.name} by the name {call.name}, says {call.where}: what is no HTTP is called "
                "within its release, where its own name leads to it"
            )
            remarks.fault("model", ("services", service.name), what, f"call it {service.name}")


def _further_names(service: Service, named: Sequence[str]) -> Iterator[str]:
    """The names by which it is called here and would not be there: of what stays, Compose keeps the others."""
    hostname = service.definition.get("hostname")
    given = service.definition.get("container_name")
    for name in named:
        is_kept = not service.is_rolled and name != given and (name == hostname or name.endswith("-1"))
        if not is_kept and name not in aliases_of(service):
            yield name


def _further(service: Service, calls: Sequence[Call], remarks: Remarks) -> tuple[int, ...]:
    """Its ports beside the routed one, of those that are carried."""
    named = {call.port for call in calls if _may_be_http(call)}
    exposed, late = exposed_ports(service.definition), service.start == "after"
    published = [one.target for one in parse_published(service.definition) if one.protocol == "tcp"]
    # Of a worker without a port, its image tells what another service does that runs from it as well.
    built = service.dockerfile.ports if service.is_routed else ()
    declared = [] if late else list(dict.fromkeys((*exposed, *published, *built)))
    likely = [one for one in declared if one not in _UNLIKELY | TLS_PORTS | DEBUG_PORTS | named]
    left = [
        one for one in exposed if one in (*_UNLIKELY, *TLS_PORTS) and one != service.port and one not in named
    ]
    left += likely[_MOST:]
    if left:
        shown = ", ".join(map(str, left[:3])) + ("…" if len(left) > 3 else "")
        what = f"{service.name}: calls of other services to its port {shown} are not led to it: only HTTP is"
        fix = f"if it is HTTP, name it where it is called, http://{service.name}:{left[0]}; else {_RECREATE.format(service.name)}"
        remarks.note("model", ("services", service.name, "expose"), what, fix)
    if len(named) > _MOST_NAMED:
        what = f"{service.name}: other services call it at {len(named)} ports, and {_MOST_NAMED} at most are led to it"
        remarks.fault("model", ("services", service.name), what, _RECREATE.format(service.name))
    return tuple(sorted({*named, *likely[:_MOST]} - {service.port}))


def _may_be_http(call: Call) -> bool:
    return call.scheme in _HTTP or (not call.scheme and call.port not in _UNLIKELY)


def _check_calls(app: ComposeApp, service: Service, calls: Sequence[Call], remarks: Remarks) -> None:
    """Refuse what is named and cannot be led; tell what may be HTTP and may be not."""
    known = {
        *(port.target for port in parse_published(service.definition) if port.app_protocol),
        *GRPC_PORTS,
        service.port,
    }
    told: set[int] = set()
    for call in calls:
        path = ("services", service.name)
        said = f"{call.caller} calls {call.name} at port {call.port}, says {call.where}"
        if not _may_be_http(call):
            what, fix = _not_http(service, call)
            remarks.fault("model", path, f"{said}: {what}", fix)
        elif service.start == "after":
            fix = "remove start: after, which is for workers that nobody calls"
            remarks.fault(
                "model", (*path, "x-fairlead", "start"), f"{said}: it must run before the switch", fix
            )
        elif not call.scheme and call.port not in known | told and app.services[call.caller].role != "ops":
            told.add(call.port)
            what = f"{said}: it is led there by HTTP, of either version (gRPC is HTTP/2); nobody can tell whether that is spoken"
            fix = f"where it is not, {_RECREATE.format(service.name)}"
            remarks.note("model", path, what, fix)


def _not_http(service: Service, call: Call) -> tuple[str, str]:
    if call.scheme in _TLS:
        what = "calls to what is rolled go through the switch, which does not speak TLS inside"
        return what, f"call it by http:// at a port without TLS, or {_RECREATE.format(service.name)}"
    spoken = call.scheme or "what is spoken at that port"
    what = (
        f"{spoken} is not HTTP, and calls to what is rolled go through the switch, which leads nothing else"
    )
    return what, _RECREATE.format(service.name)
