"""What becomes of each service in a deploy or a rollback, and why. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from ..disk.ledger import LOST
from ..engine.containers import Container
from ..shape.bundle import Bundle
from ..shape.project import platform_hashes, used_resources
from ..state.state import State
from ..watch.health import READY, judge_replicas
from ..wire.caddy.snippet import render_switch
from ..wire.fleet import Fleet
from ..wire.planned import Action
from ..wire.release import Release, Service
from .actions import AWAIT, CARRY, CREATE, KEEP, REMOVE, RUN, SKIP, START, UPDATE
from .changes import explain_change

PROXY = "proxy"


def platform_actions(release: Release, state: State, *, keep_state: bool) -> list[Action]:
    """What is done to the services that outlive releases; ``keep_state``: those with data stay as they are."""
    hashes = platform_hashes(release, render_switch(h2c=release.has_h2c))
    actions = []
    for name, service in release.platform.items():
        containers = state.of_service(name, "")
        if not containers and service.replicas:
            action, reason = START, "it is not there yet" if state.live is None else "it is new"
        elif any(one.hash != hashes[name] for one in containers):
            if keep_state and service.role == "state":
                action, reason = KEEP, "its definition differs, but data does not go back"
            else:
                action, reason = UPDATE, _platform_change(service, release, state)
        elif len([one for one in containers if one.running]) < service.replicas:
            action, reason = START, "it does not run"
        else:
            action, reason = KEEP, "unchanged"
        actions.append(Action(name, service.role, action, reason, service.pinned, "", service.why))
    return actions


def _platform_change(service: Service, release: Release, state: State) -> str:
    old = state.live.release.services.get(service.name) if state.live else None
    reason = explain_change(old, service, state.live.release if state.live else None, release)
    if service.name != release.proxy:
        return reason or "it was changed by hand"
    gap = "" if release.edge is not None else ", with a short gap: two containers cannot publish one port"
    return f"{reason or 'the routes changed'}{gap}"


def rolled_actions(release: Release, state: State) -> list[Action]:
    """What a deploy does to the services that each release has of its own."""
    rolled = [_roll(service, release, state) for service in release.rolled.values()]
    return _together(rolled, release, state)


def _roll(service: Service, release: Release, state: State) -> Action:
    reason = _why_start(service, release, state)
    if reason is not None or state.live is None:
        return Action(
            service.name,
            service.role,
            START,
            reason or "the first deploy",
            service.pinned,
            state.next_id,
            service.why,
        )
    home = state.live.homes[service.name]
    return Action(
        service.name, service.role, CARRY, "unchanged, and it is healthy", service.pinned, home, service.why
    )


def _together(actions: list[Action], release: Release, state: State) -> list[Action]:
    """Where one of those that belong together starts, all do: what they share is of one release."""
    members = {name for name, service in release.rolled.items() if service.together}
    first = next((one for one in actions if one.service in members and one.action == START), None)
    homes = {one.home for one in actions if one.service in members}
    if first is None and len(homes) < 2:
        return actions
    reason = f"it goes together with {first.service}" if first else "it goes together with others"
    return [
        replace(one, action=START, reason=reason, home=state.next_id)
        if one.service in members and one.action == CARRY
        else one
        for one in actions
    ]


def _why_start(service: Service, release: Release, state: State) -> Optional[str]:
    """Why a service cannot be carried over; None when it can."""
    live = state.live
    old = live.release.services.get(service.name) if live else None
    if live is None:
        return "the first deploy"
    if old is None or service.name not in live.homes:
        return "it is new"
    reason = explain_change(old, service, live.release, release)
    if reason is not None:
        return reason
    if set(old.calls) != set(service.calls):
        # By which names it finds them is part of its container.
        return "it calls other services within the release"
    if used_resources(old, live.release) != used_resources(service, release):
        return "its networks or volumes changed"
    containers = state.of_service(service.name, live.homes[service.name])
    return None if _is_fit(service, containers) else "its containers are not all healthy"


def _is_fit(service: Service, containers: list[Container]) -> bool:
    """Whether containers that run already may go on; restarts of the past do not count.

    One that is starting may: it has passed its check when it was verified, or verify waits for it.
    """
    known = {one.id: one.restarts for one in containers}
    verdict = judge_replicas(
        containers, wanted=service.replicas, gate=service.gate, restarts=known, proved=known
    )
    return verdict.state == READY and len(containers) == service.replicas


def plan_return(service: Service, target: Bundle, state: State) -> Action:
    """What a rollback to the target does to one of its services."""
    home = target.homes.get(service.name, target.id)
    containers = state.of_service(service.name, home)
    if any(one.hash != service.hash for one in containers):
        action, reason = CREATE, "a secret that it reads was rotated"
    elif _is_fit(service, containers):
        action, reason = KEEP, "it runs"
    elif len(containers) == service.replicas and not any(one.running for one in containers):
        action, reason = START, "its containers are stopped, and startable"
    elif len(containers) == service.replicas:
        action, reason = START, "its containers are not all healthy"
    else:
        action, reason = CREATE, "its containers were pruned"
    return Action(service.name, service.role, action, reason, service.pinned, home, service.why)


def plan_job(service: Service, state: State, fleet: Optional[Fleet]) -> Action:
    """Whether a job is run, has been run, or is another host's."""
    run = state.ledger.jobs.get(service.hash)
    done = run is not None and run.state == "done"
    reason = f"it has run, for release {run.release}" if run is not None and done else "it has not run yet"
    if run is not None and run.state == "failed":
        reason = "it failed the last time"
    if run is not None and run.state == LOST:
        reason = "what it did is gone with a deploy that failed"
    if not done and fleet is not None and service.name in fleet.once:
        if service.hash in fleet.done:
            return Action(service.name, service.role, AWAIT, "it has run on another host", service.pinned, "")
        if fleet.runner:
            return Action(service.name, service.role, AWAIT, f"{fleet.runner} runs it", service.pinned, "")
    return Action(service.name, service.role, SKIP if done else RUN, reason, service.pinned, "", service.why)


def removals(release: Release, state: State) -> list[Action]:
    """Services that are no longer in the release, and what is left of one before it. No volume goes with them."""
    if state.live is None:
        return []
    actions = []
    for name, old in state.live.release.services.items():
        new = release.services.get(name)
        if old.is_job or (new is not None and new.is_rolled == old.is_rolled and not new.is_job):
            continue
        home = state.live.homes.get(name, "") if old.is_rolled else ""
        reason = "it is no longer in the release" if new is None else _other_kind(new)
        actions.append(Action(name, old.role, REMOVE, reason, old.pinned, home, old.why))
    known = {**state.live.release.services, **release.services}
    strangers = [one for one in state.containers if one.running and not one.release and not one.oneoff]
    return [
        *actions,
        *(
            Action(one.service, one.role, REMOVE, "no release has it any more", one.image, "")
            for one in strangers
            if one.service not in known and one.role != PROXY
        ),
    ]


def _other_kind(new: Service) -> str:
    """What has become of a service."""
    if new.is_job:
        return "it is a one-shot now"
    return "each release has its own now" if new.is_rolled else "it outlives releases now"
