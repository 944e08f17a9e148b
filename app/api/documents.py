"""The documents that the api takes and answers; OpenAPI is made from them.

``EventIn`` is the pydantic form of Fairlead's ``event.schema.json``: a test holds the two together.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from app.domain.events import Commit, Event, Fault, Phase
from app.domain.texts import shown_line, shown_text

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
ReleaseId = Annotated[str, StringConstraints(pattern=r"^[0-9]{6,12}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Revision = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]


def _parse_moment(value: Any) -> Any:
    """Seconds since 1970 as a moment; a text is left to pydantic."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 253402300799:
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str) and "T" in value:
        return value
    raise ValueError("expected seconds since 1970, or a time such as 2026-03-01T12:00:00Z")


Moment = Annotated[AwareDatetime, BeforeValidator(_parse_moment)]

Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=2000)]

WHAT, WHY = 2000, 20000
"""Characters of an error that are kept; a long one is cut rather than refused."""
LINE, TOLD = 255, 300
"""Characters of a name, and of what is told of a commit."""

EVENT_EXAMPLE: dict[str, Any] = {
    "schema": "fairlead.event/v1",
    "id": "0d3c7a52-6c4e-4a0e-9f3b-2f6f3a1b7c11",
    "app": "board",
    "environment": "production",
    "host": "app.example.com",
    "kind": "deploy",
    "status": "live",
    "release": "000043",
    "previous": "000042",
    "serving": "000043",
    "revision": "8f2b1c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b",
    "revision_time": 1790000000,
    "by": "alice",
    "url": "https://board.example.com",
    "started_at": 1790000100.0,
    "finished_at": 1790000122.6,
    "images": {"api": "sha256:" + "a" * 64, "web": "sha256:" + "b" * 64},
    "phases": [
        {"phase": "prepare", "state": "done", "seconds": 0.3},
        {"phase": "pull", "state": "done", "seconds": 4.1},
        {"phase": "platform", "state": "skipped", "seconds": 0.0},
        {"phase": "migrate", "state": "done", "seconds": 1.2},
        {"phase": "start", "state": "done", "seconds": 2.4},
        {"phase": "verify", "state": "done", "seconds": 3.0},
        {"phase": "switch", "state": "done", "seconds": 0.01},
        {"phase": "watch", "state": "done", "seconds": 10.0},
        {"phase": "commit", "state": "done", "seconds": 0.01},
        {"phase": "retire", "state": "done", "seconds": 1.5},
        {"phase": "prune", "state": "done", "seconds": 0.1},
    ],
    "error": None,
    "commit": {
        "subject": "Show who changed what",
        "author": "Alice",
        "source": "https://github.com/acme/board",
        "run": "https://github.com/acme/board/actions/runs/7",
        "before": "1a" * 20,
    },
}


class PhaseIn(BaseModel):
    """One phase of a deploy."""

    phase: Line
    state: Literal["done", "skipped", "failed"]
    seconds: float = Field(ge=0, allow_inf_nan=False)


class FaultIn(BaseModel):
    """What went wrong, and why."""

    what: str
    why: str = ""

    def to_fault(self) -> Fault:
        """The fault as a value."""
        return Fault(shown_line(self.what, WHAT), shown_text(self.why, WHY))


class CommitIn(BaseModel):
    """What is told of the commit."""

    subject: str = ""
    author: str = ""
    source: Address | None = Field(None, description="Where the repository is browsed")
    run: Address | None = Field(None, description="The job that deployed it")
    before: Revision | None = Field(None, description="The commit of what served before")

    def to_commit(self) -> Commit:
        """What is told as a value."""
        subject, author = shown_line(self.subject, TOLD), shown_line(self.author, TOLD)
        return Commit(subject, author, self.source, self.run, self.before)


class EventIn(BaseModel):
    """How one attempt to change what serves ended, on one host. Unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"examples": [EVENT_EXAMPLE]})

    schema_: Literal["fairlead.event/v1"] = Field(alias="schema")
    id: uuid.UUID = Field(description="Made once by the deployer; sending it again changes nothing")
    app: Name
    environment: Name
    host: Line
    kind: Literal["deploy", "rollback"]
    status: Literal["live", "refused", "failed", "reverted", "unchanged"]
    release: ReleaseId | None = Field(description="The release that was attempted")
    previous: ReleaseId | None = Field(description="What served before")
    serving: ReleaseId | None = Field(description="What serves now")
    revision: Revision
    revision_time: Moment
    by: Annotated[str, StringConstraints(max_length=255)] = Field(
        description="Who asked; empty if nobody knows"
    )
    url: Address | None = None
    started_at: Moment
    finished_at: Moment
    images: dict[Line, Digest] = Field(max_length=100)
    phases: list[PhaseIn] = Field(max_length=100)
    error: FaultIn | None = None
    commit: CommitIn | None = None

    def to_event(self) -> Event:
        """The event as a value."""
        return Event(
            id=str(self.id),
            app=self.app,
            environment=self.environment,
            host=shown_line(self.host, LINE),
            kind=self.kind,
            status=self.status,
            release=self.release,
            previous=self.previous,
            serving=self.serving,
            revision=self.revision,
            revision_time=self.revision_time,
            by=shown_line(self.by, LINE) or "unknown",
            url=self.url,
            started_at=self.started_at,
            finished_at=self.finished_at,
            images=self.images,
            phases=tuple(Phase(entry.phase, entry.state, entry.seconds) for entry in self.phases),
            error=self.error.to_fault() if self.error else None,
            commit=self.commit.to_commit() if self.commit else Commit(),
        )


class Receipt(BaseModel):
    """An event was taken; ``repeated`` if it was known already."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": EVENT_EXAMPLE["id"], "repeated": False}]}
    )

    id: uuid.UUID
    repeated: bool


class PhaseOut(BaseModel):
    """One phase and its seconds."""

    phase: str
    state: str
    seconds: float


class FaultOut(BaseModel):
    """What went wrong, and why."""

    what: str
    why: str


class CommitOut(BaseModel):
    """What is told of the commit."""

    subject: str
    author: str
    source: str | None
    run: str | None
    before: str | None


class EventOut(BaseModel):
    """An event as it was taken."""

    id: uuid.UUID
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
    seconds: float
    images: dict[str, str]
    phases: list[PhaseOut]
    error: FaultOut | None
    commit: CommitOut


class ServingOut(BaseModel):
    """What serves on one host: release, since when, by whom, from which digests; and the last attempt."""

    app: str
    environment: str
    host: str
    url: str | None
    release: str | None
    since: datetime | None
    by: str | None
    revision: str | None
    images: dict[str, str]
    brought_by: EventOut | None
    last: EventOut


class EnvironmentOut(BaseModel):
    """An environment of an app, and what serves on its hosts."""

    app: str
    name: str
    url: str | None
    hosts: list[ServingOut]


class AppOut(BaseModel):
    """An app and the names of its environments."""

    name: str
    environments: list[str]


class ReleaseOut(BaseModel):
    """A release: its commit, its images, how it ended, where it serves now."""

    id: str
    revision: str
    revision_time: datetime
    by: str
    images: dict[str, str]
    commit: CommitOut
    outcome: str
    attempts: int
    first_at: datetime
    last_at: datetime
    serving_on: list[str]


class TimelineOut(BaseModel):
    """A page of events, the newest first; ``next`` is the ``before`` of the page after, None on the last one."""

    events: list[EventOut]
    next: int | None


class VersionOut(BaseModel):
    """A number that grows with every event: ask for it before asking for more."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"version": 117}]})

    version: int


class OverviewOut(BaseModel):
    """The whole board in one answer; without ``environments`` and ``events`` if the caller has seen that version."""

    version: int
    environments: list[EnvironmentOut] | None
    events: list[EventOut] | None


class EnvironmentOverviewOut(BaseModel):
    """One environment in one answer; without the rest if the caller has seen that version."""

    version: int
    environment: EnvironmentOut | None
    releases: list[ReleaseOut] | None
    events: list[EventOut] | None


class Problem(BaseModel):
    """Why a request was not granted."""

    detail: str
