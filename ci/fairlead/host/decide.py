"""From a request to its plan: what is on this host decides what a release comes to here."""

from __future__ import annotations

from dataclasses import replace
from typing import Tuple

from .bundle import Bundle, read_bundle
from .engine import Engine
from .only import choose_services, explain_left
from .paths import Paths
from .plan import Plan, plan_deploy
from .release import Release
from .request import Options
from .routes import read_live
from .state import State, read_state

Decision = Tuple[State, Plan, Bundle]


def decide_deploy(paths: Paths, engine: Engine, release: Release, options: Options) -> Decision:
    """The state of the host, the plan, and the release as it will be.

    Raises:
        InputFault: ``options.only`` asks for what cannot be done.
        EngineFault: the engine does not answer.
    """
    live = read_bundle(paths, read_live(paths))
    chosen = choose_services(release, live.release if live is not None else None, options.only)
    state = read_state(paths, engine, chosen, options.lowest_id)
    plan = plan_deploy(chosen, state, options)
    if options.only:
        plan = replace(plan, actions=tuple(explain_left(plan.actions, release, chosen)))
    return state, plan, Bundle(plan.release, chosen, plan.homes)
