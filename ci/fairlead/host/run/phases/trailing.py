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
from ..context import Context
from .proof import Proof, check_images, to_wait_for
from .recreated import find_unasked, own_containers, tell_unasked


class Late:
    """The proof of services that are started already, while the release serves. ``names`` are those yet unproved."""

    def __init__(self, context: Context, services: Sequence[Service], checks: HealthChecks) -> None:
        self._context = context
        self._services = services
        deadline = time.monotonic() + context.target.release.start_timeout
        self._proof = Proof(context, services, checks, deadline)
        self.names = frozenset(one.name for one in services)

    def step(self) -> None:
        """Look, if it is time to.

        Raises:
            ReleaseFault: one is not healthy, or not what it should be, with the evidence.
        """
        if self.names and self._proof.step():
            self._confirm()

    def wait(self) -> None:
        """Until they are proved. Raises as ``step`` does."""
        if self.names:
            self._proof.wait()
            self._confirm()

    def _confirm(self) -> None:
        seen = self._context.host.seen
        own = [one for service in self._services for one in own_containers(self._context, service, seen)]
        containers = refresh_containers(self._context.engine, own)
        check_images(self._context, containers)
        # Of pages it was told before the switch.
        tell_unasked(self._context, find_unasked(self._context, self._services, containers, ()))
        self.names = frozenset()


@contextlib.contextmanager
def proving(context: Context) -> Iterator[Late]:
    """The proof of what ``context.unproved`` names."""
    hurry = context.plan.kind == ROLLBACK
    with checking(context.engine, context.host.proved, hurry=hurry) as checks:
        yield Late(context, context.unproved, checks)


def trailing_services(context: Context) -> list[Service]:
    """Those that were started before the switch, and are proved after it."""
    if context.plan.kind != ROLLBACK:
        return []
    return [one for one in to_wait_for(context, context.host.seen) if trails(context, one)]


def trails(context: Context, service: Service) -> bool:
    """Whether users need not wait for it.

    What shares files of the release may get requests by one of them, a socket.
    """
    release = context.target.release
    needed = with_called(release, release.called)
    hurry = context.plan.kind == ROLLBACK
    return hurry and service.is_rolled and not service.together and service.name not in needed
