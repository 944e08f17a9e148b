"""switch: one rename(2), and every request goes to the release."""

from __future__ import annotations

import time

from ..context import Context, Outcome
from ..errors import EngineFault
from ..routes import close_dark, close_inside, read_live, switch_to


def run_switch(context: Context) -> Outcome:
    """Point ``live`` at the release, then end the ways that were open for its verification only."""
    switch_to(context.paths, context.target.id)
    context.switched_at = time.monotonic()
    if read_live(context.paths) != context.target.id:
        raise EngineFault(f"{context.paths.live} does not point to release {context.target.id}")
    close_inside(context.paths)
    close_dark(context.paths)
    return Outcome(f"{context.plan.previous or 'nothing'} -> {context.target.id}")
