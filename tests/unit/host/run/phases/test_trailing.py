"""Whom a rollback proves after its switch, and what it says of him."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fairlead.host.disk.ledger import DEPLOY, ROLLBACK
from fairlead.host.engine.containers import STARTING, UNCHECKED, Container
from fairlead.host.plan.actions import CREATE, START
from fairlead.host.plan.plan import plan_rollback
from fairlead.host.run.context import Deploy
from fairlead.host.run.phases import proof, start, switch, trailing, verify, watch
from fairlead.host.shape.bundle import Bundle
from fairlead.host.watch.health import READY, Readiness
from fairlead.host.watch.healthcheck import HealthChecks
from fairlead.host.watch.probe import Answer
from fairlead.host.watch.verdict import FAIL
from fairlead.host.wire.errors import ReleaseFault
from fairlead.host.wire.planned import Action
from fairlead.host.wire.release import Service
from fairlead.host.wire.request import Options, RollbackRequest
from tests.unit.host.samples import container, document, release, service, serving

OLD, NEW = "000001", "000002"
DIGEST = "sha256:" + "a" * 64


class _Host:
    """Containers as they are, and what was said of them."""

    def __init__(self, containers: list[Container]) -> None:
        self.seen = tuple(containers)
        self.proved: set[str] = set()
        self.warnings: list[str] = []
        self.apart: tuple[Container, ...] = ()

    def list_containers(self) -> list[Container]:
        return list(self.seen)

    def refresh_containers(self) -> list[Container]:
        return list(self.seen)

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def _rollback(
    monkeypatch: pytest.MonkeyPatch, services: dict[str, Any], *, evidence: bool = False, **worker: Any
) -> Deploy:
    """Back to what stands by, with everything but its routed services started anew; the proxy publishes a port."""
    made = release(services=services)
    target = Bundle(OLD, made, dict.fromkeys(made.rolled, OLD))
    before = serving(made, NEW, digests={DIGEST: (DIGEST,)})
    proxies = [one for one in before.containers if one.role == "proxy"]
    published = [
        container("caddy", "", role="proxy", hash=one.hash, ports={"443/tcp": (("0.0.0.0", 443),)})
        for one in proxies
    ]
    others = [one for one in before.containers if one.role != "proxy"]
    standing = [container(name, OLD, hash=made.services[name].hash) for name in made.routes]
    fresh = [name for name in made.rolled if name not in made.routes]
    stopped = [container(name, OLD, hash=made.services[name].hash, running=False) for name in fresh]
    started = [container(name, OLD, hash=made.services[name].hash, **worker) for name in fresh]
    state = serving(
        made, NEW, digests={DIGEST: (DIGEST,)}, containers=(*others, *published, *standing, *stopped)
    )
    host = cast("Any", _Host([*others, *published, *standing, *started]))
    request = RollbackRequest("t", options=Options(require_evidence=evidence))
    deploy = Deploy(host, request, state, plan_rollback(target, state), target)
    monkeypatch.setattr(Deploy, "engine", None)
    monkeypatch.setattr(Deploy, "checkpoint", lambda _: None)
    for module in (proof, trailing):
        monkeypatch.setattr(module, "refresh_containers", lambda _, own: own)
    assert deploy.plan.kind == ROLLBACK
    return deploy


def _prove(deploy: Deploy) -> list[str]:
    """Prove whom the users of a rollback need not wait for."""
    deploy.progress.unproved = tuple(trailing.trailing_services(deploy))
    with trailing.proving(deploy) as late:
        late.wait()
    assert late.names == frozenset()
    return [one.name for one in deploy.progress.unproved]


def test_of_pages_nothing_is_said_once_they_were_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """They were before the switch: who asks for evidence has it."""
    deploy = _rollback(monkeypatch, document()["services"], evidence=True, check=("true",))
    assert _prove(deploy) == ["worker"]
    assert (deploy.progress.unasked, cast("Any", deploy.host).warnings) == ((), [])


def test_a_worker_whose_check_passes_is_looked_at_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the clock his next look is ten minutes away."""
    deploy = _rollback(monkeypatch, document()["services"], health=STARTING)
    monkeypatch.setattr(proof, "pause_for", lambda *_: 600.0)
    services = trailing.trailing_services(deploy)
    checks = HealthChecks(cast("Any", None), deploy.host.proved)
    late = trailing.Late(deploy, services, checks)
    late.step()
    late.step()
    assert late.names == {"worker"}
    checks._pass(next(one for one in deploy.host.seen if one.service == "worker" and one.release == OLD))
    late.pause(1.0)
    late.step()
    assert late.names == frozenset()


def test_who_has_no_check_is_still_named(monkeypatch: pytest.MonkeyPatch) -> None:
    services = {**document()["services"], "worker": service("worker", "api", gate="running")}
    deploy = _rollback(monkeypatch, services, evidence=True, health=UNCHECKED)
    with pytest.raises(ReleaseFault, match="nothing tells whether worker works"):
        _prove(deploy)


def test_who_may_get_requests_by_a_file_is_proved_before_the_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A FastCGI program behind a socket in a volume of the release: nobody calls it by its name."""
    sharing = {"web": service("app", "web", together=True), "php": service("worker", "php", together=True)}
    deploy = _rollback(monkeypatch, {**document()["services"], **sharing})
    assert [one.name for one in trailing.trailing_services(deploy)] == ["worker"]


@pytest.mark.parametrize(("window", "times"), [(0.2, 1), (0.0, 3)])
def test_who_is_not_watched_is_asked_more_than_once(
    monkeypatch: pytest.MonkeyPatch, window: float, times: int
) -> None:
    deploy = _rollback(monkeypatch, document()["services"])
    deploy = replace(deploy, plan=replace(deploy.plan, window=window))
    asked: list[str] = []
    question: Any = SimpleNamespace(
        service="web",
        direct=True,
        public=False,
        within=1.0,
        ask=lambda *_, **__: asked.append("web"),
        fault=lambda _: "",
        is_error=lambda _: False,
    )
    verify._ask(deploy, question, 0.0, 0.0, lambda: False, ())
    assert len(asked) == times


def test_pages_are_watched_while_a_worker_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker is proved when a page has been asked for, and the watch is over when he is."""
    deploy = _rollback(monkeypatch, document()["services"])
    deploy.progress.switched_at = time.monotonic()
    asked: list[frozenset[str]] = []
    late = SimpleNamespace(names=frozenset({"worker"}))

    def step() -> None:
        late.names = frozenset() if asked else late.names

    def ask(**_: object) -> Answer:
        asked.append(late.names)
        return Answer(200)

    late.step, late.pause = step, time.sleep

    page: Any = SimpleNamespace(
        service="web",
        about="page",
        public=False,
        target=SimpleNamespace(path="/"),
        ask=ask,
        fault=lambda _: "",
    )
    judged: list[str] = []

    def judge(_deploy: Deploy, one: Service, *_: object, **__: object) -> Readiness:
        judged.append(one.name)
        return Readiness(READY)

    monkeypatch.setattr(watch, "judge_service", judge)
    monkeypatch.setattr(watch, "refresh_containers", lambda _, own: own)
    watcher = watch._Watcher(deploy, 0.0, cast("Any", late))
    monkeypatch.setattr(watcher, "_questions", lambda: [page])
    assert watcher.watch().state != FAIL
    assert asked[0] == {"worker"}
    assert late.names == frozenset()
    # Until then it is its proof that tells whether he has failed.
    assert "web" in judged
    assert judged.count("worker") < judged.count("web")


def test_a_worker_is_started_while_the_phases_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    deploy = _rollback(monkeypatch, document()["services"])
    may_start = Event()
    started: list[str] = []

    def begin(_: Deploy, actions: Sequence[Action]) -> None:
        if actions:
            may_start.wait()
        started.extend(one.service for one in actions)

    monkeypatch.setattr(start, "start_services", begin)
    monkeypatch.setattr(start, "write_routes", lambda *_, **__: None)
    monkeypatch.setattr(start, "open_inside", lambda *_: None)
    monkeypatch.setattr(Deploy, "paths", None)
    assert start.run_start(deploy).detail == "worker"
    assert started == []
    assert [one.service for one in deploy.host.apart] == ["worker"]
    may_start.set()
    deploy.await_started()
    assert started == ["worker"]
    assert deploy.host.apart == ()


@pytest.mark.parametrize(("window", "proved_by"), [(0.2, "watch"), (0.0, "switch")])
def test_where_nobody_watches_a_worker_is_proved_at_once(
    monkeypatch: pytest.MonkeyPatch, window: float, proved_by: str
) -> None:
    deploy = _rollback(monkeypatch, document()["services"], check=("true",))
    deploy = replace(deploy, plan=replace(deploy.plan, window=window))
    waited: list[str] = []
    monkeypatch.setattr(trailing.Late, "wait", lambda _: waited.append("switch"))
    switch._prove_late(deploy, [])
    assert [one.name for one in deploy.progress.unproved] == ["worker"]
    assert waited == (["switch"] if proved_by == "switch" else [])


def test_who_only_starts_what_is_there_has_nothing_listed_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list costs the engine 15 ms a container, with those of all releases that are kept."""
    deploy = _rollback(monkeypatch, document()["services"])
    monkeypatch.setattr(deploy.host, "list_containers", None)
    monkeypatch.setattr(deploy.host, "refresh_containers", lambda: list(deploy.host.seen)[:1])
    assert len(deploy.look()) == 1
    assert len(deploy.host.seen) == 1
    plan = deploy.plan
    started = next(one for one in plan.actions if one.action == START)
    for changed in (
        replace(plan, kind=DEPLOY),
        replace(plan, edge=("up",)),
        replace(plan, actions=(*plan.actions, replace(started, action=CREATE))),
        replace(plan, actions=(*plan.actions, replace(started, home=""))),
    ):
        assert changed.makes_containers, changed
