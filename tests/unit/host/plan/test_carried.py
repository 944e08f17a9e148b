"""What a release changes in how services are called is told before anything is done."""

from __future__ import annotations

from typing import Any

from fairlead.host.plan.plan import plan_deploy
from fairlead.host.wire.inside import ROLE, find_carrier
from fairlead.host.wire.release import Release
from tests.unit.host.samples import container, document, release, service, serving


def _app(**changes: Any) -> Release:
    return release(services={**document()["services"], "web": service("app", "web", **changes)})


def _told(before: Release, after: Release) -> list[str]:
    state = serving(before)
    running = [
        container(one.name, role=ROLE, carries=name, hash=state.containers[0].hash)
        for name in before.called
        if (one := find_carrier(before, name)) is not None
    ]
    others = [one for one in state.containers if one.role != ROLE]
    steps = plan_deploy(after, serving(before, containers=(*others, *running))).steps
    return [step for step in steps if "call" in step]


def test_further_ports_are_told_and_that_they_cost_nothing() -> None:
    assert _told(_app(), _app()) == []
    assert _told(_app(further=[9000]), _app()) == []
    told = _told(_app(further=[9000]), _app(further=[9000, 9100, 9200]))
    assert told == ["let web be called at port 9100 and 9200 too: no call is refused"]


def test_another_container_is_told_and_what_it_costs() -> None:
    (told,) = _told(_app(), _app(definition={"networks": {"edge": {"aliases": ["site"]}}}))
    assert told.startswith("carry the calls to web by another container beside the one before")
    assert "may be refused" in told


def test_a_proxy_that_is_made_again_is_told_with_its_gap() -> None:
    """Two containers cannot publish one port; behind the edge they need not."""
    said = {"hostnames": ["a.example.com"], "scheme": "https", "port": 80, "image": "caddy:2"}
    for edge, gap in ((None, True), (said, False)):
        proxies = [service("proxy", "caddy", definition={"init": init}) for init in (True, False)]
        before, after = (
            release(services={**document()["services"], "caddy": one}, edge=edge) for one in proxies
        )
        (step,) = (one for one in plan_deploy(after, serving(before)).steps if "update caddy" in one)
        assert ("with a short gap" in step) == gap
