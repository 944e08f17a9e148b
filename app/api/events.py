"""Events in, and one event out."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Response
from redis.exceptions import RedisError

from app import metrics
from app.api.dependencies import ResourcesOf, SessionOf, require_deployer
from app.api.documents import EventIn, EventOut, Problem, Receipt
from app.store.events import find_event, record_event

log = logging.getLogger(__name__)

router = APIRouter(prefix="/api/v1/events", tags=["events"])


@router.post(
    "",
    status_code=202,
    response_model=Receipt,
    dependencies=[Depends(require_deployer)],
    responses={200: {"model": Receipt, "description": "Known already"}, 401: {"model": Problem}},
)
async def post_event(
    event: EventIn, session: SessionOf, resources: ResourcesOf, response: Response
) -> Receipt:
    """Tell the board how a deploy or a rollback ended. Sending the same ``id`` again changes nothing."""
    seq = await record_event(session, event.to_event())
    await session.commit()
    if seq is None:
        response.status_code = 200
        return Receipt(id=event.id, repeated=True)
    metrics.EVENTS.labels(event.kind, event.status).inc()
    log.info(
        "event taken", extra={"event": str(event.id), "app": event.app, "status": event.status, "seq": seq}
    )
    if event.to_event().newsworthy:
        try:
            await resources.queue.push(seq)
        except (RedisError, OSError) as error:
            # The event is kept; the worker finds it in the database once the lease has run out.
            log.warning("the queue does not answer, the notification will be late", extra={"why": str(error)})
    return Receipt(id=event.id, repeated=False)


@router.get("/{event_id}", response_model=EventOut, responses={404: {"model": Problem}})
async def get_event(event_id: uuid.UUID, session: SessionOf) -> dict[str, Any]:
    """One event with its phases."""
    event = await find_event(session, event_id)
    if event is None:
        raise HTTPException(404, "no such event")
    return event.to_document()
