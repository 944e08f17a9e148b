"""Does one job: tells every webhook that has not heard of an event yet."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from app.domain.events import Event
from app.domain.retry import plan_retry
from app.settings import WorkerSettings
from app.store.engine import SessionMaker
from app.store.outbox import Delivery, claim_event, keep_delivery, settle_event
from app.webhooks import Webhook
from app.worker.deliver import Attempt, count_attempt, send_notice

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Notifier:
    """What a job needs."""

    settings: WorkerSettings
    sessions: SessionMaker
    http: httpx.AsyncClient

    async def run_job(self, seq: int) -> None:
        """Tell the event to whoever has not heard it, and write down how far it got.

        The event's row stays locked meanwhile: a second worker with the same job finds nothing to do.
        If this process is killed, the lock goes with its connection and the job is done again:
        a webhook may hear of an event twice, never not at all.
        """
        async with self.sessions() as session:
            claimed = await claim_event(session, seq)
            if claimed is None:
                return
            event, told = claimed
            waiting = plan_webhooks(self.settings.webhooks, told)
            attempts = await asyncio.gather(*(self._send(webhook, event) for webhook in waiting))
            after = [count_attempt(webhook, told.get(webhook.name), attempt) for webhook, attempt in attempts]
            for delivery in after:
                await keep_delivery(session, seq, delivery)
                _tell(event, delivery)
            asked = max((attempt.asked for _, attempt in attempts), default=0.0)
            await settle_event(session, seq, plan_next(after, asked))
            await session.commit()

    async def _send(self, webhook: Webhook, event: Event) -> tuple[Webhook, Attempt]:
        return webhook, await send_notice(self.http, webhook, event, self.settings.public_url)


def plan_webhooks(webhooks: tuple[Webhook, ...], told: Mapping[str, Delivery]) -> tuple[Webhook, ...]:
    """The webhooks that are still to be told."""
    return tuple(
        webhook for webhook in webhooks if webhook.name not in told or told[webhook.name].state == "retry"
    )


def plan_next(deliveries: list[Delivery], asked: float) -> float | None:
    """In how many seconds the event is due again; None if nobody is left to be told."""
    failed = [delivery.attempts for delivery in deliveries if delivery.state == "retry"]
    if not failed:
        return None
    return plan_retry(max(failed), random.random(), asked)  # noqa: S311  jitter, no secret


def _tell(event: Event, delivery: Delivery) -> None:
    level = logging.INFO if delivery.state in {"delivered", "retry"} else logging.ERROR
    log.log(
        level,
        "notification %s",
        delivery.state,
        extra={
            "event": event.id,
            "webhook": delivery.webhook,
            "attempts": delivery.attempts,
            "why": delivery.last_error,
        },
    )
