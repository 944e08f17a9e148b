"""What a deploy or a rollback will do, and why. Pure: the plan that is printed is the plan that runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Optional

from ..disk.ledger import DEPLOY, ROLLBACK, Rotation
from ..disk.routes import service_name
from ..edge.plan import needs_image, plan_edge
from ..shape.bundle import Bundle
from ..shape.project import listed_volumes
from ..state.state import State
from ..wire.planned import Action, PlanAnswer, Refusal
from ..wire.release import Release, content_of
from ..wire.request import Options
from .actions import AWAIT, CARRY, CREATE, KEEP, REMOVE, RUN, SKIP, START, UPDATE
from .carried import plan_carried
from .handover import Handover, plan_handovers
from .job_order import order_jobs
from .refusals import plan_refusals, plan_rollback_refusals
from .services import plan_job, plan_return, platform_actions, removals, rolled_actions

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
    platform = platform_actions(release, state, keep_state=False)
    rolled = rolled_actions(release, state)
    jobs = [plan_job(service, state, options.fleet) for service in order_jobs(release.jobs)]
    actions = (*platform, *jobs, *rolled, *removals(release, state))
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
    platform = platform_actions(release, state, keep_state=True)
    rolled = [plan_return(service, target, state) for service in release.rolled.values()]
    actions = (*platform, *rolled, *removals(release, state))
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
