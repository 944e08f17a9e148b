"""The plan that the agent computed, in words and rows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fairlead.host.wire.text import short_image

if TYPE_CHECKING:
    from fairlead.host.wire.planned import Action, PlanAnswer
    from fairlead.settings.values import Environment, Settings

HEADERS = ("SERVICE", "ROLE", "ACTION", "BECAUSE", "IMAGE", "ROLE IS")


def group_plans(plans: Mapping[str, PlanAnswer]) -> list[tuple[str, PlanAnswer]]:
    """The different plans, each with the hosts that have it, in words."""
    groups: list[tuple[list[str], PlanAnswer]] = []
    for host, plan in plans.items():
        same = next((hosts for hosts, other in groups if other == plan), None)
        if same is None:
            groups.append(([host], plan))
        else:
            same.append(host)
    return [(", ".join(hosts), plan) for hosts, plan in groups]


def plan_rows(plan: PlanAnswer) -> list[tuple[str, ...]]:
    """One row a service, for ``HEADERS``: what happens to it and why, and why it has its role."""
    return [
        (
            action.service,
            action.role,
            _action(action, plan),
            action.reason,
            short_image(action.image),
            action.why or "-",
        )
        for action in plan.actions
    ]


def plan_sentence(plan: PlanAnswer, host: str) -> str:
    """What it comes to, in one line."""
    if plan.refusals:
        return f"this would be refused by {host}: {plan.refusals[0].what}"
    if plan.unchanged:
        return f"nothing to do: {plan.app} {plan.previous} on {host} is this very release"
    previous = f"replaces {plan.previous}" if plan.previous else "is the first release"
    return f"{plan.app} {plan.release} {previous} on {host}"


def plan_lines(plan: PlanAnswer, release: Mapping[str, Any] | None = None) -> list[str]:
    """What else a reader of the plan wants to know: routes, steps in their order, refusals.

    Args:
        plan: the agent's ``fairlead.plan/v1``.
        release: the release document, for its routes.
    """
    lines = []
    routes = (release or {}).get("routes") or {}
    if routes:
        told = ", ".join(f"{service}:{port}" for service, port in routes.items())
        lines.append(f"through the switch: {told}")
    further = {
        name: how["further"]
        for name, how in (release or {}).get("services", {}).items()
        if how.get("further")
    }
    if further:
        told = ", ".join(f"{service}:{port}" for service, ports in further.items() for port in ports)
        lines.append(f"between services, too: {told}")
    if release is not None and release.get("url"):
        lines.append(f"public address: {release['url']}")
    lines += [f"stays on the host: {line}" for line in _data_lines(release or {})]
    lines += ["steps:", *(f"  {number}. {step}" for number, step in enumerate(plan.steps, 1))]
    for refusal in plan.refusals:
        lines += [f"refused: {refusal.what}", f"  why: {refusal.why}", f"  fix: {refusal.fix}"]
    return lines


def name_lines(settings: Settings, environment: Environment) -> list[str]:
    """What the app is called on its hosts, where that is not plain: by another name, or beside another environment."""
    name = settings.name_of(environment)
    if not environment.beside and name == settings.app:
        return []
    beside = f", beside {', '.join(environment.beside)}" if environment.beside else ""
    behind = ", behind the edge" if environment.edge and environment.beside else ""
    return [f"{environment.name} is called {name} on its hosts{beside}{behind}"]


def _data_lines(release: Mapping[str, Any]) -> list[str]:
    """The folders for what is written, and who mounts them where."""
    folder = f"/srv/fairlead/{release.get('app')}/data"
    users: dict[str, list[str]] = {}
    for service, how in (release.get("services") or {}).items():
        for mount in how.get("mounts") or ():
            if "data" in mount:
                users.setdefault(mount["data"], []).append(f"{service} as {mount['target']}")
    return [f"{folder}/{name} ({', '.join(told)})" for name, told in sorted(users.items())]


def _action(action: Action, plan: PlanAnswer) -> str:
    word, home = action.action, action.home
    return f"{word} ({home})" if word in {"carry", "keep"} and home and home != plan.release else word
