"""Which events still have to be told to webhooks: the truth about notifications, whatever happens to the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.events import Event
from app.store.events import LEASE, to_event
from app.store.tables import DeliveryRow, EventRow


@dataclass(frozen=True)
class Delivery:
    """How far one webhook has been told."""

    webhook: str
    state: str
    attempts: int
    last_error: str


COUNTED = 100
"""So many events to be told are counted; more are many."""


async def lease_due(session: AsyncSession, limit: int = 100) -> Sequence[int]:
    """Take the events that are due, and set them due again later, in case the job gets lost on its way."""
    due = (
        select(EventRow.seq)
        .where(EventRow.notified_at.is_(None), EventRow.notify_after <= func.now())
        .order_by(EventRow.notify_after)
        .limit(limit)
        .with_for_update(skip_locked=True)
        # Run once: as a subquery, a plan may run it for each event, and then it takes them all.
        .cte("due")
    )
    leased = await session.scalars(
        update(EventRow)
        .where(EventRow.seq == due.c.seq)
        .values(notify_after=func.now() + LEASE)
        .returning(EventRow.seq)
    )
    return leased.all()


async def claim_event(session: AsyncSession, seq: int) -> tuple[Event, dict[str, Delivery]] | None:
    """An event that is still to be told and how far it got, locked to this session; None if it is done or taken."""
    row = await session.scalar(
        select(EventRow)
        .where(EventRow.seq == seq, EventRow.notified_at.is_(None))
        .with_for_update(skip_locked=True, of=EventRow)
    )
    if row is None:
        return None
    deliveries = await session.scalars(select(DeliveryRow).where(DeliveryRow.event_seq == seq))
    return to_event(row), {
        found.webhook: Delivery(found.webhook, found.state, found.attempts, found.last_error)
        for found in deliveries
    }


async def keep_delivery(session: AsyncSession, seq: int, delivery: Delivery) -> None:
    """Write down how far one webhook has been told."""
    values = {"state": delivery.state, "attempts": delivery.attempts, "last_error": delivery.last_error}
    await session.execute(
        insert(DeliveryRow)
        .values(event_seq=seq, webhook=delivery.webhook, **values)
        .on_conflict_do_update(
            index_elements=[DeliveryRow.event_seq, DeliveryRow.webhook],
            set_={**values, "updated_at": func.now()},
        )
    )


async def settle_event(session: AsyncSession, seq: int, retry_in: float | None) -> None:
    """Done with all webhooks (None), or due again in ``retry_in`` seconds."""
    changes = (
        {"notified_at": func.now()}
        if retry_in is None
        else {"notify_after": func.now() + timedelta(seconds=retry_in)}
    )
    await session.execute(update(EventRow).where(EventRow.seq == seq).values(**changes))


async def count_waiting(session: AsyncSession) -> int:
    """How many events are still to be told; of more than ``COUNTED``, one more than that."""
    # In the order of its index, so that no plan looks for them among those that were told.
    waiting = select(EventRow.seq).where(EventRow.notified_at.is_(None)).order_by(EventRow.notify_after)
    return await session.scalar(select(func.count()).select_from(waiting.limit(COUNTED + 1).subquery())) or 0
