"""Events in, events out."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.events import Event, Fault, parse_commit, parse_phases
from app.domain.serving import Serving, judge_serving
from app.store.tables import AppRow, EnvironmentRow, EventRow

LEASE = timedelta(seconds=60)
"""How long a job may lie in the queue before the event is handed out again; redelivery is harmless, loss is not."""


def to_event(row: EventRow) -> Event:
    """The event that a row holds."""
    return Event(
        id=str(row.id),
        app=row.environment.app.name,
        environment=row.environment.name,
        host=row.host,
        kind=row.kind,
        status=row.status,
        release=row.release,
        previous=row.previous,
        serving=row.serving,
        revision=row.revision,
        revision_time=row.revision_time,
        by=row.by,
        url=row.environment.url,
        started_at=row.started_at,
        finished_at=row.finished_at,
        images=row.images,
        phases=parse_phases(list(row.phases)),
        error=Fault(row.error["what"], row.error["why"]) if row.error else None,
        commit=parse_commit(row.commit),
    )


async def record_event(session: AsyncSession, event: Event) -> int | None:
    """Keep an event; its number, or None if it was kept before."""
    environment = await _keep_environment(session, event)
    statement = (
        insert(EventRow)
        .values(
            id=uuid.UUID(event.id),
            environment_id=environment,
            host=event.host,
            kind=event.kind,
            status=event.status,
            release=event.release,
            previous=event.previous,
            serving=event.serving,
            revision=event.revision,
            revision_time=event.revision_time,
            by=event.by,
            started_at=event.started_at,
            finished_at=event.finished_at,
            images=dict(event.images),
            phases=[phase.to_document() for phase in event.phases],
            error=event.error.to_document() if event.error else None,
            commit=event.commit.to_document(),
            notify_after=func.now() + LEASE,
            notified_at=None if event.newsworthy else func.now(),
        )
        .on_conflict_do_nothing(index_elements=[EventRow.id])
        .returning(EventRow.seq)
    )
    return await session.scalar(statement)


async def _keep_environment(session: AsyncSession, event: Event) -> int:
    """The environment's number; app and environment appear with their first event."""
    await session.execute(insert(AppRow).values(name=event.app).on_conflict_do_nothing())
    app = (await session.scalars(select(AppRow.id).where(AppRow.name == event.app))).one()
    statement = insert(EnvironmentRow).values(app_id=app, name=event.environment, url=event.url)
    kept = await session.scalars(
        statement.on_conflict_do_update(
            index_elements=[EnvironmentRow.app_id, EnvironmentRow.name],
            set_={"url": func.coalesce(statement.excluded.url, EnvironmentRow.url)},
        ).returning(EnvironmentRow.id)
    )
    return kept.one()


async def find_event(session: AsyncSession, event_id: uuid.UUID) -> Event | None:
    """The event of that id."""
    row = await session.scalar(select(EventRow).where(EventRow.id == event_id))
    return to_event(row) if row else None


async def read_version(session: AsyncSession) -> int:
    """A number that grows with every event: whoever has seen it has seen everything."""
    return await session.scalar(select(func.coalesce(func.max(EventRow.seq), 0))) or 0


async def list_timeline(
    session: AsyncSession, *, app: str | None, environment: str | None, before: int | None, limit: int
) -> Sequence[tuple[int, Event]]:
    """Events with their numbers, the newest first; ``before`` is the number where the page before ended."""
    statement = _of(select(EventRow), app, environment).order_by(EventRow.seq.desc()).limit(limit)
    if before is not None:
        statement = statement.where(EventRow.seq < before)
    return [(row.seq, to_event(row)) for row in await session.scalars(statement)]


async def list_servings(
    session: AsyncSession, *, app: str | None, environment: str | None
) -> Sequence[Serving]:
    """What serves on every host, ordered by app, environment and host."""
    last = (
        _of(select(EventRow), app, environment)
        .distinct(EventRow.environment_id, EventRow.host)
        .order_by(EventRow.environment_id, EventRow.host, EventRow.finished_at.desc(), EventRow.seq.desc())
    )
    lasts = [to_event(row) for row in await session.scalars(last)]
    brought = (
        _of(select(EventRow), app, environment)
        .where(EventRow.status == "live")
        .distinct(EventRow.environment_id, EventRow.host, EventRow.release)
        .order_by(EventRow.environment_id, EventRow.host, EventRow.release, EventRow.finished_at.desc())
    )
    wanted = {event.serving for event in lasts if event.serving}
    candidates = [to_event(row) for row in await session.scalars(brought.where(EventRow.release.in_(wanted)))]
    servings = [
        judge_serving(event, [other for other in candidates if _place(other) == _place(event)])
        for event in lasts
    ]
    return sorted(servings, key=lambda serving: (serving.app, serving.environment, serving.host))


def _place(event: Event) -> tuple[str, str, str]:
    return event.app, event.environment, event.host


def _of(statement: Select[EventRow], app: str | None, environment: str | None) -> Select[EventRow]:
    """Narrow a question down to an app and an environment, where they are named."""
    if app is not None:
        named = select(EnvironmentRow.id).join(AppRow).where(AppRow.name == app)
        if environment is not None:
            named = named.where(EnvironmentRow.name == environment)
        return statement.where(EventRow.environment_id.in_(named))
    return statement


async def list_environments(
    session: AsyncSession, app: str | None = None
) -> Sequence[tuple[str, str, str | None]]:
    """App, environment and address of all that are known, in order."""
    statement = select(AppRow.name, EnvironmentRow.name, EnvironmentRow.url).join_from(EnvironmentRow, AppRow)
    if app is not None:
        statement = statement.where(AppRow.name == app)
    rows = await session.execute(statement.order_by(AppRow.name, EnvironmentRow.name))
    return [(row[0], row[1], row[2]) for row in rows]
