"""Tells one webhook about one event."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

import httpx

from app import metrics
from app.domain.events import Event
from app.domain.notice import render_notice
from app.domain.retry import GIVE_UP_AFTER, judge_status
from app.store.outbox import Delivery
from app.webhooks import Webhook

log = logging.getLogger(__name__)

TIMEOUT = 10.0
"""Seconds that a webhook has to answer."""


@dataclass(frozen=True)
class Attempt:
    """How one attempt ended, and how long the receiver asked to be left alone (seconds)."""

    outcome: str
    reason: str
    asked: float = 0.0


async def send_notice(http: httpx.AsyncClient, webhook: Webhook, event: Event, public_url: str) -> Attempt:
    """Post the notice once. The reason never holds the address, which is a secret."""
    begin = time.perf_counter()
    try:
        response = await http.post(
            webhook.url,
            json=render_notice(event, public_url),
            headers={"Idempotency-Key": event.id, "X-Request-ID": event.id},
        )
    except httpx.HTTPError as error:
        attempt = Attempt("retry", type(error).__name__)
    else:
        attempt = Attempt(
            judge_status(response.status_code), f"HTTP {response.status_code}", _asked(response.headers)
        )
    finally:
        metrics.DELIVERY_SECONDS.labels(webhook.name).observe(time.perf_counter() - begin)
    metrics.DELIVERIES.labels(webhook.name, attempt.outcome).inc()
    return attempt


def count_attempt(webhook: Webhook, before: Delivery | None, attempt: Attempt) -> Delivery:
    """How far the webhook has been told after this attempt."""
    attempts = (before.attempts if before else 0) + 1
    state = "abandoned" if attempt.outcome == "retry" and attempts >= GIVE_UP_AFTER else attempt.outcome
    return Delivery(webhook.name, state, attempts, "" if state == "delivered" else attempt.reason)


def _asked(headers: httpx.Headers) -> float:
    text = headers.get("retry-after", "")
    return float(text) if text.isdecimal() else 0.0
