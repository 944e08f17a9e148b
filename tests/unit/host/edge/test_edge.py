"""The edge of a host: what it serves is told by files, who may claim what is decided before anything is touched."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.disk.paths import app_paths
from fairlead.host.disk.place import Meeting, Place
from fairlead.host.edge.claims import Claim, drop_claim, parse_claim, read_claim, read_hosts, write_claim
from fairlead.host.edge.plan import edge_faults, plan_claim, plan_edge
from fairlead.host.edge.project import edge_hash, render_edge_project, with_meetings
from fairlead.host.edge.state import EdgeState
from fairlead.host.plan.plan import plan_deploy, plan_rollback
from fairlead.host.plan.preflight import port_fault
from fairlead.host.run.phases.beside import is_replaced
from fairlead.host.shape.project import (
    platform_hashes,
    render_platform_project,
    render_proxy_project,
    render_release_project,
)
from fairlead.host.watch.questions import public_target
from fairlead.host.wire.caddy.snippet import render_switch
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.owner import owner_of
from fairlead.host.wire.release import Release
from tests.unit.host.samples import container, document, image, release, service, serving

PATHS = app_paths(Path("/srv/fairlead"), "board")
MEETING = Meeting("board", "0123abcd" + "f" * 32)
BEHIND = {"hostnames": ["board.example.com"], "scheme": "https", "port": 80, "image": image("edge")}


NAMED = {
    "environment": {"COLOUR": "green"},
    "container_name": "front",
    "hostname": "acme-v02.api.letsencrypt.org",
    "domainname": "example.com",
}


def behind(hostname: str = "board.example.com", **changes: Any) -> Release:
    """The sample app behind the edge, without its migration."""
    made = document(edge={**BEHIND, "hostnames": [hostname]})
    made["services"]["caddy"] = service("proxy", "caddy", **changes)
    del made["services"]["migrate"]
    return release(**made)


def claim_of(one: Release) -> Claim:
    claim = plan_claim(one, MEETING)
    assert claim is not None
    return claim


def standing(one: Release) -> EdgeState:
    """All is as the release wants it."""
    claim = claim_of(one)
    edge = one.edge
    assert edge is not None
    hosts = dict.fromkeys(claim.hostnames, one.app)
    return EdgeState(claim, hosts, running=True, mark=edge_hash(edge.image), meeting=MEETING)


def test_a_claim_is_read_as_it_was_written(tmp_path: Path) -> None:
    place = Place(tmp_path)
    first = Claim("board", frozenset({"a.example.com", "b.example.com"}), "https", "0123.board", 80)
    other = Claim("shop", frozenset({"shop.example.com"}), "http", "4567.shop", 8080)
    write_claim(place, first)
    write_claim(place, other)
    assert (read_claim(place, "board"), read_claim(place, "shop")) == (first, other)
    assert parse_claim("board", first.to_json()) == first
    moved = replace(first, hostnames=frozenset({"b.example.com", "c.example.com"}), name="89ab.board")
    write_claim(place, moved)
    assert read_claim(place, "board") == moved
    assert [path.name for path in (place.apps / "board").iterdir()] == ["https:89ab.board:80"]
    drop_claim(place, "board")
    assert (read_claim(place, "board"), read_hosts(place)) == (None, {"shop.example.com": "shop"})
    assert not (place.apps / "board").exists()


def test_whatever_a_crash_left_a_claim_is_written_over(tmp_path: Path) -> None:
    """Two upstreams, a link without a folder, a scratch file: the next write puts it right."""
    place = Place(tmp_path)
    wanted = Claim("board", frozenset({"a.example.com"}), "https", "new.board", 80)
    states = (("https:old.board:80", "https:new.board:80"), ("https:old.board:80",), ("http:x.board:1",), ())
    for number, (names, linked) in enumerate(itertools.product(states, (True, False))):
        own = Place(tmp_path / str(number))
        (own.apps / "board").mkdir(parents=True)
        own.hosts.mkdir()
        for name in (*names, ".https:scratch:80.abc"):
            (own.apps / "board" / name).touch()
        if linked:
            (own.hosts / "a.example.com").symlink_to("../apps/board")
            (own.hosts / "gone.example.com").symlink_to("../apps/board")
        write_claim(own, wanted)
        assert read_claim(own, "board") == wanted, (names, linked)
    drop_claim(place, "board")


def test_the_edge_names_no_app_and_publishes_the_usual_ports() -> None:
    project = render_edge_project(Place(Path("/srv/fairlead")), image("edge"))
    (edge,) = project["services"].values()
    assert [(port["published"], port["protocol"]) for port in edge["ports"]] == [
        ("80", "tcp"),
        ("443", "tcp"),
        ("443", "udp"),
    ]
    assert "board" not in str(project).replace(image("edge"), "")


def test_a_proxy_behind_the_edge_is_a_project_of_its_own() -> None:
    """Two definitions stand side by side: other project, other DNS name, other admin socket."""
    seen = set()
    for one in (behind(), behind(definition=NAMED)):
        switch = render_switch()
        assert "caddy" not in render_platform_project(one, PATHS, switch)["services"]
        project = render_proxy_project(one, PATHS, switch, MEETING)
        ((called, proxy),) = project["services"].items()
        mark = platform_hashes(one, switch)["caddy"]
        assert proxy["networks"] == {
            "edge": {"aliases": ["caddy"]},
            MEETING.network: {"aliases": [claim_of(one).name]},
        }
        assert called == "fairlead-front", "Compose makes it a name in every network"
        assert proxy["environment"]["CADDY_ADMIN"] == f"unix//fairlead/run/admin-{mark[:12]}.sock|0222"
        assert project["networks"]["edge"] == {"external": True, "name": "board_edge"}
        assert not {"container_name", "hostname", "domainname"} & set(proxy)
        seen.add((project["name"], claim_of(one).name))
    assert len({name for name, _ in seen}) == len({name for _, name in seen}) == 2
    assert "caddy" in render_platform_project(release(), PATHS, "")["services"]
    assert set(render_release_project(behind(), "000001", PATHS, {"web"})["networks"]) == {"edge", "data"}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"hostnames": []}, "hostnames"),
        ({"hostnames": ["../../etc"]}, "hostnames"),
        ({"hostnames": ["Board.example.com"]}, "hostnames"),
        ({"hostnames": ["*"]}, "hostnames"),
        ({"hostnames": "board.example.com"}, "hostnames"),
        ({"scheme": "ftp"}, "scheme"),
        ({"port": 0}, "port"),
        ({"image": "caddy; rm -rf /"}, "image"),
    ],
)
def test_a_hostile_edge_is_refused(changes: dict[str, Any], fault: str) -> None:
    made = document(edge={**BEHIND, **changes})
    made["services"]["caddy"] = service("proxy", "caddy")
    with pytest.raises(InputFault) as caught:
        release(**made)
    assert f"release.edge.{fault}" in str(caught.value.details)


def test_a_proxy_behind_the_edge_publishes_nothing() -> None:
    with pytest.raises(InputFault, match="does not hold") as caught:
        release(edge=BEHIND)
    assert "has `ports`, behind the edge" in str(caught.value.details)


@pytest.mark.parametrize("app", ["edge", "agents", "fairlead"])
def test_no_app_takes_a_name_of_fairleads_own(app: str) -> None:
    with pytest.raises(InputFault, match="is not the name of an app"):
        app_paths(Path("/srv/fairlead"), app)


def test_what_is_done_to_the_edge() -> None:
    one = behind()
    holder = container("caddy", role="proxy", ports={"443/tcp": (("0.0.0.0", 443),)})
    assert plan_edge(one, EdgeState(), (), upgrade=False) == (
        "start the edge of this host",
        "let the edge serve board.example.com",
    )
    assert "hand ports 80 and 443 over" in plan_edge(one, EdgeState(), (holder,), upgrade=False)[0]
    assert plan_edge(one, standing(one), (), upgrade=True) == ()
    old = replace(standing(one), mark="another")
    assert plan_edge(one, old, (), upgrade=False) == ()
    assert "replace the edge" in plan_edge(one, old, (), upgrade=True)[0]
    assert plan_edge(release(), EdgeState(), (), upgrade=True) == ()
    assert "take ports 80 and 443 back" in plan_edge(release(), standing(one), (), upgrade=False)[0]


def test_a_release_that_only_changes_its_hostnames_is_deployed_and_restarts_nothing() -> None:
    one = behind()
    state = serving(one, edge=standing(one))
    assert plan_deploy(one, state).unchanged
    plan = plan_deploy(behind("www.example.com"), state)
    assert not plan.unchanged
    assert {action.action for action in plan.actions} <= {"keep", "carry"}
    assert plan.edge == ("let the edge serve www.example.com",)


def test_the_edges_image_is_pulled_where_it_will_be_made_of_it() -> None:
    one = behind()
    assert image("edge") in plan_deploy(one, serving(one)).pull
    assert image("edge") not in plan_deploy(one, serving(one, edge=standing(one))).pull


def test_a_hostname_belongs_to_one_app() -> None:
    one = behind()
    taken = EdgeState(hosts={"board.example.com": "shop"}, running=True)
    (fault,) = edge_faults(one, taken)
    assert "served by the app «shop»" in fault.what
    assert [refusal.what for refusal in plan_deploy(one, serving(one, edge=taken)).refusals] == [fault.what]
    assert list(edge_faults(one, standing(one))) == []


def test_nobody_leaves_an_edge_that_others_stand_behind() -> None:
    """Nor is a release from before gone back to: it would publish what the edge holds."""
    one = behind()
    alone = standing(one)
    shared = replace(alone, hosts={**alone.hosts, "shop.example.com": "shop"})
    assert list(edge_faults(release(), alone)) == []
    (fault,) = edge_faults(release(), shared)
    assert "shop" in fault.why
    state = serving(one, edge=shared)
    live = state.live
    assert live is not None
    assert plan_rollback(replace(live, release=release()), state).refusals[0].what == fault.what


def test_who_has_the_port_is_named_with_the_way_out() -> None:
    mine = {"Names": ["/shop-caddy-1"], "Labels": {"dev.fairlead.app": "shop"}}
    fault = port_fault(80, "caddy", mine, [])
    assert "by the app «shop» (container «shop: shop-caddy-1»)" in fault.why
    assert "`edge: true` in this environment, and in that of «shop»" in fault.fix
    fault = port_fault(
        80, "caddy", {"Names": ["/e"], "Labels": {"dev.fairlead.role": "edge"}}, ["shop", "wiki"]
    )
    assert "for «shop», «wiki»" in fault.why
    assert "`edge: true`" in fault.fix
    assert "by the container nginx" in port_fault(80, "caddy", {"Names": ["/nginx"]}, []).why
    assert "ss -ltnp" in port_fault(80, "caddy", None, []).why


def test_the_proxy_that_is_replaced_is_not_taken_for_the_release_s() -> None:
    """It runs another image, and may be unhealthy: neither is the new release's fault."""
    one = behind()
    mark = platform_hashes(one, render_switch())["caddy"]
    assert not is_replaced(container("caddy", role="proxy", hash=mark), one)
    assert is_replaced(container("caddy", role="proxy", hash="another"), one)
    assert not is_replaced(container("db", role="state", hash="another"), one)


def test_the_public_is_asked_at_the_edge() -> None:
    target = public_target(behind(), "/up", container("caddy"))
    assert target is not None
    assert (target.scheme, target.port, target.host, target.path) == (
        "https",
        443,
        "board.example.com",
        "/up",
    )


def test_what_an_app_is_called_at_the_edge_cannot_be_told_from_its_network() -> None:
    """The token's two parts: who sees the one does not know the other."""
    name = MEETING.proxy("a" * 64)
    assert name == f"{'a' * 12}-{'f' * 32}.board.internal"
    assert MEETING.network == "fairlead-edge-board-0123abcd"
    assert max(len(label) for label in name.split(".")) <= 63


def test_the_edge_is_in_its_own_network_and_in_those_of_the_apps_and_no_way_from_one_to_another() -> None:
    place = Place(Path("/srv/fairlead"))
    project = render_edge_project(place, image("edge"), [MEETING], 1000)
    (edge,) = project["services"].values()
    assert set(edge["networks"]) == {"edge", MEETING.network}
    assert {one["name"] for one in project["networks"].values()} == {"fairlead-edge", MEETING.network}
    assert edge["sysctls"] == {"net.ipv4.ip_forward": "0"}
    assert edge["labels"]["dev.fairlead.hash"] == edge_hash(image("edge")), (
        "apps that come make no edge outdated"
    )
    assert with_meetings(project, []) == render_edge_project(place, image("edge"), [], 1000)


def test_an_app_that_would_share_a_project_with_another_is_refused_once() -> None:
    """Before its first deploy: one that has served already may go on."""
    state = serving(release(), clashes=("board-000042",), owner=owner_of(release()))
    assert not [one for one in plan_deploy(release(), state).refusals if "project" in one.what]
    first = replace(state, owner=None)
    (refusal,) = [one for one in plan_deploy(release(), first).refusals if "project" in one.what]
    assert "board-000042" in refusal.what
