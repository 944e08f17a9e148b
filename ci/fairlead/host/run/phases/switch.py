"""switch: one rename(2), and every request goes to the release; then start the workers that waited for that."""

from __future__ import annotations

import time

from ...disk.ledger import DEPLOY
from ...disk.routes import close_dark, close_inside, open_before, read_live, switch_to
from ...plan.actions import CREATE, START
from ...state.maintenance import open_for
from ...wire.errors import EngineFault
from ...wire.release import Service
from ..context import Deploy, Outcome
from .start import start_services
from .trailing import proving, trailing_services


def run_switch(deploy: Deploy) -> Outcome:
    """Point ``live`` at the release, end the ways that were open for its verification only, start its late workers.

    Raises:
        ReleaseFault: a worker cannot be started, or is not healthy and nobody watches; the caller goes back.
    """
    previous = deploy.plan.previous
    if deploy.plan.kind == DEPLOY and deploy.plan.window and previous is not None:
        open_before(deploy.paths, previous)
    open_for(deploy.paths, deploy.target)
    if deploy.progress.beforehand is not None:
        deploy.progress.before = deploy.progress.beforehand.stop()
    switch_to(deploy.paths, deploy.target.id)
    open_for(deploy.paths, deploy.target)
    deploy.progress.switched_at = time.monotonic()
    if read_live(deploy.paths) != deploy.target.id:
        raise EngineFault(f"{deploy.paths.live} does not point to release {deploy.target.id}")
    close_inside(deploy.paths)
    deploy.progress.token = close_dark(deploy.paths)
    late = _start_late(deploy)
    _prove_late(deploy, late)
    if late:
        deploy.host.note(f"started now that the release serves: {', '.join(one.name for one in late)}")
    return Outcome(f"{deploy.plan.previous or 'nothing'} -> {deploy.target.id}")


def _prove_late(deploy: Deploy, late: list[Service]) -> None:
    """Have those proved that users had not to wait for: by the watch, which sees to users meanwhile, where there is one."""
    deploy.await_started()
    deploy.progress.unproved = (*trailing_services(deploy), *late)
    if not deploy.progress.unproved:
        return
    deploy.look()
    if not deploy.plan.window:
        with proving(deploy) as proof:
            proof.wait()


def _start_late(deploy: Deploy) -> list[Service]:
    """Start the workers that say `start: after`; the old ones go on until the release is committed."""
    services = deploy.target.release.services
    actions = [
        one for one in deploy.plan.of(START, CREATE, platform=False) if services[one.service].starts_late
    ]
    if actions:
        start_services(deploy, actions)
    return [services[one.service] for one in actions]
