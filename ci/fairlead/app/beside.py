"""What two environments of one host would both hold: one could not be started beside the other. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.app.layout import Layout
from fairlead.app.network.ports import PublishedPort, parse_published
from fairlead.findings import Finding
from fairlead.settings.values import Environment, Settings

_EDGE = "the edge"
_ANY = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - what a compose file says, not where anything listens
_FIX = "let each environment say its own: a variable in `ports:` of the compose file, and `variables:` in fairlead.yaml"

_OWN_NAME = "leave its `name:` out of the compose file, so that each environment has one of its own; or say it by a variable"


def clash_findings(
    settings: Settings,
    here: tuple[Environment, Layout],
    there: tuple[Environment, Layout],
) -> Iterator[Finding]:
    """Each port and name that both environments would have on a host that they share, told at the first one."""
    environment, other = here[0], there[0]
    shared = sorted({host.name for host in environment.hosts} & {host.name for host in other.hosts})
    place = settings.document.location(("environments", environment.name), key=True)
    both = f"{environment.name} and {other.name}, which share {', '.join(shared)}, both"
    for kind, name in sorted(_names(here[1]) & _names(there[1])):
        yield Finding(f"{both} have the {kind} {name}", place, _OWN_NAME, "foreign-resource")
    told = set()
    for service, port in _held(*here):
        for holder, taken in _held(*there):
            key = (port.published, port.protocol)
            if key in told or (service == holder == _EDGE) or not _is_same(port, taken):
                continue
            told.add(key)
            what = f"{both} publish port {port.published} ({service}{f' and {holder}' if holder != service else ''})"
            yield Finding(what, place, _FIX, "port-clash")


def _names(parts: Layout) -> set[tuple[str, str]]:
    """The networks and volumes that the release makes under a name of the compose file's own."""
    return {
        (kind, str(definition["name"]))
        for kind, definitions in (("network", parts.networks), ("volume", parts.volumes))
        for definition in definitions.values()
        if definition and definition.get("name") and not definition.get("external")
    }


def _held(environment: Environment, parts: Layout) -> Iterator[tuple[str, PublishedPort]]:
    """What an environment holds of its hosts, and by which service."""
    for name, service in parts.services.items():
        for port in parse_published(service["definition"]):
            if port.published:
                yield name, port
    if environment.edge:
        for number in (80, 443):
            yield _EDGE, PublishedPort(target=number, published=number)


def _is_same(one: PublishedPort, other: PublishedPort) -> bool:
    addresses = {one.host_ip, other.host_ip}
    same = (one.published, one.protocol) == (other.published, other.protocol)
    return same and (len(addresses) == 1 or bool(addresses & _ANY))
