"""Whether what was started is fit: looked at over and over, by whoever may have something else to do meanwhile."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Optional

from ...disk.ledger import ROLLBACK
from ...engine.containers import STARTING, Container, refresh_containers
from ...plan.actions import CREATE, START
from ...state.state import read_digests
from ...watch.health import FAILED, READY
from ...watch.healthcheck import HealthChecks
from ...watch.patience import pause_for
from ...wire.release import Service
from ..context import Deploy
from .recreated import CARRYING, judge_service, own_containers, recreated_services
from .refusing import refuse
from .starting import Look

_POLL = 0.05
IN_A_ROW = 3
_SETTLE = 2.0
"""Seconds that a container without any check has to run: a crash at start shows by then."""
_SETTLE_AGAIN = 0.5
"""The same where the release has served before, and who goes back to it is in a hurry."""


class Proof:
    """Services that have to be healthy several times in a row.

    ``deadline`` (monotonic seconds) is when waiting for them ends; ``checks`` runs their own health checks.
    """

    def __init__(
        self, deploy: Deploy, services: Sequence[Service], checks: HealthChecks, deadline: float
    ) -> None:
        self._deploy = deploy
        self._services = services
        self._checks = checks
        self._deadline = deadline
        self._began = self._due = time.monotonic()
        unproved = [one for one in services if one.gate == "running" and one.role not in CARRYING]
        self._settle = _settle(deploy) if unproved else 0.0
        self._row = 0

    def step(self) -> bool:
        """Look, if it is time to; whether they are proved.

        Raises:
            ReleaseFault: one has failed, or they took too long.
        """
        if not self._services:
            return True
        if time.monotonic() < self._due:
            return False
        waiting = first_waiting(self._deploy, self._services, self._checks)
        self._row = 0 if waiting else self._row + 1
        now = time.monotonic()
        if self._row >= enough_of(self._deploy) and now - self._began >= self._settle:
            return True
        if waiting and now >= self._deadline:
            service, reason = waiting
            limit = self._deploy.target.release.start_timeout
            refuse(
                self._deploy,
                service,
                f"{service.name} was not healthy within {limit:g} s: it {reason}",
                limit,
            )
        self._due = now + (pause_for(now - self._began, _POLL) if waiting else _POLL)
        return False

    def pause(self, seconds: float) -> None:
        """Do nothing for so long, or until there is something new to look at."""
        if self._checks.pause(seconds):
            self._due = time.monotonic()

    def wait(self) -> None:
        """Until they are proved. Raises as ``step`` does."""
        while not self.step():
            self.pause(max(0.0, self._due - time.monotonic()))
            self._deploy.checkpoint()


def to_wait_for(deploy: Deploy, containers: Sequence[Container]) -> list[Service]:
    """The services that start or are recreated, and those that run on though the engine has not looked at them yet."""
    started = {one.service for one in deploy.plan.of(START, CREATE, platform=False)}
    rolled = deploy.target.release.rolled.values()
    waited = [
        service
        for service in rolled
        if (service.name in started and not service.starts_late)
        or any(one.health == STARTING for one in own_containers(deploy, service, containers))
    ]
    return [*recreated_services(deploy), *waited]


def enough_of(deploy: Deploy) -> int:
    """How often in a row: whoever goes back is in a hurry, and to what has served before."""
    return 1 if deploy.plan.kind == ROLLBACK else IN_A_ROW


def _settle(deploy: Deploy) -> float:
    return _SETTLE_AGAIN if deploy.plan.kind == ROLLBACK else _SETTLE


def first_waiting(
    deploy: Deploy, services: Sequence[Service], checks: Optional[HealthChecks] = None
) -> Optional[tuple[Service, str]]:
    """A service that is not ready yet, and why; one that has failed ends it all."""
    waiting = None
    look = Look(deploy)
    for service in services:
        own = refresh_containers(deploy.engine, own_containers(deploy, service, deploy.host.seen))
        if len(own) < service.replicas:
            own = own_containers(deploy, service, deploy.host.list_containers())
        if checks is not None:
            checks.follow(service, own)
        verdict = look.judge(service.name, own, partial(judge_service, deploy, service))
        if verdict.state == FAILED:
            refuse(deploy, service, f"{service.name} {verdict.reason}")
        if verdict.state != READY and waiting is None:
            waiting = service, verdict.reason
    look.end()
    return waiting


def check_images(deploy: Deploy, containers: list[Container]) -> None:
    """The image that runs is the one that was scanned and published, by its digest."""
    for service in (*deploy.target.release.rolled.values(), *recreated_services(deploy)):
        if service.digest is None:
            deploy.host.note(f"{service.name}: its image has no digest, so that nobody can tell what runs")
            continue
        for image in {one.image_id for one in own_containers(deploy, service, containers)}:
            running = deploy.state.digests.get(image, ())
            if service.digests.isdisjoint(running):
                # It was not there yet, or not under this name: the engine takes 20 ms an image, so only then.
                running = read_digests(deploy.engine, image)
            if service.digests.isdisjoint(running):
                found = ", ".join(running) or image
                refuse(deploy, service, f"{service.name} runs another image than the release's: {found}")
