"""Overload ends when the load ends: the gate before an application, and the client behind its pages."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.application import refuse_when_full
from app.overload import CLIENT_GONE, Gate
from app.web.client import ANSWER_WITHIN, TRIES, ApiError, BoardClient, RetryBudget

EMPTY = {"version": 0, "environments": [], "events": []}


@dataclass
class Call:
    """One request to a gate; ``leave`` is its caller going away."""

    gate: ASGIApp
    method: str = "GET"
    path: str = "/"
    sent: list[Message] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self) -> asyncio.Task[None]:
        return asyncio.create_task(self._run())

    async def _run(self) -> None:
        body: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Message:
            if body:
                return body.pop()
            await self.left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            self.sent.append(message)

        scope = {"type": "http", "method": self.method, "path": self.path, "headers": []}
        await self.gate(scope, receive, send)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"]) if self.sent else 0


class Held:
    """An application that answers when it is told to."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.cancelled = 0
        self.inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.inside += 1
        try:
            await self.go.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"done"})
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.inside -= 1


async def _settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_what_is_too_much_is_refused_at_once_and_those_inside_are_answered() -> None:
    async def story() -> None:
        held = Held()
        gate = Gate(held, limit=3, deadline=30)
        calls = [Call(gate) for _ in range(5)]
        tasks = [call.start() for call in calls]
        await _settle()
        assert [call.status for call in calls] == [0, 0, 0, 503, 503]
        assert (b"retry-after", b"1") in calls[3].sent[0]["headers"]
        held.go.set()
        await asyncio.gather(*tasks)
        assert [call.status for call in calls[:3]] == [200, 200, 200]
        later = Call(gate)
        await later.start()
        assert later.status == 200

    asyncio.run(story())


def test_health_is_answered_though_the_role_is_full() -> None:
    async def story() -> None:
        held = Held()
        gate = Gate(held, limit=1, deadline=30)
        full, health = Call(gate), Call(gate, path="/health/ready")
        tasks = [full.start(), health.start()]
        await _settle()
        assert held.inside == 2
        held.go.set()
        await asyncio.gather(*tasks)

    asyncio.run(story())


def test_what_changes_something_has_places_of_its_own_and_is_finished_though_its_caller_left() -> None:
    async def story() -> None:
        held = Held()
        gate = Gate(held, limit=1, deadline=30, reserve=1)
        page, event, more = Call(gate), Call(gate, method="POST"), Call(gate, method="POST")
        tasks = [call.start() for call in (page, event, more)]
        await _settle()
        assert (page.status, event.status, more.status) == (0, 0, 503)
        event.left.set()
        await _settle()
        assert held.cancelled == 0
        held.go.set()
        await asyncio.gather(*tasks)
        assert event.status == 200

    asyncio.run(story())


def test_what_nobody_waits_for_is_given_up_and_its_place_is_free() -> None:
    async def story() -> None:
        held = Held()
        gate = Gate(held, limit=1, deadline=30)
        first = Call(gate)
        task = first.start()
        await _settle()
        first.left.set()
        await task
        assert (held.cancelled, first.status) == (1, CLIENT_GONE)
        second = Call(gate)
        held.go.set()
        await second.start()
        assert second.status == 200

    asyncio.run(story())


def test_what_was_answered_is_cleaned_up_to_its_end() -> None:
    """The server tells of a caller who has gone as soon as the answer is out."""
    cleaned: list[str] = []

    async def tidy(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})
        call.left.set()
        await _settle()
        cleaned.append("session")

    call = Call(Gate(tidy, limit=1, deadline=30))

    async def story() -> None:
        await call.start()

    asyncio.run(story())
    assert cleaned == ["session"]
    assert [message["type"] for message in call.sent] == ["http.response.start", "http.response.body"]


def test_what_takes_too_long_is_refused_and_its_place_is_free() -> None:
    async def story() -> None:
        held = Held()
        gate = Gate(held, limit=1, deadline=0.01)
        first = Call(gate)
        await first.start()
        assert (first.status, held.cancelled, held.inside) == (503, 1, 0)

    asyncio.run(story())


def test_what_was_answered_in_time_is_no_error_though_it_does_not_end() -> None:
    """It is the end of the request that took too long: its caller has the answer."""

    async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"all"})
        await asyncio.Event().wait()

    async def ask() -> Call:
        call = Call(Gate(application, limit=1, deadline=0.01))
        await call.start()
        return call

    assert [one["type"] for one in asyncio.run(ask()).sent] == ["http.response.start", "http.response.body"]


def test_an_error_in_the_moment_in_which_time_is_over_is_not_forgotten() -> None:
    """Who waits is told to come again; the error does not turn up later as one that nobody has asked for."""
    forgotten: list[dict[str, Any]] = []

    async def application(_scope: Scope, _receive: Receive, _send: Send) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("while it was given up")

    async def ask() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, found: forgotten.append(found))
        with contextlib.suppress(ValueError):
            await Call(Gate(application, limit=1, deadline=0.01)).start()
        gc.collect()

    asyncio.run(ask())
    assert forgotten == []


def test_who_gets_no_connection_to_the_database_is_told_to_come_again() -> None:
    """It is one too many, and no error of ours with its whole traceback: that costs those who are inside."""

    async def page(_: Request) -> Response:
        raise PoolTimeout("QueuePool limit of size 8 overflow 0 reached")

    async def ask() -> Call:
        call = Call(Starlette(routes=[Route("/", page)], exception_handlers={PoolTimeout: refuse_when_full}))
        await call.start()
        return call

    call = asyncio.run(ask())
    assert call.status == 503
    assert (b"retry-after", b"1") in call.sent[0]["headers"]


def test_an_error_of_the_application_passes_through() -> None:
    async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise TimeoutError("its own")

    async def story() -> None:
        with pytest.raises(TimeoutError, match="its own"):
            await Call(Gate(broken, limit=1, deadline=30)).start()

    asyncio.run(story())


def _client(answer: Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]) -> BoardClient:
    return BoardClient("http://api:8000", httpx.MockTransport(answer))


def test_an_api_that_has_too_much_to_do_is_not_asked_again() -> None:
    asked: list[str] = []

    async def busy(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(503, headers={"Retry-After": "1"})

    with pytest.raises(ApiError, match="503"):
        asyncio.run(_client(busy).overview(30, None))
    assert len(asked) == 1


@pytest.mark.parametrize("error", [httpx.ReadTimeout("slow"), httpx.ConnectTimeout("slow")], ids=str)
def test_an_api_that_is_slow_is_not_asked_again(error: httpx.TransportError) -> None:
    asked: list[str] = []

    async def slow(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        raise error

    with pytest.raises(ApiError, match=type(error).__name__):
        asyncio.run(_client(slow).version())
    assert len(asked) == 1


def test_a_lost_connection_is_made_again_until_the_budget_is_spent() -> None:
    asked: list[str] = []

    async def lost(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        raise httpx.RemoteProtocolError("hung up")

    async def story() -> None:
        client = _client(lost)
        client._budget = RetryBudget(most=4)
        for _ in range(10):
            with pytest.raises(ApiError, match="RemoteProtocolError"):
                await client.version()

    asyncio.run(story())
    assert len(asked) == 10 + 4


def test_answers_earn_the_right_to_ask_again() -> None:
    budget = RetryBudget(most=1, earned=0.5)
    assert [budget.spend(), budget.spend()] == [True, False]
    budget.earn()
    assert budget.spend() is False
    budget.earn()
    assert budget.spend() is True


def test_a_client_whose_connections_are_gone_begins_anew_and_says_so_while_it_lasts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moment = 100.0
    monkeypatch.setattr("app.web.client.time.monotonic", lambda: moment)
    gone = True

    async def answer(_request: httpx.Request) -> httpx.Response:
        if gone:
            raise httpx.PoolTimeout("none free")
        return httpx.Response(200, json={"version": 7})

    async def story() -> None:
        nonlocal moment, gone
        client = _client(answer)
        before = client._http
        with pytest.raises(ApiError, match="PoolTimeout"):
            await client.version()
        assert client._http is not before
        assert await client.probe_connections() == "free"
        moment += 6
        with pytest.raises(ApiError, match="for 6 s"):
            await client.probe_connections()
        gone = False
        assert await client.version() == 7
        assert await client.probe_connections() == "free"

    asyncio.run(story())


def test_time_outs_add_up_to_less_than_the_proxy_waits() -> None:
    """A page never takes longer than the proxy takes to find somebody (``lb_try_duration``), nor the api than web waits."""
    from app.api.application import DEADLINE as API
    from app.web.application import AT_ONCE
    from app.web.application import DEADLINE as PAGE
    from app.web.client import CONNECTIONS
    from fairlead.host.wire.caddy.snippet import render_switch

    assert "lb_try_duration 5s" in render_switch()
    assert API < ANSWER_WITHIN < PAGE < 5
    assert CONNECTIONS > AT_ONCE
    assert TRIES > 1


def test_a_page_that_was_seen_is_told_by_the_number_alone() -> None:
    asked: list[Any] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        same = request.url.params.get("seen") == "0"
        return httpx.Response(
            200, json={"version": 0, "environments": None, "events": None} if same else EMPTY
        )

    async def story() -> None:
        client = _client(answer)
        assert (await client.overview(30, None)).changed is True
        assert (await client.overview(30, "0")).changed is False

    asyncio.run(story())
    assert asked == [{"limit": "30"}, {"limit": "30", "seen": "0"}]
