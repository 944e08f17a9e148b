"""What is between the services of an app is not for strangers."""

from __future__ import annotations

from pathlib import Path

from fairlead.app.layout import lay_out
from fairlead.app.split import split
from fairlead.host.engine.containers import read_app_containers
from fairlead.host.engine.engine import Engine
from fairlead.host.wire.inside import ROLE
from tests.adversary.stranger.asking import Door, Said, ask_everything, spell
from tests.integration.host.calls import add_caller, answering, call, find_caller
from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage
from tests.ports import free_port
from tests.unit.app.small import small_app

NAME = "stage.localhost"
OWN_PROXY = """\
{
	skip_install_trust
	default_sni stage.localhost
}
import /fairlead/switch.caddy
(public) {
	@private path /admin*
	respond @private "for nobody" 403
	import switch web 80
}
http:// {
	import public
}
https://stage.localhost, https://localhost {
	tls internal
	import public
}
"""
SERVICES = (
    ("web", 80, "for all"),
    ("admin", 80, "internal admin"),
    ("api", 8000, "internal api"),
    ("jobs", 8000, "internal jobs"),
)
INTERNAL = b"internal"


def test_an_own_proxy_on_the_ports_of_services(stage: Stage) -> None:
    """Asks an app's own proxy, which publishes the ports that its services use, for every service by every name.

    Names come as `Host` with case, dot and port, in absolute and HTTP/1.0 requests, as one `Host` of two, as `:authority`,
    as SNI, in forwarding headers and with the headers of our own probes.

    Holds: calls between services arrive at containers of their own, which publish no port; the public proxy has no site and no
    name of a service, so that only what its Caddyfile leads to answers, by the rules of that Caddyfile. Between services every
    call arrives, whatever its `Host`.
    """
    http, https = stage.port, free_port()
    sheet = _sheet(stage)
    sheet.proxy(OWN_PROXY)
    definition = sheet.services["caddy"]["definition"]
    definition["ports"] = [
        {"target": target, "published": str(port), "host_ip": "127.0.0.1", "protocol": protocol}
        for target, port, protocol in ((80, http, "tcp"), (443, https, "tcp"), (443, https, "udp"))
    ]
    definition["tmpfs"] = ["/data", "/config"]
    result = stage.deploy(sheet)
    assert result.status == "live", result.error
    doors = (Door("127.0.0.1", http), Door("127.0.0.1", https, (NAME, "localhost", "web", "")))
    _see_nothing_internal(stage, doors, by_path=b"for nobody")
    _see_calls(stage)


def test_the_added_proxy(stage: Stage, tmp_path: Path) -> None:
    """Asks the proxy that Fairlead adds, at every port that it publishes, for every service by every name.

    Holds: only the services that publish a port answer there.
    """
    ports = free_port(), free_port()
    sheet = _added(stage, tmp_path, *ports)
    result = stage.deploy(sheet)
    assert result.status == "live", result.error
    doors = (Door("127.0.0.1", ports[0], (NAME, "web", "")), Door("127.0.0.1", ports[1]))
    _see_nothing_internal(stage, doors, by_path=b"")
    _see_calls(stage)


def test_who_stands_where_the_edge_stands(stage: Stage, tmp_path: Path) -> None:
    """Asks the proxies of apps behind the edge at any port of theirs, from a network that it shares with them.

    Holds: only the hostnames of the app are answered there, with what its front service says; no port leads further in.
    """
    result = stage.deploy(_added(stage, tmp_path, 443, 80, edge=True))
    assert result.status == "live", result.error
    _see_nothing_internal(stage, (), by_path=b"for all")
    _see_calls(stage)


def _see_nothing_internal(stage: Stage, doors: tuple[Door, ...], *, by_path: bytes) -> None:
    containers = read_app_containers(Engine.connect(), stage.paths)
    names = {*(one[0] for one in SERVICES), "admin-000001", NAME, "localhost", "127.0.0.1", "[::1]"}
    names |= {one.service for one in containers if one.role == ROLE}
    names |= {one.addresses[0] for one in containers if one.role in ("proxy", ROLE)}
    # The container itself is what an app sees that shares a network with it, as the edge does.
    (proxy,) = (one for one in containers if one.role == "proxy")
    doors = (*doors, *(Door(proxy.addresses[0], port) for port in (80, 8000)))
    hosts = spell(sorted(names), (80, 8000, doors[0].port))
    # Of all spellings a part is asked for, which need not have the one that is served.
    said = [one for door in doors for asked in (hosts, [NAME]) for one in ask_everything(door, asked)]
    assert not [one for one in said if INTERNAL in one.answer], _first(said)
    assert any(b"for all" in one.answer for one in said)
    assert any(by_path in one.answer for one in said)
    for one in (container for container in containers if container.role == ROLE):
        found = Engine.connect().inspect(one.id)
        assert found is not None
        assert not found["HostConfig"]["PortBindings"]
        assert not [name for name in found["NetworkSettings"]["Networks"] if "fairlead-edge" in name]


def _first(said: list[Said]) -> Said:
    return next(one for one in said if INTERNAL in one.answer)


def _see_calls(stage: Stage) -> None:
    """From a container, every service by its name, and whatever the Host says."""
    caller = find_caller(stage)
    for host in ("admin", "API.", "web:8000", "public.example.com", "nobody", "127.0.0.1:1"):
        for name in ("web", "admin", "api"):
            _, port, text = next(one for one in SERVICES if one[0] == name)
            assert call(caller, f"{name}:{port}", host) == f"{text} as {host.rpartition(':')[0] or host}"


def _sheet(stage: Stage) -> Sheet:
    sheet = stage.sheet(1)
    sheet.watch = {"window": 0}
    for name, port, text in SERVICES:
        answering(sheet, name, port, text)
    add_caller(sheet)
    return sheet


def _added(stage: Stage, root: Path, front: int, other: int, *, edge: bool = False) -> Sheet:
    """The same app without a proxy, split as a client does it."""
    text = "services:\n"
    for name, port, _ in SERVICES:
        published = f", ports: [{{target: {port}, published: '{other}', host_ip: 127.0.0.1}}]"
        text += f"  {name}: {{image: x, expose: ['{port}']{published if name == 'web' else ''}}}\n"
    app = small_app(root, text, url=f"https://{NAME}:{front}".removesuffix(":443"), images=(), edge=edge)
    own = _sheet(stage)
    foreign = dict.fromkeys(app.foreign_references(), stage.image)
    parts = split(lay_out(app), own={}, foreign=foreign)
    document = parts.document()
    (proxy,) = (name for name, one in document["services"].items() if one["role"] == "proxy")
    own.services[proxy] = document["services"][proxy]
    own.files.update(document["files"])
    own.blobs.update(parts.blobs)
    own.extra = {
        **{key: document[key] for key in ("proxy", "volumes")},
        "url": None if edge else f"https://{NAME}:{front}",
    }
    return own
