"""Hold until the client, which knows of the other hosts, says go on or stop."""

from __future__ import annotations

import time

from ..disk.orders import attended_at, is_ordered
from ..wire.errors import DoubtFault, ReleaseFault
from ..wire.events import HoldEvent
from ..wire.fleet import COMMIT
from ..wire.phases import AGREE, READY
from .context import Deploy, Outcome

_POLL = 0.02


def run_ready(deploy: Deploy) -> Outcome:
    """Hold until every host has verified the release."""
    return hold(deploy, READY.holds)


def run_agree(deploy: Deploy) -> Outcome:
    """Hold until every host has passed its watch."""
    return hold(deploy, AGREE.holds)


def hold(deploy: Deploy, point: str) -> Outcome:
    """Tell the client that this host is at the point, and wait for its word.

    Raises:
        StoppedFault: it said stop.
        ReleaseFault: nothing was heard of it for the fleet's `hold_timeout`.
        DoubtFault: the same at the last point, where another host may have been told to commit.
    """
    fleet = deploy.options.fleet
    if fleet is None:
        return Outcome(skipped=True)
    folder = deploy.paths.task(deploy.request.task)
    deploy.host.emit(HoldEvent(point))
    began = heard = time.monotonic()
    last = attended_at(folder)
    while not is_ordered(folder, point):
        deploy.checkpoint()
        if (now := attended_at(folder)) != last:
            last, heard = now, time.monotonic()
        if time.monotonic() - heard > fleet.hold_timeout:
            _give_up(point, fleet.hold_timeout)
        time.sleep(_POLL)
    return Outcome(f"waited {time.monotonic() - began:.1f} s for the other hosts")


def _give_up(point: str, hold_timeout: float) -> None:
    what = f"nothing was heard for {hold_timeout:g} s of the command that deploys to the other hosts"
    if point == COMMIT:
        raise DoubtFault(
            what,
            why="this host was ready to commit; whether another one was told to is not known here",
            fix="any fairlead command for this environment settles it: `fairlead status`, `deploy`, `rollback`, `repair`",
        )
    raise ReleaseFault(
        what, why="without it nobody knows how the other hosts are", fix="run the same command again"
    )
