"""Who can reach a service: from outside, and from its neighbours."""

from __future__ import annotations

import re

from fairlead.app.network.ports import OTHER_PROTOCOLS
from fairlead.judge.policy.fault import Fault
from fairlead.judge.policy.rule import app_rule, service_rule
from fairlead.judge.policy.subject import DATABASE_PORTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from fairlead.findings import Location
    from fairlead.judge.policy.subject import Subject, View
    from fairlead.positions import ValuePath

_NO_NETWORK = ("none", "host")
_LOOPBACK = re.compile(r"127(\.[0-9]{1,3}){3}")


def is_loopback(port: Mapping[str, Any]) -> bool:
    """Whether a published port is for the host itself only."""
    host = str(port.get("host_ip") or "").strip("[]")
    return host in {"::1", "localhost"} or _LOOPBACK.fullmatch(host) is not None


def _shown(port: Mapping[str, Any], last: Mapping[str, Any] | None = None) -> str:
    """``8080:80/udp``; with the last of a range, ``8080-8090:80-90``."""
    published, target = (_span(port, last, key) for key in ("published", "target"))
    protocol = str(port.get("protocol") or "tcp")
    return f"{published + ':' if published else ''}{target}{'' if protocol == 'tcp' else '/' + protocol}"


def _ports(view: View) -> Iterator[tuple[ValuePath, Mapping[str, Any], str]]:
    """The published ports as they are written, a range once: where, the first of it, and the entry in words."""
    written: dict[Location, list[tuple[ValuePath, Mapping[str, Any]]]] = {}
    for index, port in enumerate(view.list("ports")):
        path = view.at("ports", index)
        written.setdefault(view.subject.model.location(path), []).append((path, port))
    for (path, first), *rest in written.values():
        yield path, first, _shown(first, rest[-1][1] if rest else None)


def _is_for_proxy(port: Mapping[str, Any]) -> bool:
    """Whether a proxy could lead to it: not mail, names, shells, and what is no TCP."""
    return str(port.get("protocol") or "tcp") == "tcp" and _target(port) not in OTHER_PROTOCOLS


def _target(port: Mapping[str, Any]) -> int:
    target = port.get("target")
    return target if isinstance(target, int) else 0


@service_rule("published-port", unless="proxy")
def published_port(view: View) -> Iterator[Fault]:
    """A host port on something that is not the proxy; that of a database gives its data away."""
    if _is_taken_over(view):
        return
    for path, port, shown in _ports(view):
        is_open_data = _target(port) in DATABASE_PORTS or view.role == "state"
        if not is_open_data and not _is_for_proxy(port):
            continue
        if not is_loopback(port):
            what = f"the port {shown} is open to the world: Docker's rules come before the firewall's"
            fix = "remove it and let the proxy lead to it; between services a network is enough"
            if is_open_data:
                fix = f'remove it: between services a network is enough; for tools on this host, "127.0.0.1:{shown}"'
            yield Fault(path, what, fix, rank=2 if is_open_data else 0)
        elif not view.subject.development:
            what = f"the port {shown} is open to every user of the host, and two releases can't share it"
            fix = "remove it; `docker compose exec` and the proxy need none"
            yield Fault(path, what, fix, severity="warning")


def _is_taken_over(view: View) -> bool:
    """Whether Fairlead puts a proxy before the service, which then holds the port."""
    subject = view.subject
    if not subject.deployed or subject.development or not view.service.is_routed:
        return False
    return not subject.has_proxy


def _span(port: Mapping[str, Any], last: Mapping[str, Any] | None, key: str) -> str:
    texts = [str(one.get(key) or "") for one in (port, last or port)]
    return "-".join(dict.fromkeys(texts))


@service_rule("debug-port-open", unless="proxy")
def debug_port_open(view: View) -> Iterator[Fault]:
    """A port of a developer's machine that the whole network can reach."""
    if not view.subject.development:
        return
    for path, port, shown in _ports(view):
        if not is_loopback(port):
            what = f"the port {shown} is open to everybody in the network that the developer is in"
            yield Fault(path, what, f'write "127.0.0.1:{shown}"')


def _networks(view: View) -> list[str]:
    """The networks of a service; Compose puts one that names none on ``default``."""
    if view.text("network_mode"):
        return []
    return [str(name) for name in view.mapping("networks")] or ["default"]


def _place(view: View, network: str) -> tuple[ValuePath, bool]:
    """Where a service's network is said: its entry, else the service."""
    if network in view.mapping("networks") and view.is_written("networks", network):
        return view.at("networks", network), False
    return view.path, True


@service_rule("state-reachable", only=("state",))
def state_reachable(view: View) -> Iterator[Fault]:
    """A database on a network that leads outside."""
    if view.subject.development and any(is_loopback(port) for port in view.list("ports")):
        # An internal network publishes no port: a developer's look into the database needs another one.
        return
    networks = view.subject.top("networks")
    for name in _networks(view):
        how = networks.get(name, {})
        if how.get("internal") is True:
            continue
        path, key = _place(view, name)
        if how.get("external"):
            what = f"the network {name} is made elsewhere: nothing says that it leads nowhere outside"
        else:
            what = f"the network {name} leads outside: what breaks into it can be sent away"
        yield Fault(path, what, "put it on a network of its own: networks: {data: {internal: true}}", key=key)


@app_rule("proxy-beside-state")
def proxy_beside_state(subject: Subject) -> Iterator[Fault]:
    """A proxy that can reach a database, or services that share its network because none was named."""
    views = subject.views
    if not any(view.role == "proxy" for view in views):
        return
    states: dict[str, list[str]] = {}
    for view in views:
        for name in _networks(view):
            if view.role == "state":
                states.setdefault(name, []).append(view.name)
    for view in views:
        for name in _networks(view):
            path, key = _place(view, name)
            beside = states.get(name, [])
            if name == "default" and len(views) > 1:
                what = f"{view.name}: it is on the network `default` with everything that names no network"
                fix = "name its networks: one for what the proxy leads to, one for what needs the database"
                yield Fault(path, what, fix, key=key)
            elif view.role == "proxy" and beside:
                what = f"{view.name}: the proxy shares the network {name} with {', '.join(beside[:3])}"
                fix = "take one of them off it: what the proxy leads to stands between"
                yield Fault(path, what, fix, key=key)


@app_rule("port-clash")
def port_clash(subject: Subject) -> Iterator[Fault]:
    """Two services that want one port of the host, and a port that another parser reads as a number."""
    taken: dict[tuple[int, str], list[tuple[str, str]]] = {}
    told: set[tuple[str, Location]] = set()
    for view in subject.views:
        if view.text("network_mode") in _NO_NETWORK:
            continue
        for index, port in enumerate(view.list("ports")):
            path = view.at("ports", index)
            host, protocol = str(port.get("host_ip") or ""), str(port.get("protocol") or "tcp")
            for number in _published(port):
                others = taken.setdefault((number, protocol), [])
                clash = next((name for name, other in others if _overlap(host, other)), "")
                others.append((view.name, host))
                place = subject.model.location(path)
                if clash and (clash, place) not in told:
                    # Of two ranges that meet, once.
                    told.add((clash, place))
                    who = "it" if clash == view.name else clash
                    what = f"{view.name}: {who} publishes the port {number}/{protocol} of the host too"
                    yield Fault(path, what, "give one of them another port; profiles may be active together")
            yield from _sexagesimal(view, path)


def _published(port: Mapping[str, Any]) -> range:
    """The ports of the host that an entry asks for; none where Docker picks one."""
    first, _, last = str(port.get("published") or "").partition("-")
    if not all(one.isdecimal() and len(one) <= 5 for one in (first, last or first)):
        return range(0)
    start, end = int(first), int(last or first)
    return range(start, end + 1) if start and end - start <= 1024 and not last else range(0)


def _overlap(host: str, other: str) -> bool:
    every = {"", "0.0.0.0", "::", "[::]"}  # noqa: S104 - what stands for every address in a compose file
    return host == other or host in every or other in every


def _sexagesimal(view: View, path: ValuePath) -> Iterator[Fault]:
    node = view.subject.model.node(path)
    if node is not None and node.plain and is_sexagesimal(node.text):
        what = f"{view.name}: {node.text} without quotes is a number to the base of 60 for a YAML 1.1 parser"
        yield Fault(path, what, f'write "{node.text}"', rank=3)


def is_sexagesimal(text: str) -> bool:
    """Whether a YAML 1.1 parser reads a plain scalar as a number to the base of 60: ``22:22`` is 1342."""
    first, *rest = text.lstrip("+-").split(":")
    if not rest or not first.isdecimal() or first.startswith("0"):
        return False
    return all(part.isdecimal() and len(part) <= 2 and int(part) < 60 for part in rest)


@service_rule("container-name")
def container_name(view: View) -> Iterator[Fault]:
    """A container name of one's own."""
    name = view.text("container_name")
    if not name or (view.service.is_rolled and view.subject.deployed):
        return  # A release leaves it out, and is refused where others call by it.
    fix = "remove it: other services reach it as " + view.name
    if view.service.is_rolled:
        what = f"container_name: {name}: two releases can't stand side by side, so each deploy is a gap"
        yield Fault(view.at("container_name"), what, fix, severity="error")
    else:
        what = f"container_name: {name}: no second one of it on this host, be it a preview or a restore drill"
        yield Fault(view.at("container_name"), what, fix)
