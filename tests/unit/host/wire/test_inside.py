"""Who carries calls between services: whatever the app looks like, nobody hears what is not for him."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from fairlead.app.model import GENERATED_PROXY as ADDED
from fairlead.host.disk.paths import app_paths
from fairlead.host.shape.project import platform_hashes, render_platform_project
from fairlead.host.wire.caddy.snippet import EITHER, render_switch
from fairlead.host.wire.document import parse_release
from fairlead.host.wire.inside import (
    GENERATED_PROXY,
    ROLE,
    carried_by,
    find_carrier,
    networks_of,
    spoken_by,
    without_names,
)
from fairlead.host.wire.release import Release, Service
from tests.unit.host.samples import document, release, service

_PATHS = app_paths(Path("/srv/fairlead"), "board")
_CASES = 300


def _carriers(one: Release) -> list[Service]:
    return [service for service in one.services.values() if service.role == ROLE]


def _some_app(seed: int) -> dict[str, Any]:
    """A release document with services, networks and ports by chance."""
    chance = random.Random(seed)  # noqa: S311 - not to hide
    networks = {name: {"internal": chance.random() < 0.3} for name in ("edge", "app", "data", "other")}
    proxy = chance.choice(("caddy", GENERATED_PROXY))
    edge = chance.random() < 0.4
    ports = {} if edge else {"ports": [{"target": 80, "published": "80"}]}
    services: dict[str, Any] = {
        proxy: service("proxy", "caddy", definition={**ports, **_networks(chance, networks)})
    }
    routes = {}
    for number in range(chance.randint(1, 7)):
        role = chance.choice(("app", "app", "app", "worker", "state", "ops", "job"))
        name = f"{role}{number}"
        services[name] = service(role, name, definition=_networks(chance, networks, alias=f"alias{number}"))
        if role in ("app", "worker") and chance.random() < 0.3:
            services[name]["further"] = chance.sample((443, 8001, 9001), 2)
        if role == "app":
            routes[name] = services[name]["port"] = chance.choice((80, 8000, 9000))
            # As a client of before gave them to the proxy.
            for how in (services[proxy]["definition"]["networks"]).values():
                how.setdefault("aliases", ["public"]).append(name)
    said = {"hostnames": ["a.example.com"], "scheme": "https", "port": 80, "image": "caddy:2"}
    extra = {"edge": said} if edge else {}
    return document(
        services=services, networks=networks, volumes={}, proxy={"service": proxy}, routes=routes, **extra
    )


def _networks(chance: random.Random, networks: dict[str, Any], alias: str = "") -> dict[str, Any]:
    chosen = chance.sample(sorted(networks), chance.randint(1, 3))
    return {"networks": {name: {"aliases": [alias]} if alias else {} for name in chosen}}


@pytest.fixture(scope="module")
def apps() -> list[Release]:
    """Apps of all kinds."""
    return [parse_release(_some_app(seed)) for seed in range(_CASES)]


def test_whoever_carries_calls_cannot_be_reached_by_the_public(apps: list[Release]) -> None:
    """No port of the host, not the edge's network, not more rights than it needs, bounded in everything."""
    for one in apps:
        project = render_platform_project(one, _PATHS, render_switch())
        for carrier in _carriers(one):
            made = project["services"][carrier.name]
            assert not {"ports", "network_mode", "privileged", "devices"} & made.keys()
            assert set(made["networks"]) <= set(one.networks)
            assert (made["cap_drop"], made["cap_add"], made["read_only"]) == (
                ["ALL"],
                ["NET_BIND_SERVICE"],
                True,
            )
            assert made["security_opt"] == ["no-new-privileges:true"]
            assert {"mem_limit", "pids_limit", "logging"} <= made.keys()
            assert made["image"] == one.inside_image
            assert made["environment"]["CADDY_ADMIN"].startswith("unix//fairlead/run/admin-inside-")


def test_no_proxy_is_called_as_a_service_is(apps: list[Release]) -> None:
    """Not even one whose document is of a client that gave it those names; its own aliases it keeps."""
    for one in apps:
        for how in without_names(one, one.services[one.proxy].definition).values():
            aliases = set((how or {}).get("aliases") or ())
            assert not aliases & one.routes.keys()
            assert not one.routes or "public" in aliases


def test_a_listener_is_one_service_and_reaches_no_farther_than_it(apps: list[Release]) -> None:
    """Who is in none of a service's networks meets no listener of it: the file's networks divide as they did."""
    for one in apps:
        for carrier in _carriers(one):
            name = carried_by(carrier)
            assert sorted(one.called[name]) == sorted(spoken_by([one])[name])
            assert set(networks_of(carrier)) <= set(networks_of(one.services[name]))


def test_whoever_could_call_a_service_meets_it_by_all_its_names(apps: list[Release]) -> None:
    """Anybody but the added proxy and a database that shares nothing but its own network."""
    for one in apps:
        for name in one.called:
            for caller in _callers(one, name):
                carrier = find_carrier(one, name)
                assert carrier is not None
                shared = set(networks_of(caller)) & set(networks_of(carrier))
                assert shared or caller.role == "state"
                for network in shared:
                    aliases = networks_of(carrier)[network]["aliases"]
                    assert {name, f"alias{name.removeprefix('app').removeprefix('worker')}"} <= set(aliases)
            assert _callers(one, name) or find_carrier(one, name) is None


def _callers(one: Release, name: str) -> list[Service]:
    own = set(networks_of(one.services[name]))
    others = (
        other for other in one.services.values() if other.name not in (name, ADDED) and other.role != ROLE
    )
    return [other for other in others if own & set(networks_of(other))]


def test_the_added_proxy_is_called_so_on_both_sides() -> None:
    assert GENERATED_PROXY == ADDED


def test_other_routes_leave_the_proxy_as_it_is_and_start_carriers_beside_the_old_ones() -> None:
    """The public notices nothing of a new service, and nobody's name is given away before somebody else has it."""
    before = release()
    made = document(services={**document()["services"], "web2": service("app", "web2")})
    after = parse_release({**made, "routes": {**made["routes"], "web2": 8000}})
    hashes = [platform_hashes(one, render_switch()) for one in (before, after)]
    assert hashes[0]["caddy"] == hashes[1]["caddy"]
    names = [{carrier.name for carrier in _carriers(one)} for one in (before, after)]
    assert len(names[1] - names[0]) == 1
    assert names[0] < names[1]


def test_nobody_carries_what_nobody_calls() -> None:
    """An app of one service behind the added proxy has no container more than before."""
    services = {GENERATED_PROXY: service("proxy", "caddy"), "web": service("app", "web")}
    one = release(services=services, proxy={"service": GENERATED_PROXY}, routes={"web": 8000}, volumes={})
    assert not _carriers(one)
    assert find_carrier(one, "web") is None


def test_another_port_replaces_nobody_and_what_is_open_stays_open(apps: list[Release]) -> None:
    """Of two apps by the same names and networks: who carries calls is the same container, open at the ports of both."""
    chance = random.Random(4)  # noqa: S311 - not to hide
    for one in apps:
        changed = json.loads(json.dumps(one.document))
        for name in sorted(one.called):
            changed["services"][name]["further"] = chance.sample(
                (443, 8001, 9001, 9002), chance.randint(1, 3)
            )
            if name in one.routes:
                changed["routes"][name] = changed["services"][name]["port"] = chance.choice((80, 8000, 8080))
                changed["services"][name]["protocol"] = chance.choice(("http", "h2c"))
        other = parse_release(changed)
        assert {name: carrier.hash for name, carrier in _by_name(one).items()} == {
            name: carrier.hash for name, carrier in _by_name(other).items()
        }
        both, alone = spoken_by([other, one]), [spoken_by([each]) for each in (one, other)]
        for name, spoken in both.items():
            assert set(spoken) == {*one.called[name], *other.called[name]}
            for port, found in spoken.items():
                said = {each[name][port] for each in alone if port in each[name]}
                assert said == {found} or (len(said) > 1 and found == EITHER)


def test_another_network_or_name_is_another_container(apps: list[Release]) -> None:
    """A container is found by what it was made with."""
    for one in apps:
        changed = json.loads(json.dumps(one.document))
        for name in one.called:
            for how in changed["services"][name]["definition"]["networks"].values():
                how["aliases"] = ["another"]
        other = parse_release(changed)
        assert not _by_name(one).keys() & _by_name(other).keys()


def _by_name(one: Release) -> dict[str, Service]:
    return {carrier.name: carrier for carrier in _carriers(one)}


def test_a_database_that_calls_is_met_in_its_own_network_only_then() -> None:
    """Whoever carries calls keeps away from it otherwise."""
    inner = {"networks": {"data": None}}
    both = {"networks": {"edge": None, "data": None}}
    for callers, met in ([], {"edge"}), (["db"], {"edge", "data"}):
        services = {
            "caddy": service("proxy", "caddy"),
            "db": service("state", "db", definition=inner),
            "api": service("app", "api", definition=both, callers=callers),
            "web": service("app", "web"),
        }
        carrier = find_carrier(release(services=services, volumes={}, routes={"api": 8000}), "api")
        assert carrier is not None
        assert networks_of(carrier).keys() == met
