"""The releases of an environment, as they follow from its events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.events import Commit, Event


@dataclass(frozen=True)
class Release:
    """One release: the commit it is made of, where it serves now, and how its attempts ended."""

    id: str
    revision: str
    revision_time: datetime
    by: str
    images: Mapping[str, str]
    commit: Commit
    outcome: str
    attempts: int
    first_at: datetime
    last_at: datetime
    serving_on: tuple[str, ...]

    def to_document(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "revision": self.revision,
            "revision_time": self.revision_time.isoformat(),
            "by": self.by,
            "images": dict(self.images),
            "commit": self.commit.to_document(),
            "outcome": self.outcome,
            "attempts": self.attempts,
            "first_at": self.first_at.isoformat(),
            "last_at": self.last_at.isoformat(),
            "serving_on": list(self.serving_on),
        }


def list_releases(events: Iterable[Event]) -> tuple[Release, ...]:
    """The releases of one environment's events, the newest first; events in any order."""
    ordered = sorted(events, key=lambda event: event.finished_at)
    last_of_host = {event.host: event for event in ordered}
    attempts: dict[str, list[Event]] = defaultdict(list)
    for event in ordered:
        if event.release:
            attempts[event.release].append(event)
    releases = (_judge_release(release, history, last_of_host) for release, history in attempts.items())
    return tuple(sorted(releases, key=lambda release: release.id, reverse=True))


def _judge_release(release: str, history: list[Event], last_of_host: Mapping[str, Event]) -> Release:
    first, last = history[0], history[-1]
    return Release(
        id=release,
        revision=last.revision,
        revision_time=last.revision_time,
        by=first.by,
        images=last.images,
        commit=last.commit,
        outcome=last.status,
        attempts=len(history),
        first_at=first.started_at,
        last_at=last.finished_at,
        serving_on=tuple(sorted(host for host, event in last_of_host.items() if event.serving == release)),
    )
