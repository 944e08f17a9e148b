"""From a request to its plan: what is on this host decides what a release comes to here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Tuple

from ..disk.ledger import Ledger, Rotation
from ..disk.paths import Paths
from ..disk.routes import read_live
from ..engine.engine import Engine
from ..shape.bundle import Bundle, read_bundle
from ..shape.rotation import replace_secrets, stored_values
from ..state.nameless import find_unkept
from ..state.state import State, read_state
from ..wire.errors import InputFault
from ..wire.planned import Refusal
from ..wire.release import Release
from ..wire.request import Options, RollbackRequest
from ..wire.signature import Signed
from .actions import RUN, SKIP, START
from .only import choose_services, explain_left
from .plan import Plan, plan_deploy, plan_rollback
from .policy import read_policy
from .target import find_target, refuse_moved

Decision = Tuple[State, Plan, Bundle]
"""The state of the host, the plan, and the release as it will be."""


def decide_deploy(
    paths: Paths,
    engine: Engine,
    release: Release,
    options: Options,
    signature: str = "",
    *,
    foreseen: bool = False,
) -> Decision:
    """What a deploy comes to; ``signature`` is over the release as it came, empty where nobody signed it.

    ``foreseen``: its images are still to be built, so that nobody can have signed it.

    Raises:
        InputFault: it is of another app, the policy of the host forbids it, or ``options.only`` asks for what cannot be done.
        EngineFault: the engine does not answer.
    """
    if release.app != paths.app:
        raise InputFault(f"the release is of the app {release.app!r}, and was sent to {paths.app!r}")
    signed = Signed(release.document, signature) if signature and not options.only else None
    policy = read_policy()
    policy.require_whole(options.only)
    (replace(policy, signers=None) if foreseen else policy).require(release, signed)
    live = read_bundle(paths, read_live(paths))
    chosen = choose_services(release, live.release if live is not None else None, options.only)
    state = read_state(paths, engine, chosen, options.lowest_id)
    plan = plan_deploy(chosen, state, options)
    if options.only:
        plan = replace(plan, actions=tuple(explain_left(plan.actions, release, chosen)))
    return state, plan, Bundle(plan.release, chosen, plan.homes, signed)


def decide_rotation(paths: Paths, engine: Engine, secrets: Mapping[str, str], options: Options) -> Decision:
    """What new values of secrets (name -> mark) come to: the release that serves, with them.

    Raises:
        InputFault: nothing serves, it has no such secret, or the policy of the host forbids it.
        EngineFault: the engine does not answer.
    """
    live = read_bundle(paths, read_live(paths))
    if live is None:
        raise InputFault(
            f"nothing serves of {paths.app}, so that nobody reads its secrets", fix="deploy it first"
        )
    release = replace_secrets(live.release, secrets)
    read_policy().require(release, live.signed)
    state = read_state(paths, engine, release, options.lowest_id)
    stored = {name: stored_values(paths, name, but=value) for name, value in secrets.items()}
    plan = plan_rotated(plan_deploy(release, state, options), secrets, stored)
    plan = replace(plan, refusals=(*plan.refusals, *_emptied(engine, release, plan, state, options)))
    return state, plan, Bundle(plan.release, release, plan.homes, live.signed)


def _emptied(
    engine: Engine, release: Release, plan: Plan, state: State, options: Options
) -> Iterator[Refusal]:
    """Why its readers cannot be started anew, though the images are those that serve: said before anything is done."""
    for one in plan.of(START, platform=False):
        if one.service not in options.accept_recreate:
            unkept = find_unkept(engine, release.services[one.service], state)
            if unkept is not None:
                fault = unkept.by_rotation()
                yield Refusal(fault.what, "; ".join((fault.why, *fault.details)), fault.fix)


def decide_rollback(paths: Paths, engine: Engine, ledger: Ledger, request: RollbackRequest) -> Decision:
    """What going back comes to.

    Raises:
        InputFault: there is no such release, or the policy of the host forbids it.
        EngineFault: the engine does not answer.
    """
    live = read_live(paths)
    refuse_moved(live, request.serving)
    bundle = find_target(paths, ledger, live, request.to)
    read_policy().require(bundle.release, bundle.signed)
    state = read_state(paths, engine, bundle.release)
    return state, plan_rollback(bundle, state, request.options), bundle


def plan_rotated(plan: Plan, values: Mapping[str, str], stored: Mapping[str, frozenset[str]]) -> Plan:
    """The plan of a rotation: no job runs for it, and with its commit every other value is revoked. Pure.

    Args:
        plan: of the release with the new values, as of any other.
        values: name -> what the new value is called.
        stored: name -> what every other value that lies on the host is called.
    """
    actions = tuple(
        replace(one, action=SKIP, reason="the images stay as they are") if one.action == RUN else one
        for one in plan.actions
    )
    rotations = {
        name: Rotation(plan.release, value, stored[name] - {value}) for name, value in values.items()
    }
    return replace(plan, actions=actions, rotations=rotations)
