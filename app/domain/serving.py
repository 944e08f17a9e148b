"""What serves on a host, as it follows from the host's last event and the event that brought the release."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.events import Event, parse_event


@dataclass(frozen=True)
class Serving:
    """One host of one environment: the release that serves, and the last attempt to change it.

    ``brought_by`` is the event that made the release serve;
    it is None when that happened before the board was told anything, or when nothing serves.
    """

    app: str
    environment: str
    host: str
    url: str | None
    release: str | None
    brought_by: Event | None
    last: Event

    @property
    def since(self) -> datetime | None:
        return self.brought_by.finished_at if self.brought_by else None

    @property
    def troubled(self) -> bool:
        """Whether the last attempt did not go through."""
        return self.last.status in {"refused", "failed", "reverted"}

    def to_document(self) -> dict[str, Any]:
        """The state as JSON values; the opposite of ``parse_serving``."""
        brought = self.brought_by
        return {
            "app": self.app,
            "environment": self.environment,
            "host": self.host,
            "url": self.url,
            "release": self.release,
            "since": self.since.isoformat() if self.since else None,
            "by": brought.by if brought else None,
            "revision": brought.revision if brought else None,
            "images": dict(brought.images) if brought else {},
            "brought_by": brought.to_document() if brought else None,
            "last": self.last.to_document(),
        }


def judge_serving(last: Event, brought: Iterable[Event]) -> Serving:
    """What serves after ``last``; ``brought`` are the host's events that made a release serve."""
    candidates = [event for event in brought if event.release == last.serving and event.changed]
    return Serving(
        app=last.app,
        environment=last.environment,
        host=last.host,
        url=last.url,
        release=last.serving,
        brought_by=max(candidates, key=lambda event: event.finished_at, default=None)
        if last.serving
        else None,
        last=last,
    )


def parse_serving(document: Mapping[str, Any]) -> Serving:
    """A serving from the JSON that the api answers."""
    brought = document["brought_by"]
    return Serving(
        app=document["app"],
        environment=document["environment"],
        host=document["host"],
        url=document["url"],
        release=document["release"],
        brought_by=parse_event(brought) if brought else None,
        last=parse_event(document["last"]),
    )
