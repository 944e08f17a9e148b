"""Asks the api; a connection that is lost under a question is no reason to fail the page.

An api that is slow or says that it has too much to do is not asked again: that would be what keeps it so.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from app.domain.events import Event, parse_event
from app.domain.serving import Serving, parse_serving
from app.logs import request_id

log = logging.getLogger(__name__)

CONNECTIONS = 64
"""More than the pages that are made at once: no question waits for a connection."""

ANSWER_WITHIN = 3.0
"""Seconds for a question with all its tries; less than a page has, and than the proxy takes to find an api."""

TRIES = 4
PAUSE = 0.1
"""Seconds before the second try; doubled for each one after."""

STARVED = 5.0
"""Seconds without a connection of its own after which the client is not fit to serve."""

_PASSING = frozenset({502, 503, 504})
_LOST = (httpx.NetworkError, httpx.RemoteProtocolError)
"""The question may not have arrived, and the answer did not come: unlike a time-out, it costs nobody to ask again."""


class ApiError(Exception):
    """The api did not answer, or not with what was asked for."""


class AbsentError(ApiError):
    """The api knows no such thing."""


@dataclass(frozen=True)
class Overview:
    """What the first page shows. All but ``version`` is empty if the caller has seen that version."""

    version: int
    changed: bool
    servings: tuple[Serving, ...] = ()
    events: tuple[Event, ...] = ()
    releases: tuple[Mapping[str, Any], ...] = ()


class RetryBudget:
    """How many questions may be asked again: some at once, and then one for every ten that were answered.

    So a moment in which all connections are lost costs no page, and a bad minute is not made worse.
    """

    def __init__(self, most: float = 32.0, earned: float = 0.1) -> None:
        self._left = self._most = most
        self._earned = earned

    def earn(self) -> None:
        """A question was answered."""
        self._left = min(self._most, self._left + self._earned)

    def spend(self) -> bool:
        """Whether one more may be asked again."""
        if self._left < 1:
            return False
        self._left -= 1
        return True


class BoardClient:
    """Reads the board from the api at ``url``; all questions are GETs, so each may be asked again."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url
        self._transport = transport
        self._budget = RetryBudget()
        self._starved_since: float | None = None
        self._http = self._connect()

    def _connect(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self._url,
            transport=self._transport,
            timeout=httpx.Timeout(ANSWER_WITHIN, connect=1, pool=0.5),
            # Below the two minutes after which the proxy closes an idle connection.
            limits=httpx.Limits(
                max_connections=CONNECTIONS, max_keepalive_connections=20, keepalive_expiry=60
            ),
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def version(self) -> int:
        """The number that grows with every event."""
        return int((await self._ask("/api/v1/version"))["version"])

    async def overview(self, limit: int, seen: str | None) -> Overview:
        """The whole board, unless ``seen`` is its version."""
        document = await self._ask("/api/v1/overview", _overview_of(limit, seen))
        hosts = (host for environment in document["environments"] or () for host in environment["hosts"])
        return _parse_overview(document, hosts)

    async def environment(self, app: str, name: str, limit: int, seen: str | None) -> Overview:
        """One environment, unless ``seen`` is the board's version."""
        path = f"/api/v1/apps/{quote(app, safe='')}/environments/{quote(name, safe='')}/overview"
        document = await self._ask(path, _overview_of(limit, seen))
        return _parse_overview(document, (document["environment"] or {"hosts": ()})["hosts"])

    async def event(self, event_id: str) -> Event:
        """One event."""
        return parse_event(await self._ask(f"/api/v1/events/{quote(event_id, safe='')}"))

    async def probe(self) -> str:
        """Whether the api answers; for the diagnosis."""
        return f"at version {await self.version()}"

    async def probe_connections(self) -> str:
        """Whether it can ask at all; it asks nobody, for whether the api is there is another matter.

        Raises:
            ApiError: no connection of its own was to be had for a while.
        """
        since = self._starved_since
        if since is not None and time.monotonic() - since > STARVED:
            raise ApiError(f"no connection to the api was free for {time.monotonic() - since:.0f} s")
        return "free"

    async def _ask(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                answer = await self._ask_again(path, params)
        except TimeoutError as error:
            raise ApiError(f"{path}: no answer within {ANSWER_WITHIN:g} s") from error
        self._starved_since = None
        self._budget.earn()
        return answer

    async def _ask_again(self, path: str, params: Mapping[str, str] | None) -> Any:
        for attempt in range(1, TRIES + 1):
            try:
                response = await self._http.get(
                    path, params=params, headers={"X-Request-ID": request_id.get()}
                )
            except httpx.PoolTimeout as error:
                self._renew()
                raise ApiError(f"{path}: PoolTimeout: no connection was free") from error
            except _LOST as error:
                if attempt == TRIES or not self._budget.spend():
                    raise ApiError(f"{path}: {type(error).__name__}: {error}") from error
                why = type(error).__name__
            except httpx.TransportError as error:
                raise ApiError(f"{path}: {type(error).__name__}: {error}") from error
            else:
                if not _is_passing(response) or attempt == TRIES or not self._budget.spend():
                    return _read(response)
                why = str(response.status_code)
            log.info("asking the api again", extra={"path": path, "attempt": attempt, "error": why})
            await asyncio.sleep(PAUSE * 2 ** (attempt - 1))
        raise AssertionError("unreachable: the last try returns or raises")

    def _renew(self) -> None:
        """Begin with fresh connections. There are more than pages, so what has them all does not give them back."""
        self._starved_since = self._starved_since or time.monotonic()
        self._http = self._connect()


def _is_passing(response: httpx.Response) -> bool:
    """Whether another try may find somebody else; who says when to come again means it."""
    return response.status_code in _PASSING and "Retry-After" not in response.headers


def _overview_of(limit: int, seen: str | None) -> dict[str, str]:
    return {"limit": str(limit), **({"seen": seen} if seen else {})}


def _parse_overview(document: Mapping[str, Any], hosts: Any) -> Overview:
    return Overview(
        version=document["version"],
        changed=document["events"] is not None,
        servings=tuple(parse_serving(host) for host in hosts),
        events=tuple(parse_event(event) for event in document["events"] or ()),
        releases=tuple(document.get("releases") or ()),
    )


def _read(response: httpx.Response) -> Any:
    # 422: what stands in the address can be the name of nothing.
    if response.status_code in {404, 422}:
        raise AbsentError(response.request.url.path)
    if response.status_code != 200:
        raise ApiError(f"{response.request.url.path} answered {response.status_code}")
    return response.json()
