"""What may happen to one service in a deploy or rollback. Pure values."""

from __future__ import annotations

from dataclasses import dataclass

START = "start"
CREATE = "create"
CARRY = "carry"
KEEP = "keep"
UPDATE = "update"
RUN = "run"
SKIP = "skip"
AWAIT = "await"
REMOVE = "remove"


@dataclass(frozen=True)
class Action:
    """What happens to one service, and why.

    Rolled: ``start`` (new containers, or stopped ones of the target), ``create`` (the target's were pruned),
    ``carry`` or ``keep`` (they run on), ``remove``. Platform: ``start``, ``update``, ``keep``, ``remove``.
    Jobs: ``run``, ``skip``, ``await`` (another host runs it). ``home`` is the release whose containers it is, empty for the platform.
    """

    service: str
    role: str
    action: str
    reason: str
    image: str
    home: str
    why: str = ""

    def to_json(self) -> dict[str, str]:
        return {
            "service": self.service,
            "role": self.role,
            "action": self.action,
            "reason": self.reason,
            "image": self.image,
            "release": self.home,
            "why": self.why,
        }
