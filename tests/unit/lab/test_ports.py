from __future__ import annotations

from lab.engine import create_words
from lab.ports import parse_published
from lab.server import Keys, plan_server
from lab.state import Place


def test_every_port_that_a_server_is_made_with_is_asked() -> None:
    """As the engine writes down what `docker create` was told."""
    keys = Keys(b"", "ssh-ed25519 AAAA lab")
    bindings: dict[str, list[dict[str, str]]] = {}
    for word in create_words(plan_server(Place(), 1, 22, "image", keys, keys)):
        if word.startswith("--publish="):
            address, outer, inner = word.removeprefix("--publish=").split(":")
            key = inner if "/" in inner else f"{inner}/tcp"
            bindings.setdefault(key, []).append({"HostIp": address, "HostPort": outer})
    published = parse_published({"HostConfig": {"PortBindings": bindings}})
    assert list(map(str, published)) == ["127.0.0.2:22", "127.0.0.2:80", "127.0.0.2:443", "127.0.0.2:443/udp"]


def test_a_container_without_ports_has_none() -> None:
    assert parse_published({"HostConfig": {"PortBindings": None}}) == ()
