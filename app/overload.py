"""Keeps a role from taking on more than it can do, so that overload ends when the load ends.

What is too much is refused at once, what takes too long is given up, and what nobody waits for any more is not
finished: an answer that comes after its caller has left costs those who are still there.
"""

from __future__ import annotations

import asyncio
import logging

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import metrics

log = logging.getLogger(__name__)

RETRY_AFTER = 1
"""Seconds after which a refused caller may come again."""

CLIENT_GONE = 499
"""As nginx counts it; nobody is there to read it."""

_FREE = ("/health", "/metrics", "/static/")
"""Asked by those who must know how it goes, or next to free."""

_READING = frozenset({"GET", "HEAD"})


class Gate:
    """Lets at most ``limit`` requests in at once, each for ``deadline`` seconds.

    A request that changes something has ``reserve`` places more, and is finished though its caller has left.
    """

    def __init__(self, application: ASGIApp, *, limit: int, deadline: float, reserve: int = 0) -> None:
        self._application = application
        self._limit = limit
        self._deadline = deadline
        self._reserve = reserve
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_FREE):
            await self._application(scope, receive, send)
            return
        places = self._limit if scope["method"] in _READING else self._limit + self._reserve
        if self._inside >= places:
            metrics.REFUSED.inc()
            await _busy(scope, receive, send)
            return
        self._inside += 1
        try:
            await self._answer(scope, receive, send)
        finally:
            self._inside -= 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = ended = False

        async def send_on(message: Message) -> None:
            nonlocal began, ended
            began = began or message["type"] == "http.response.start"
            await send(message)
            ended = ended or _is_last(message)

        deadline = asyncio.timeout(self._deadline)
        try:
            async with deadline:
                if scope["method"] in _READING:
                    await _answer_while_awaited(self._application, scope, receive, send_on)
                else:
                    await self._application(scope, receive, send_on)
        except TimeoutError:
            if ended and deadline.expired():
                # Answered in time: only what cleans up after that was not over.
                return
            if began or not deadline.expired():
                raise
            log.warning("not answered in time", extra={"path": scope["path"], "seconds": self._deadline})
            await _busy(scope, receive, send)


async def _answer_while_awaited(application: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request without a body, unless its caller leaves before that."""
    gone, answered = asyncio.Event(), asyncio.Event()
    requests: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive_nothing() -> Message:
        if requests:
            return requests.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send_on(message: Message) -> None:
        if _is_last(message):
            # The server says now that the caller has gone. What is left is to clean up.
            answered.set()
        await send(message)

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        gone.set()

    work = asyncio.ensure_future(application(scope, receive_nothing, send_on))
    watcher = asyncio.ensure_future(watch())
    try:
        await asyncio.wait((work, watcher), return_when=asyncio.FIRST_COMPLETED)
        if answered.is_set() or work.done():
            await work
            return
    finally:
        watcher.cancel()
        await _give_up(work)
    if not work.cancelled():
        await work
    await send({"type": "http.response.start", "status": CLIENT_GONE, "headers": []})


async def _give_up(work: asyncio.Future[None]) -> None:
    """End it, if it has not ended; an error that nobody is left to hear of is not to be logged as forgotten."""
    if not work.done():
        work.cancel()
        await asyncio.wait((work,))
    if not work.cancelled():
        work.exception()


def _is_last(message: Message) -> bool:
    return message["type"] == "http.response.body" and not message.get("more_body")


async def _busy(scope: Scope, receive: Receive, send: Send) -> None:
    await make_refusal()(scope, receive, send)


def make_refusal() -> Response:
    """The answer to who asks for more than can be done now."""
    return PlainTextResponse(
        "Too many requests at once: come again in a moment.\n",
        status_code=503,
        headers={"Retry-After": str(RETRY_AFTER), "Cache-Control": "no-store"},
    )
