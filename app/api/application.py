"""The api as an ASGI application."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from app.api import board, events
from app.api.dependencies import Resources
from app.asgi import Envelope
from app.health import Check, Health
from app.lifecycle import Lifecycle
from app.metrics import metrics_endpoint
from app.overload import Gate, make_refusal
from app.queue import NotificationQueue, make_redis
from app.settings import ApiSettings
from app.store.engine import make_engine, make_sessions
from app.store.outbox import COUNTED, count_waiting
from app.store.schema import probe_schema, read_revisions

log = logging.getLogger(__name__)

POOL = 8
"""Database connections of one api process."""

AT_ONCE = 4 * POOL
"""Questions that are answered at once; a deployer's events have places besides."""

EVENTS_MORE = POOL

DEADLINE = 2.5
"""Seconds for an answer: less than web waits for it."""


def make_application(settings: ApiSettings, lifecycle: Lifecycle) -> ASGIApp:
    """The api with its health endpoints and its envelope; it connects to nothing before it is asked."""
    engine = make_engine(settings.database, service="api", size=POOL)
    resources = Resources(
        settings=settings,
        engine=engine,
        sessions=make_sessions(engine),
        queue=NotificationQueue(make_redis(settings.cache)),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await resources.queue.close()
        await engine.dispose()

    application = FastAPI(
        title="Release board",
        summary="What runs where, since when, by whom, from which digest",
        version="1",
        openapi_url="/api/openapi.json",
        # Swagger's page would load its scripts from a CDN.
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    application.state.resources = resources
    application.add_exception_handler(PoolTimeout, refuse_when_full)
    application.include_router(events.router)
    application.include_router(board.router)
    health = Health(
        lifecycle, settings.process.release, ready=_readiness(resources), deep=_diagnosis(resources)
    )
    for path, endpoint in (
        ("/health", health.alive_endpoint),
        ("/health/ready", health.ready_endpoint),
        ("/health/deep", health.deep_endpoint),
        ("/metrics", metrics_endpoint),
    ):
        application.add_route(path, endpoint, include_in_schema=False)
    gate = Gate(application, limit=AT_ONCE, deadline=DEADLINE, reserve=EVENTS_MORE)
    return Envelope(gate, release=settings.process.release, lifecycle=lifecycle)


async def refuse_when_full(request: Request, error: Exception) -> Response:
    """Who got no connection to the database within its time is one too many, as who was refused at the gate."""
    log.warning(
        "no connection to the database in time",
        extra={"path": request.scope["path"], "why": type(error).__name__},
    )
    return make_refusal()


def _readiness(resources: Resources) -> Mapping[str, Check]:
    known = read_revisions()

    async def database() -> str:
        async with resources.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
        return "answers"

    async def schema() -> str:
        return await probe_schema(resources.engine, known)

    return {"database": database, "cache": resources.queue.ping, "schema": schema}


def _diagnosis(resources: Resources) -> Mapping[str, Check]:
    async def notifications() -> str:
        async with resources.sessions() as session:
            waiting = await count_waiting(session)
        told = waiting if waiting <= COUNTED else f"more than {COUNTED}"
        return f"{told} events to be told, {await resources.queue.count()} jobs in the queue"

    async def pool() -> str:
        return resources.engine.pool.status()

    return {"notifications": notifications, "pool": pool}
