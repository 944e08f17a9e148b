"""What may happen to one service in a deploy or rollback. Pure values."""

from __future__ import annotations

START = "start"
CREATE = "create"
CARRY = "carry"
KEEP = "keep"
UPDATE = "update"
RUN = "run"
SKIP = "skip"
AWAIT = "await"
REMOVE = "remove"
