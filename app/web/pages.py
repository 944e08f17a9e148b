"""The pages. Each has a part that renews itself: the browser asks whether anything happened, and mostly nothing has.

Polled, not pushed: an open stream would look like a request in flight for ever to the proxy that drains a release.
"""

from __future__ import annotations

import hashlib
import logging
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app.domain.events import parse_commit
from app.logs import request_id
from app.overload import RETRY_AFTER
from app.web import view
from app.web.client import AbsentError, ApiError, BoardClient

HERE = Path(__file__).parent
SHOWN = 30

log = logging.getLogger(__name__)

_VERSION = re.compile(r"[0-9]{1,15}")

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Pages:
    """The endpoints; ``release`` stands in the footer."""

    def __init__(self, board: BoardClient, release: str) -> None:
        self._board = board
        self._templates = _templates(release)

    async def overview(self, request: Request) -> Response:
        """What runs where, and what happened last."""
        found = await self._board.overview(SHOWN, _seen(request))
        if not found.changed:
            return _unchanged()
        return self._render(
            request,
            "overview.html",
            version=found.version,
            cards=view.group_cards(found.servings),
            events=found.events,
        )

    async def environment(self, request: Request) -> Response:
        """One environment: what serves, its releases, its timeline."""
        app, name = request.path_params["app"], request.path_params["environment"]
        found = await self._board.environment(app, name, SHOWN, _seen(request))
        if not found.changed:
            return _unchanged()
        return self._render(
            request,
            "environment.html",
            version=found.version,
            card=view.group_cards(found.servings)[0],
            releases=found.releases,
            events=found.events,
        )

    async def event(self, request: Request) -> Response:
        """One deploy: its phases, its images, its error."""
        event = await self._board.event(request.path_params["event"])
        return self._render(request, "event.html", version=None, event=event)

    async def not_found(self, request: Request, _error: Exception) -> Response:
        """There is no such page."""
        return self._render(
            request, "message.html", 404, version=None, title="Not found", text="There is nothing here."
        )

    async def unavailable(self, request: Request, error: Exception) -> Response:
        """The api does not answer; the page says so and tries again by itself."""
        log.warning("the api does not answer", extra={"error": type(error).__name__, "why": str(error)})
        answer = self._render(
            request,
            "message.html",
            503,
            version=-1,
            title="The board does not answer",
            text="What is deployed goes on serving. This page tries again by itself.",
        )
        answer.headers["Retry-After"] = str(RETRY_AFTER)
        return answer

    def _render(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        html = self._templates.get_template(template).render(
            now=datetime.now(UTC), path=request.url.path, request_id=request_id.get(), **values
        )
        return HTMLResponse(html, status, headers=_HEADERS)

    @property
    def exception_handlers(self) -> dict[Any, Any]:
        """Which page an error leads to."""
        return {404: self.not_found, AbsentError: self.not_found, ApiError: self.unavailable}


def _seen(request: Request) -> str | None:
    """The version of the board that the browser shows."""
    seen = request.query_params.get("seen", "")
    return seen if _VERSION.fullmatch(seen) else None


def _unchanged() -> Response:
    """204: htmx leaves the page as it is."""
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


@cache
def static_url(name: str) -> str:
    """The address of a static file; it changes with the content, so browsers may keep it for ever."""
    digest = hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?{digest}"


def _templates(release: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "ago": view.render_ago,
        "duration": view.render_seconds,
        "bars": view.plan_bars,
        "grouped": view.group_images,
        "widths": view.plan_widths,
        "phase_names": view.phase_names,
        "tone": view.tone,
        "headline": view.headline,
        "moment": datetime.fromisoformat,
        "told": parse_commit,
        "commit_url": view.commit_url,
        "more_links": view.more_links,
    }
    environment.globals |= {"static": static_url, "outcomes": view.OUTCOMES, "board_release": release}
    return environment
