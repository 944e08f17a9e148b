"""Events in, events out."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVarTuple

from sqlalchemy import CTE, Select, func, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, lazyload

from app.domain.events import Event, Fault, parse_commit, parse_phases
from app.domain.serving import Serving, judge_serving
from app.store.tables import AppRow, EnvironmentRow, EventRow

Columns = TypeVarTuple("Columns")

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
    newest = select(EventRow).order_by(EventRow.seq.desc()).limit(limit)
    if before is not None:
        newest = newest.where(EventRow.seq < before)
    if app is not None:
        newest = _newest_of_each(newest, app, environment, limit)
    return [(row.seq, to_event(row)) for row in await session.scalars(newest)]


def _newest_of_each(
    newest: Select[EventRow], app: str, environment: str | None, limit: int
) -> Select[EventRow]:
    """The newest of these environments, from the newest of each: what others are told of in between is not read."""
    own = newest.where(EventRow.environment_id == EnvironmentRow.id).correlate(EnvironmentRow).lateral("own")
    event = aliased(EventRow, own)
    found = select(event).select_from(EnvironmentRow).join(own, true())
    return _of(found, app, environment).order_by(event.seq.desc()).limit(limit)


async def list_servings(
    session: AsyncSession, *, app: str | None, environment: str | None
) -> Sequence[Serving]:
    """What serves on every host, ordered by app, environment and host.

    For each host two events are read, however many there are: the last one, and the one that brought what serves.
    """
    places = _places(app, environment)
    newest = select(EventRow).order_by(EventRow.finished_at.desc(), EventRow.seq.desc()).limit(1)
    here = (EventRow.environment_id == places.c.environment, EventRow.host == places.c.host)
    last = aliased(EventRow, newest.where(*here).correlate(places).lateral("last"))
    live = newest.where(*here, EventRow.status == "live", EventRow.release == last.serving)
    brought = aliased(EventRow, live.correlate(places, last).lateral("brought"))
    statement = select(last, brought).select_from(places).join(last, true()).outerjoin(brought, true())
    # Its environment is that of the last one, and at hand; to join it would leave out hosts without such an event.
    found = await session.execute(statement.options(lazyload(brought.environment)))
    pairs: list[tuple[EventRow, EventRow | None]] = [(one, other) for one, other in found]
    servings = [
        judge_serving(to_event(one), [to_event(other)] if other is not None else []) for one, other in pairs
    ]
    return sorted(servings, key=lambda serving: (serving.app, serving.environment, serving.host))


def _places(app: str | None, environment: str | None) -> CTE:
    """The hosts of each environment, by going from one to the next in the index; after the last of them comes NULL."""
    first = select(func.min(EventRow.host)).where(EventRow.environment_id == EnvironmentRow.id)
    begin = select(EnvironmentRow.id.label("environment"), first.scalar_subquery().label("host"))
    places = _of(begin, app, environment).cte("places", recursive=True)
    following = select(func.min(EventRow.host)).where(
        EventRow.environment_id == places.c.environment, EventRow.host > places.c.host
    )
    step = select(places.c.environment, following.scalar_subquery()).where(places.c.host.is_not(None))
    return places.union_all(step)


def _of(statement: Select[*Columns], app: str | None, environment: str | None) -> Select[*Columns]:
    """Narrow a question about environments down to an app and to one of its environments, where they are named."""
    if app is not None:
        statement = statement.join(AppRow, AppRow.id == EnvironmentRow.app_id).where(AppRow.name == app)
    if environment is not None:
        statement = statement.where(EnvironmentRow.name == environment)
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
