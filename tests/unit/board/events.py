"""Events for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.events import Event, Phase

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_event(minute: int = 0, **changes: Any) -> Event:
    """A deploy that went well, begun ``minute`` minutes after noon and ten seconds long."""
    values: dict[str, Any] = {
        "id": f"00000000-0000-4000-8000-{minute:012d}",
        "app": "shop",
        "environment": "production",
        "host": "eu-1",
        "kind": "deploy",
        "status": "live",
        "release": "000002",
        "previous": "000001",
        "serving": "000002",
        "revision": "a" * 40,
        "revision_time": NOON,
        "by": "alice",
        "url": "https://shop.example.com",
        "started_at": NOON + timedelta(minutes=minute),
        "finished_at": NOON + timedelta(minutes=minute, seconds=10),
        "images": {"web": "sha256:" + "b" * 64},
        "phases": (
            Phase("pull", "done", 6.0),
            Phase("platform", "skipped", 0.0),
            Phase("start", "done", 4.0),
        ),
        "error": None,
    }
    return Event(**{**values, **changes})
