"""What a release is asked: whatever it changes, of whatever role, and as users come."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fairlead.host.engine.containers import Container
from fairlead.host.shape.bundle import Bundle
from fairlead.host.watch.probe import Answer
from fairlead.host.watch.questions import plan_public, plan_recreated, public_probes
from fairlead.host.wire.document import parse_release
from fairlead.host.wire.release import Service
from tests.unit.host.samples import container, document, service

PORTS = {"443/tcp": (("0.0.0.0", 443),), "18080/tcp": (("0.0.0.0", 8080), ("::", 8080))}


def _service(role: str, **fields: Any) -> Service:
    made = document()
    made["services"]["one"] = service(role, "one", rollout="recreate", **fields)
    return parse_release(made).services["one"]


def _container(**changes: Any) -> Container:
    return replace(container("one", ""), addresses=("172.18.0.9",), **changes)


@pytest.mark.parametrize(
    ("role", "fields", "asked"),
    [
        ("app", {}, ("http", "172.18.0.9", 8000, "/health/ready")),
        ("app", {"health": None}, ("tcp", "172.18.0.9", 8000, "/")),
        ("worker", {"port": 9, "health": {"path": "/up", "status": None}}, ("http", "172.18.0.9", 9, "/up")),
        ("state", {"definition": {"ports": [{"target": 5432}]}}, ("tcp", "172.18.0.9", 5432, "/")),
        ("ops", {"port": 9090}, ("tcp", "172.18.0.9", 9090, "/")),
        ("app", {"definition": {"network_mode": "host"}}, ("http", "127.0.0.1", 8000, "/health/ready")),
        (
            "app",
            {"definition": {"network_mode": "service:vpn"}},
            ("http", "172.18.0.7", 8000, "/health/ready"),
        ),
        # Nothing is known of where it would answer.
        ("state", {}, None),
        ("worker", {}, None),
        ("ops", {"definition": {"ports": [{"target": 53, "protocol": "udp"}]}}, None),
        # Of several, some may be for other times.
        ("state", {"definition": {"ports": [{"target": 5672}, {"target": 15672}]}}, None),
        # Seen by whether requests arrive.
        ("proxy", {"port": 80}, None),
    ],
)
def test_who_is_recreated_is_asked_by_itself(
    role: str, fields: dict[str, Any], asked: tuple[str, str, int, str] | None
) -> None:
    neighbour = replace(container("vpn", ""), addresses=("172.18.0.7",))
    found = list(plan_recreated(_service(role, **fields), [_container(), neighbour]))
    targets = [(one.target.scheme, one.target.address, one.target.port, one.target.path) for one in found]
    assert targets == ([asked] if asked else [])
    assert all(one.service == "one" and one.direct for one in found)


@pytest.mark.parametrize(
    ("status", "is_error"),
    [
        *((0, False), (200, False), (404, False), (500, True), (501, True), (505, True)),
        *((502, False), (503, False), (504, False)),
    ],
)
def test_an_error_is_told_from_somebody_who_is_not_there_yet(status: int, *, is_error: bool) -> None:
    """A server that starts says 503; a web server more than that, while the program behind it changes its data."""
    (one,) = plan_recreated(_service("app"), [_container()])
    answer = Answer(status)
    assert one.is_error(answer) is is_error
    assert replace(one, public=True, direct=False).is_error(answer) is is_error


def test_one_of_another_release_or_a_one_shot_is_not_it() -> None:
    others = [_container(release="000001"), _container(oneoff=True), _container(service="other")]
    assert not list(plan_recreated(_service("app"), others))


def test_the_front_page_is_asked_where_nobody_says_what_else() -> None:
    """Anything below 500 will do: it may redirect, or ask for a login."""
    release = parse_release(document(probes=[]))
    (probe,) = public_probes(release)
    assert [Answer(status).fault(probe) == "" for status in (200, 302, 401, 404, 500, 503)] == [True] * 4 + [
        False
    ] * 2
    assert public_probes(parse_release(document(probes=[{"path": "/x", "status": 200}])))[0].path == "/x"
    assert not public_probes(parse_release(document(probes=[], url=None)))


@pytest.mark.parametrize(
    ("name", "url", "asked"),
    [
        ("fairlead-proxy", "https://board.example.com", [("https", 443), ("http", 8080)]),
        ("fairlead-proxy", None, [("http", 443), ("http", 8080)]),
        # Of a proxy that the app brings nobody knows what its ports speak.
        ("caddy", "https://board.example.com", [("https", 443)]),
        ("caddy", None, []),
    ],
)
def test_every_port_of_the_added_proxy_is_asked(
    name: str, url: str | None, asked: list[tuple[str, int]]
) -> None:
    made = document(probes=[], url=url, proxy={"service": name})
    made["services"][name] = made["services"].pop("caddy")
    bundle = Bundle("000001", parse_release(made), {})
    found = list(plan_public(bundle, replace(container(name, ""), ports=PORTS)))
    assert [(one.target.scheme, one.target.port) for one in found] == asked
    assert all(one.public and one.target.address == "127.0.0.1" for one in found)


@pytest.mark.parametrize(
    ("name", "url", "port"),
    [
        ("caddy", "http://board.example.com", 443),
        ("caddy", "http://board.example.com:8080", 443),
        # Who ends TLS is asked by TLS anyway; before the added proxy it is another host, if it is anybody.
        ("caddy", "https://board.example.com", None),
        ("fairlead-proxy", "http://board.example.com", None),
    ],
)
def test_who_sends_on_to_tls_is_followed_where_the_app_ends_it(name: str, url: str, port: int | None) -> None:
    made = document(probes=[], url=url, proxy={"service": name})
    made["services"][name] = made["services"].pop("caddy")
    bundle = Bundle("000001", parse_release(made), {})
    ports = {**PORTS, "80/tcp": (("0.0.0.0", 80),)}
    (front, *_) = plan_public(bundle, replace(container(name, ""), ports=ports))
    assert (front.secure and front.secure.port) == port
    if front.secure is not None:
        assert front.secure.host == "board.example.com"
