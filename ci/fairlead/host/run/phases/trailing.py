"""What users need not wait for: workers, of a rollback and those that start after the switch.

Who goes back is in a hurry, and no request of users comes to a worker: it is started beside everything else, and proved
while the release that serves is watched. Before the command ends with 0 it is.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence

from ...disk.ledger import ROLLBACK
from ...engine.containers import refresh_containers
from ...state.standby import with_called
from ...watch.healthcheck import HealthChecks, checking
from ...wire.release import Service
from ..context import Deploy
from .proof import Proof, check_images, to_wait_for
from .recreated import find_unasked, own_containers, tell_unasked


class Late:
    """The proof of services that are started already, while the release serves. ``names`` are those yet unproved."""

    def __init__(self, deploy: Deploy, services: Sequence[Service], checks: HealthChecks) -> None:
        self._deploy = deploy
        self._services = services
        deadline = time.monotonic() + deploy.target.release.start_timeout
        self._proof = Proof(deploy, services, checks, deadline)
        self.names = frozenset(one.name for one in services)

    def step(self) -> None:
        """Look, if it is time to.

        Raises:
            ReleaseFault: one is not healthy, or not what it should be, with the evidence.
        """
        if self.names and self._proof.step():
            self._confirm()

    def pause(self, seconds: float) -> None:
        """Do nothing for so long, or until there is something new to look at."""
        if self.names:
            self._proof.pause(seconds)
        else:
            time.sleep(seconds)

    def wait(self) -> None:
        """Until they are proved. Raises as ``step`` does."""
        if self.names:
            self._proof.wait()
            self._confirm()

    def _confirm(self) -> None:
        seen = self._deploy.host.seen
        own = [one for service in self._services for one in own_containers(self._deploy, service, seen)]
        containers = refresh_containers(self._deploy.engine, own)
        check_images(self._deploy, containers)
        # Of pages it was told before the switch.
        tell_unasked(self._deploy, find_unasked(self._deploy, self._services, containers, ()))
        self.names = frozenset()


@contextlib.contextmanager
def proving(deploy: Deploy) -> Iterator[Late]:
    """The proof of what ``deploy.progress.unproved`` names."""
    hurry = deploy.plan.kind == ROLLBACK
    with checking(deploy.engine, deploy.host.proved, hurry=hurry) as checks:
        yield Late(deploy, deploy.progress.unproved, checks)


def trailing_services(deploy: Deploy) -> list[Service]:
    """Those that were started before the switch, and are proved after it."""
    if deploy.plan.kind != ROLLBACK:
        return []
    return [one for one in to_wait_for(deploy, deploy.host.seen) if trails(deploy, one)]


def trails(deploy: Deploy, service: Service) -> bool:
    """Whether users need not wait for it.

    What shares files of the release may get requests by one of them, a socket.
    """
    release = deploy.target.release
    needed = with_called(release, release.called)
    hurry = deploy.plan.kind == ROLLBACK
    return hurry and service.is_rolled and not service.together and service.name not in needed
