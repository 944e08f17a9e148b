"""Whom a rollback proves after its switch, and what it says of him."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fairlead.host.disk.ledger import ROLLBACK
from fairlead.host.engine.containers import UNCHECKED, Container
from fairlead.host.plan.plan import plan_rollback
from fairlead.host.run.context import Deploy
from fairlead.host.run.phases import verify
from fairlead.host.shape.bundle import Bundle
from fairlead.host.wire.errors import ReleaseFault
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

    def list_containers(self) -> list[Container]:
        return list(self.seen)

    refresh_containers = list_containers

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
    monkeypatch.setattr(verify, "refresh_containers", lambda _, own: own)
    assert deploy.plan.kind == ROLLBACK
    return deploy


def test_of_pages_nothing_is_said_once_they_were_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """They were before the switch: who asks for evidence has it."""
    deploy = _rollback(monkeypatch, document()["services"], evidence=True, check=("true",))
    trailing = verify.trailing_services(deploy)
    assert [one.name for one in trailing] == ["worker"]
    verify.verify_late(deploy, trailing)
    assert (deploy.progress.unasked, cast("Any", deploy.host).warnings) == ((), [])


def test_who_has_no_check_is_still_named(monkeypatch: pytest.MonkeyPatch) -> None:
    services = {**document()["services"], "worker": service("worker", "api", gate="running")}
    deploy = _rollback(monkeypatch, services, evidence=True, health=UNCHECKED)
    with pytest.raises(ReleaseFault, match="nothing tells whether worker works"):
        verify.verify_late(deploy, verify.trailing_services(deploy))


def test_who_may_get_requests_by_a_file_is_proved_before_the_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A FastCGI program behind a socket in a volume of the release: nobody calls it by its name."""
    sharing = {"web": service("app", "web", together=True), "php": service("worker", "php", together=True)}
    deploy = _rollback(monkeypatch, {**document()["services"], **sharing})
    assert [one.name for one in verify.trailing_services(deploy)] == ["worker"]


@pytest.mark.parametrize(("window", "times"), [(0.2, 1), (0.0, 3)])
def test_who_is_not_watched_is_asked_more_than_once(
    monkeypatch: pytest.MonkeyPatch, window: float, times: int
) -> None:
    made = _rollback(monkeypatch, document()["services"])
    deploy = replace(made, plan=replace(made.plan, window=window))
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
    verify._ask(deploy, question, 0.0, 0.0, list, ())
    assert len(asked) == times
