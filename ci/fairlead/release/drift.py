"""What runs on a server against what the repository says, by the plan that a deploy would have. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairlead.host.wire.planned import PlanAnswer
    from fairlead.host.wire.status import StateAnswer

SCHEMA = "fairlead.diff/v1"
_AS_IT_IS = frozenset({"keep", "carry", "skip", "await"})
"""Actions of a plan that change nothing."""


@dataclass(frozen=True)
class Drift:
    """How one server differs: ``serving`` and its commit there, and the services that a deploy would touch, with why."""

    host: str
    serving: str | None
    revision: str | None
    wanted: str
    unchanged: bool
    services: tuple[tuple[str, str, str], ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Every difference in words; empty where the server is as the repository says."""
        if self.serving is None:
            return ("nothing serves",)
        found = (
            []
            if self.revision == self.wanted
            else [f"it serves {_short(self.revision)}, not {_short(self.wanted)}"]
        )
        found += [f"{service}: {action}, {reason}" for service, action, reason in self.services]
        if not found and not self.unchanged:
            found = ["the release is another one: its settings, networks, volumes, routes or files"]
        return tuple(found)

    def to_json(self) -> dict[str, Any]:
        return {
            "host": self.host,
            "serving": self.serving,
            "revision": self.revision,
            "same": not self.reasons,
            "reasons": list(self.reasons),
            "services": [
                {"service": service, "action": action, "reason": reason}
                for service, action, reason in self.services
            ],
        }


def find_drift(host: str, state: StateAnswer, plan: PlanAnswer, wanted: str) -> Drift:
    """How a server differs from the release of commit ``wanted``.

    Args:
        host: the server.
        state: what it says of itself.
        plan: what it would do to deploy that release.
        wanted: the commit of the checkout.
    """
    services = tuple(
        (one.service, one.action, one.reason) for one in plan.actions if one.action not in _AS_IT_IS
    )
    return Drift(host, plan.previous, state.revision, wanted, plan.unchanged, services)


def _short(revision: str | None) -> str:
    return revision[:12] if revision else "an unknown commit"
