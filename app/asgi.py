"""What every HTTP role does around a request: id, release header, access log, metrics, drain.

It wraps the whole application rather than being one of its middlewares,
so that an answer to an unhandled error carries the same headers and is counted too.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import metrics
from app.lifecycle import Lifecycle
from app.logs import request_id

log = logging.getLogger("app.access")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,128}")
_QUIET = ("/health", "/metrics", "/static/")
"""Asked all the time: told only to those who want every detail."""


def accept_request_id(offered: str | None) -> str:
    """The id that the caller sent, if it is fit for a log line, else a new one."""
    return offered if offered and _REQUEST_ID.fullmatch(offered) else uuid.uuid4().hex


class Envelope:
    """Wraps an application; ``release`` is answered as ``X-Release``."""

    def __init__(self, application: ASGIApp, *, release: str, lifecycle: Lifecycle) -> None:
        self._application = application
        self._release = release
        self._lifecycle = lifecycle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        identifier = accept_request_id(Headers(scope=scope).get("x-request-id"))
        token = request_id.set(identifier)
        answer: dict[str, int] = {"status": 500}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer["status"] = message["status"]
                self._add_headers(message, identifier)
            await send(message)

        begin = time.perf_counter()
        metrics.IN_FLIGHT.inc()
        try:
            await self._application(scope, receive, send_with_headers)
        finally:
            metrics.IN_FLIGHT.dec()
            _tell(scope, answer["status"], time.perf_counter() - begin)
            request_id.reset(token)

    def _add_headers(self, message: Message, identifier: str) -> None:
        headers = MutableHeaders(scope=message)
        headers["X-Release"] = self._release
        headers["X-Request-ID"] = identifier
        if self._lifecycle.draining:
            # Tells a keep-alive client to go elsewhere with its next request.
            headers["Connection"] = "close"


def _tell(scope: Scope, status: int, seconds: float) -> None:
    route = route_of(scope)
    metrics.REQUESTS.labels(scope["method"], route, status).inc()
    metrics.SECONDS.labels(scope["method"], route).observe(seconds)
    path = scope["path"]
    log.log(
        logging.DEBUG if path.startswith(_QUIET) else logging.INFO,
        "%s %s %d",
        scope["method"],
        path,
        status,
        extra={"method": scope["method"], "path": path, "status": status, "seconds": round(seconds, 4)},
    )


def route_of(scope: MutableMapping[str, Any]) -> str:
    """The route's template: a label with few values, whatever paths are asked for."""
    route = scope.get("route")
    if route is not None and hasattr(route, "path"):
        return str(route.path)
    endpoint = scope.get("endpoint")
    return str(getattr(endpoint, "__name__", "static")) if endpoint else "unmatched"
