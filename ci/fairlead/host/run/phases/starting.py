"""Services while they start: how each is, with patience for one that crashes where others do not answer yet."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ...engine.containers import Container
from ...watch.crashes import Crashes, Judge, Standing
from ...watch.health import Readiness
from ...watch.healthcheck import expected_answer, plan_knock
from ...watch.probe import probe_http
from ...wire.release import Release
from ..context import Deploy

_WITHIN = 1.0


def crashes_of(deploy: Deploy) -> Crashes:
    """The crashes of the transaction, which are counted from here on."""
    if deploy.progress.crashes is None:
        deploy.progress.crashes = Crashes(deploy.engine, restarts_before(deploy), deploy.host.proved)
    return deploy.progress.crashes


def restarts_before(deploy: Deploy) -> dict[str, int]:
    """How often those that ran before had been restarted: what runs on is not blamed for its past."""
    return {one.id: one.restarts for one in deploy.state.containers if one.running}


class Look:
    """One look at services that start, in turn: how each is, and at its end who answers."""

    def __init__(self, deploy: Deploy) -> None:
        self._deploy = deploy
        self._seen: list[Standing] = []

    def judge(self, service: str, own: Sequence[Container], judge: Judge) -> Readiness:
        """How this service is; while the release serves, a crash is a crash."""
        if self._deploy.progress.switched_at:
            return judge(own, restarts_before(self._deploy))
        verdict = crashes_of(self._deploy).judge(own, judge)
        self._seen.append(Standing(service, own, verdict))
        return verdict

    def end(self) -> None:
        """Compare: those that crash though everybody else answers do so for a reason of their own."""
        crashes_of(self._deploy).compare(self._seen, partial(_answers, self._deploy.target.release))


def tell_crashes(deploy: Deploy) -> list[str]:
    """Warn of what came up late only, and say how often it was started again, in words."""
    told = [f"{service} {words}" for service, words in crashes_of(deploy).told()]
    for one in told:
        deploy.host.warn(f"{one} while the release started, and has stayed up since")
    return told


def look_again(deploy: Deploy) -> list[Container]:
    """The containers as they are now; one that was started again may have another address, and counts from there."""
    return deploy.host.list_containers() if crashes_of(deploy).total else deploy.host.refresh_containers()


def _answers(release: Release, one: Standing) -> bool:
    """Whether a service answers at its own port as it should, where it has one to ask at."""
    service = release.services[one.service]
    targets = (plan_knock(service, container) for container in one.own)
    return all(
        not probe_http(target, timeout=_WITHIN).fault(expected_answer(service))
        for target in targets
        if target
    )
