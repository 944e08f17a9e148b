"""A deploy event: how one attempt to change what serves ended, on one host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

KINDS = ("deploy", "rollback")


@dataclass(frozen=True)
class Phase:
    """One phase of a deploy and how long it took (seconds)."""

    name: str
    state: str
    seconds: float

    def to_document(self) -> dict[str, Any]:
        return {"phase": self.name, "state": self.state, "seconds": self.seconds}


@dataclass(frozen=True)
class Fault:
    """What went wrong, and why as far as it is known."""

    what: str
    why: str

    def to_document(self) -> dict[str, Any]:
        return {"what": self.what, "why": self.why}


@dataclass(frozen=True)
class Commit:
    """What is told of the commit: its subject and author, and what leads to more, where it is known.

    ``source`` is where the repository is browsed, ``run`` the job that deployed it, ``before`` the commit that served before.
    """

    subject: str = ""
    author: str = ""
    source: str | None = None
    run: str | None = None
    before: str | None = None

    def to_document(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Event:
    """A deploy event as it was taken.

    ``release``, ``previous`` and ``serving`` are release ids; ``serving`` is what serves after the event.
    ``revision_time`` is the commit's time, ``by`` the person or the workflow that asked; ``commit`` is empty where an
    older deployer told nothing of it.
    """

    id: str
    app: str
    environment: str
    host: str
    kind: str
    status: str
    release: str | None
    previous: str | None
    serving: str | None
    revision: str
    revision_time: datetime
    by: str
    url: str | None
    started_at: datetime
    finished_at: datetime
    images: Mapping[str, str]
    phases: tuple[Phase, ...]
    error: Fault | None
    commit: Commit = Commit()

    @property
    def seconds(self) -> float:
        """How long it took."""
        return max(0.0, (self.finished_at - self.started_at).total_seconds())

    @property
    def changed(self) -> bool:
        """Whether another release serves because of it."""
        return self.status == "live"

    @property
    def newsworthy(self) -> bool:
        """Whether people want to be told: everything but a deploy that had nothing to do."""
        return self.status != "unchanged"

    def to_document(self) -> dict[str, Any]:
        """The event as JSON values; the opposite of ``parse_event``."""
        return {
            "id": self.id,
            "app": self.app,
            "environment": self.environment,
            "host": self.host,
            "kind": self.kind,
            "status": self.status,
            "release": self.release,
            "previous": self.previous,
            "serving": self.serving,
            "revision": self.revision,
            "revision_time": self.revision_time.isoformat(),
            "by": self.by,
            "url": self.url,
            "started_at": self.started_at.isoformat(),
            "finished_at": self.finished_at.isoformat(),
            "seconds": round(self.seconds, 3),
            "images": dict(self.images),
            "phases": [phase.to_document() for phase in self.phases],
            "error": self.error.to_document() if self.error else None,
            "commit": self.commit.to_document(),
        }


def parse_event(document: Mapping[str, Any]) -> Event:
    """An event from the JSON that the api answers.

    Raises:
        KeyError: a field is missing.
        ValueError: a time is none.
    """
    error = document["error"]
    return Event(
        id=document["id"],
        app=document["app"],
        environment=document["environment"],
        host=document["host"],
        kind=document["kind"],
        status=document["status"],
        release=document["release"],
        previous=document["previous"],
        serving=document["serving"],
        revision=document["revision"],
        revision_time=datetime.fromisoformat(document["revision_time"]),
        by=document["by"],
        url=document["url"],
        started_at=datetime.fromisoformat(document["started_at"]),
        finished_at=datetime.fromisoformat(document["finished_at"]),
        images=dict(document["images"]),
        phases=parse_phases(document["phases"]),
        error=Fault(error["what"], error["why"]) if error else None,
        commit=parse_commit(document.get("commit")),
    )


def parse_commit(document: Mapping[str, Any] | None) -> Commit:
    """What is told of the commit; empty where there is nothing."""
    return Commit(**{name: document[name] for name in Commit().to_document()}) if document else Commit()


def parse_phases(documents: list[Mapping[str, Any]]) -> tuple[Phase, ...]:
    """The phases of an event's JSON."""
    return tuple(Phase(entry["phase"], entry["state"], float(entry["seconds"])) for entry in documents)
