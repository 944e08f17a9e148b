"""The web role as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from app.asgi import Envelope
from app.health import Health
from app.lifecycle import Lifecycle
from app.metrics import metrics_endpoint
from app.overload import Gate
from app.settings import WebSettings
from app.web.client import BoardClient
from app.web.pages import HERE, Pages

AT_ONCE = 32
"""Pages that are made at once: half a second's worth on one processor."""

DEADLINE = 4.0
"""Seconds for a page: more than a question to the api, less than the five for which the proxy looks for somebody."""


class KeptFiles(StaticFiles):
    """Static files under addresses that change with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            response.headers["Cache-Control"] = (
                "public, max-age=31536000, immutable" if scope["query_string"] else "no-cache"
            )
            response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def make_application(
    settings: WebSettings, lifecycle: Lifecycle, transport: httpx.AsyncBaseTransport | None = None
) -> ASGIApp:
    """The pages, the health endpoints and the envelope; ``transport`` replaces the network in tests."""
    board = BoardClient(settings.api_url, transport)
    pages = Pages(board, settings.process.release)
    # Ready does not ask the api: it is reached through the switch, where, before the very first release serves,
    # nobody answers; a service whose readiness waits for its neighbour would keep that release from ever serving.
    # Whether it could ask at all is its own affair.
    health = Health(
        lifecycle,
        settings.process.release,
        ready={"connections": board.probe_connections},
        deep={"api": board.probe},
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await board.close()

    application = Starlette(
        routes=[
            Route("/", pages.overview),
            Route("/apps/{app}/{environment}", pages.environment),
            Route("/events/{event}", pages.event),
            Route("/health", health.alive_endpoint),
            Route("/health/ready", health.ready_endpoint),
            Route("/health/deep", health.deep_endpoint),
            Route("/metrics", metrics_endpoint),
            Mount("/static", KeptFiles(directory=HERE / "static")),
        ],
        exception_handlers=pages.exception_handlers,
        lifespan=lifespan,
    )
    gate = Gate(application, limit=AT_ONCE, deadline=DEADLINE)
    return Envelope(gate, release=settings.process.release, lifecycle=lifecycle)
