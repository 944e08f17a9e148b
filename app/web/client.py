"""Asks the api; a connection that is lost under a question is no reason to fail the page."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from app.domain.events import Event, parse_event
from app.domain.serving import Serving, parse_serving
from app.logs import request_id

log = logging.getLogger(__name__)

TRIES = 4
PAUSE = 0.1
"""Seconds before the second try; doubled for each one after."""

_PASSING = frozenset({502, 503, 504})


class ApiError(Exception):
    """The api did not answer, or not with what was asked for."""


class AbsentError(ApiError):
    """The api knows no such thing."""


class BoardClient:
    """Reads the board from the api at ``url``; all questions are GETs, so each may be asked again."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = httpx.AsyncClient(
            base_url=url,
            transport=transport,
            timeout=httpx.Timeout(5, connect=2),
            # Below the two minutes after which the proxy closes an idle connection.
            limits=httpx.Limits(max_connections=50, max_keepalive_connections=20, keepalive_expiry=60),
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def version(self) -> int:
        """The number that grows with every event."""
        return int((await self._ask("/api/v1/version"))["version"])

    async def servings(self) -> list[Serving]:
        """What serves on every host of every environment."""
        environments = await self._ask("/api/v1/environments")
        return [parse_serving(host) for environment in environments for host in environment["hosts"]]

    async def environment(self, app: str, name: str) -> list[Serving]:
        """What serves on the hosts of one environment."""
        document = await self._ask(f"/api/v1/apps/{quote(app, safe='')}/environments/{quote(name, safe='')}")
        return [parse_serving(host) for host in document["hosts"]]

    async def releases(self, app: str, name: str) -> list[dict[str, Any]]:
        """The releases of an environment, the newest first."""
        path = f"/api/v1/apps/{quote(app, safe='')}/environments/{quote(name, safe='')}/releases"
        releases: list[dict[str, Any]] = await self._ask(path)
        return releases

    async def timeline(self, limit: int, **of: str) -> list[Event]:
        """The newest events; ``of`` may name an app and an environment."""
        document = await self._ask("/api/v1/timeline", {"limit": str(limit), **of})
        return [parse_event(event) for event in document["events"]]

    async def event(self, event_id: str) -> Event:
        """One event."""
        return parse_event(await self._ask(f"/api/v1/events/{quote(event_id, safe='')}"))

    async def probe(self) -> str:
        """Whether the api answers; for the diagnosis."""
        return f"at version {await self.version()}"

    async def _ask(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        for attempt in range(1, TRIES + 1):
            try:
                response = await self._http.get(
                    path, params=params, headers={"X-Request-ID": request_id.get()}
                )
            except httpx.TransportError as error:
                if attempt == TRIES:
                    raise ApiError(f"{type(error).__name__}: {error}") from error
            else:
                if response.status_code not in _PASSING or attempt == TRIES:
                    return _read(response)
            log.info("asking the api again", extra={"path": path, "attempt": attempt})
            await asyncio.sleep(PAUSE * 2 ** (attempt - 1))
        raise AssertionError("unreachable: the last try returns or raises")


def _read(response: httpx.Response) -> Any:
    # 422: what stands in the address can be the name of nothing.
    if response.status_code in {404, 422}:
        raise AbsentError(response.request.url.path)
    if response.status_code != 200:
        raise ApiError(f"{response.request.url.path} answered {response.status_code}")
    return response.json()
