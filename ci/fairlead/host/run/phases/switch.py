"""switch: one rename(2), and every request goes to the release; then start the workers that waited for that."""

from __future__ import annotations

import time

from ...disk.ledger import DEPLOY
from ...disk.routes import close_dark, close_inside, open_before, read_live, switch_to
from ...plan.actions import CREATE, START
from ...state.maintenance import open_for
from ...wire.errors import EngineFault
from ...wire.release import Service
from ..context import Context, Outcome
from .start import start_services
from .trailing import proving, trailing_services


def run_switch(context: Context) -> Outcome:
    """Point ``live`` at the release, end the ways that were open for its verification only, start its late workers.

    Raises:
        ReleaseFault: a worker cannot be started, or is not healthy and nobody watches; the caller goes back.
    """
    previous = context.plan.previous
    if context.plan.kind == DEPLOY and context.plan.window and previous is not None:
        open_before(context.paths, previous)
    open_for(context.paths, context.target)
    switch_to(context.paths, context.target.id)
    open_for(context.paths, context.target)
    context.switched_at = time.monotonic()
    if read_live(context.paths) != context.target.id:
        raise EngineFault(f"{context.paths.live} does not point to release {context.target.id}")
    close_inside(context.paths)
    context.token = close_dark(context.paths)
    late = _start_late(context)
    _prove_late(context, late)
    if late:
        context.host.note(f"started now that the release serves: {', '.join(one.name for one in late)}")
    return Outcome(f"{context.plan.previous or 'nothing'} -> {context.target.id}")


def _prove_late(context: Context, late: list[Service]) -> None:
    """Have those proved that users had not to wait for: by the watch, which sees to users meanwhile, where there is one."""
    context.await_started()
    context.unproved = (*trailing_services(context), *late)
    if not context.unproved:
        return
    context.look()
    if not context.plan.window:
        with proving(context) as proof:
            proof.wait()


def _start_late(context: Context) -> list[Service]:
    """Start the workers that say `start: after`; the old ones go on until the release is committed."""
    services = context.target.release.services
    actions = [
        one for one in context.plan.of(START, CREATE, platform=False) if services[one.service].starts_late
    ]
    if actions:
        start_services(context, actions)
    return [services[one.service] for one in actions]
