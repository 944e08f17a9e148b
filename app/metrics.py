"""Prometheus metrics; they are served at ``/metrics``, which the public proxy does not pass on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

REQUESTS = Counter("board_http_requests", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram("board_http_request_seconds", "Seconds until a request was answered", ["method", "route"])
IN_FLIGHT = Gauge("board_http_requests_in_flight", "Requests being answered")
REFUSED = Counter("board_http_requests_refused", "Requests refused: more than the role takes at once")
EVENTS = Counter("board_events", "Deploy events taken", ["kind", "status"])
DELIVERIES = Counter("board_deliveries", "Attempts to notify a webhook", ["webhook", "outcome"])
DELIVERY_SECONDS = Histogram("board_delivery_seconds", "Seconds that a webhook took to answer", ["webhook"])


async def metrics_endpoint(_request: Request) -> Response:
    """The metrics in Prometheus's text format."""
    # Imported here: a worker counts as well, and answers nobody.
    from starlette.responses import Response

    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
