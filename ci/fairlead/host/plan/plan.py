"""What a deploy or a rollback will do, and why. Pure: the plan that is printed is the plan that runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Optional

from ..disk.ledger import DEPLOY, LOST, ROLLBACK, Rotation
from ..disk.routes import service_name
from ..edge.plan import needs_image, plan_edge
from ..engine.containers import Container
from ..shape.bundle import Bundle
from ..shape.project import listed_volumes, platform_hashes, used_resources
from ..state.state import State
from ..watch.health import READY, judge_replicas
from ..wire.caddy.snippet import render_switch
from ..wire.fleet import Fleet
from ..wire.planned import Action, PlanAnswer, Refusal
from ..wire.release import Release, Service, content_of
from ..wire.request import Options
from .actions import AWAIT, CARRY, CREATE, KEEP, REMOVE, RUN, SKIP, START, UPDATE
from .carried import plan_carried
from .changes import explain_change
from .handover import Handover, plan_handovers
from .job_order import order_jobs
from .refusals import plan_refusals, plan_rollback_refusals

PROXY = "proxy"
ROLLBACK_WINDOW = 0.2
"""Seconds at most that a rollback is watched: the release has proved itself before, and who goes back is in a hurry."""


@dataclass(frozen=True)
class Plan:
    """A deploy or rollback, decided.

    ``resources``: networks or volumes have to be made; ``window``: for how many seconds it is watched;
    ``edge``: what is done to the edge of the host, in words; ``data``: folders for what is written, to be made;
    ``handovers``: who ends before another one starts; ``left``: the volumes that nothing uses any more;
    ``left_data``: the folders for what is written that nothing uses any more;
    ``carried``: what changes in how services are called, in words.
    """

    kind: str
    app: str
    release: str
    previous: Optional[str]
    actions: tuple[Action, ...]
    pull: tuple[str, ...]
    resources: bool
    unchanged: bool
    refusals: tuple[Refusal, ...] = ()
    window: float = 0.0
    rotations: Mapping[str, Rotation] = field(default_factory=dict)
    edge: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    handovers: tuple[Handover, ...] = ()
    left: tuple[str, ...] = ()
    left_data: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()

    def of(self, *actions: str, platform: bool) -> list[Action]:
        """The actions of these kinds, of the platform or of the rolled services."""
        return [one for one in self.actions if one.action in actions and self._is_platform(one) == platform]

    @property
    def makes_containers(self) -> bool:
        """Whether more may happen than that containers which are there are kept or started again."""
        known = all(
            one.action in (CARRY, KEEP, SKIP) or (one.action == START and one.home) for one in self.actions
        )
        return self.kind == DEPLOY or not known or bool(self.edge or self.handovers)

    @property
    def homes(self) -> dict[str, str]:
        """Rolled service -> the release whose containers serve it from now on."""
        return {
            one.service: one.home
            for one in self.actions
            if one.home and one.action not in (REMOVE, RUN, SKIP, AWAIT)
        }

    @property
    def names(self) -> dict[str, str]:
        """Rolled service -> DNS name."""
        return {service: service_name(service, home) for service, home in self.homes.items()}

    @property
    def steps(self) -> list[str]:
        """The plan in words, in the order in which it runs."""
        if self.unchanged:
            return [f"nothing: release {self.previous} is this very one, and it serves"]
        steps = [f"pull {image}" for image in self.pull]
        steps += [f"make the folder data/{name}, which stays over all releases" for name in self.data]
        steps += [str(one) for one in self.handovers]
        steps += [
            _in_words(one) for one in self.actions if self._is_platform(one) and one.action in (START, UPDATE)
        ]
        steps += [*self.carried, *self.edge]
        steps += [_in_words(one) for one in self.actions if one.action == RUN]
        steps += [_in_words(one) for one in self.actions if one.home and one.action in (START, CREATE)]
        steps += ["verify health, images and answers over the dark route", f"switch to {self.release}"]
        if self.window:
            steps.append(f"watch it for {self.window:g} s, and go back if it fails")
        steps += [_in_words(one) for one in self.actions if one.action == REMOVE]
        steps += [f"keep the volume {name}, with its data: nothing uses it any more" for name in self.left]
        steps += [f"keep the folder data/{name}: nothing uses it any more" for name in self.left_data]
        steps += [f"remove the old value of the secret {name}" for name in sorted(self.rotations)]
        return steps

    @property
    def answer(self) -> PlanAnswer:
        """As it is shown."""
        return PlanAnswer(
            kind=self.kind,
            app=self.app,
            release=self.release,
            previous=self.previous,
            unchanged=self.unchanged,
            actions=self.actions,
            pull=self.pull,
            steps=tuple(self.steps),
            refusals=self.refusals,
        )

    def _is_platform(self, action: Action) -> bool:
        return not action.home and action.action not in (RUN, SKIP, AWAIT)


def plan_deploy(release: Release, state: State, options: Optional[Options] = None) -> Plan:
    """Decide what a deploy of this release does to this host."""
    options = options or Options()
    platform = _platform_actions(release, state, keep_state=False)
    rolled = _together(
        [_roll(service, release, state) for service in release.rolled.values()], release, state
    )
    jobs = [_job(service, state, options.fleet) for service in order_jobs(release.jobs)]
    actions = (*platform, *jobs, *rolled, *_removals(release, state))
    resources = state.live is None or _lists_new(release, state.live.release)
    edge = plan_edge(release, state.edge, state.containers, upgrade=options.upgrade_edge)
    data = tuple(sorted(set(release.data) - state.data))
    idle = all(one.action in (KEEP, CARRY, SKIP, AWAIT) for one in actions) and not (
        resources or edge or data
    )
    same = state.live is not None and content_of(release.document) == content_of(state.live.release.document)
    return Plan(
        kind=DEPLOY,
        app=release.app,
        release=state.next_id,
        previous=state.serving,
        actions=actions,
        pull=_images_to_pull(release, actions, state, upgrade=options.upgrade_edge),
        resources=resources,
        unchanged=idle and same,
        refusals=plan_refusals(
            release, state, options, [one.service for one in platform if one.action == UPDATE]
        ),
        window=release.watch.window,
        edge=edge,
        data=data,
        handovers=plan_handovers(release, state.containers, actions),
        left=_volumes_left(release, state),
        left_data=_folders_left(release, state),
        carried=tuple(plan_carried(release, state.live, state.containers)),
    )


def plan_rollback(target: Bundle, state: State, options: Optional[Options] = None) -> Plan:
    """Decide what going back to a release does. State services stay as they are: their data does not go back."""
    release = target.release
    platform = _platform_actions(release, state, keep_state=True)
    rolled = [_restore(service, target, state) for service in release.rolled.values()]
    actions = (*platform, *rolled, *_removals(release, state))
    options = options or Options()
    edge = plan_edge(release, state.edge, state.containers, upgrade=False)
    return Plan(
        kind=ROLLBACK,
        app=release.app,
        release=target.id,
        previous=state.serving,
        actions=actions,
        pull=_images_to_pull(release, actions, state),
        resources=False,
        unchanged=state.serving == target.id and all(one.action == KEEP for one in rolled) and not edge,
        refusals=plan_rollback_refusals(target, state, options),
        window=min(release.watch.window, ROLLBACK_WINDOW),
        edge=edge,
        handovers=plan_handovers(release, state.containers, actions),
        left=_volumes_left(release, state),
        left_data=_folders_left(release, state),
        carried=tuple(plan_carried(release, state.live, state.containers)),
    )


def _platform_actions(release: Release, state: State, *, keep_state: bool) -> list[Action]:
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


def _restore(service: Service, target: Bundle, state: State) -> Action:
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


def _job(service: Service, state: State, fleet: Optional[Fleet]) -> Action:
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


def _removals(release: Release, state: State) -> list[Action]:
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


def _volumes_left(release: Release, state: State) -> tuple[str, ...]:
    """The app's volumes that the release which serves has, and this one has not."""
    live = listed_volumes(state.live.release) if state.live is not None else {}
    return tuple(sorted(set(live.values()) - set(listed_volumes(release).values())))


def _folders_left(release: Release, state: State) -> tuple[str, ...]:
    """The app's folders that the release which serves has, and this one has not."""
    return tuple(sorted(set(state.live.release.data) - set(release.data))) if state.live is not None else ()


def _images_to_pull(
    release: Release, actions: tuple[Action, ...], state: State, *, upgrade: bool = False
) -> tuple[str, ...]:
    needed = [
        release.services[one.service].image for one in actions if one.action in (START, CREATE, UPDATE, RUN)
    ]
    if release.edge is not None and needs_image(release, state.edge, upgrade=upgrade):
        needed.append(release.edge.image)
    return tuple(dict.fromkeys(image for image in needed if image not in state.present))


def _lists_new(release: Release, live: Release) -> bool:
    return not (set(release.networks) <= set(live.networks) and set(release.volumes) <= set(live.volumes))


def _in_words(action: Action) -> str:
    verb = {START: "start", CREATE: "create", UPDATE: "update", RUN: "run", REMOVE: "remove"}[action.action]
    return f"{verb} {action.service}: {action.reason}"
