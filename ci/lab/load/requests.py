"""The clients that send requests one after the other: send, wait, judge the answer, count it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from lab.load import http1, http2
from lab.load.connect import Connect, open_connection
from lab.load.http1 import Answer, render_chunk, render_request
from lab.load.plan import Part, Plan, Protocol
from lab.load.record import Cause, LostError, Recorder

_PIECES = 20
_H2_STREAMS = 8


@dataclass(frozen=True)
class Job:
    """What a client needs: the plan and its part in it, the way to the target, and where to count."""

    plan: Plan
    part: Part
    connect: Connect
    recorder: Recorder

    @property
    def patience(self) -> float:
        """Seconds after which an answer is given up."""
        slow = self.part.protocol in {Protocol.UPLOAD, Protocol.DOWNLOAD}
        return self.plan.timeout + (self.part.span if slow else 0)


Exchange = Callable[[], Awaitable[tuple[Answer, bool]]]


async def count_exchange(job: Job, exchange: Exchange, began: float) -> bool:
    """Let one request happen and count its fate; whether it was answered at all."""
    try:
        async with asyncio.timeout(job.patience):
            answer, body_ok = await exchange()
    except LostError as error:
        job.recorder.lost(began, error)
    except TimeoutError:
        job.recorder.lost(began, LostError(Cause.TIMEOUT, f"no answer within {job.patience:g} s"))
    else:
        job.recorder.answered(began, answer.status, answer.release, body_ok=body_ok)
        return True
    return False


class Http1Client:
    """A client with a connection of its own, which it keeps alive."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._connection: http1.Connection | None = None
        target, part = job.plan.target, job.part
        self._get = render_request("GET", part.asked_path, target.authority)
        self._noise = os.urandom(part.size)
        self._number = 0

    async def exchange(self) -> tuple[Answer, bool]:
        """One request of the kind that the part asks for: the answer, and whether its body is right.

        A connection in use when the request fails or is given up is not used again.
        """
        connection = self._connection
        if connection is None or not connection.usable:
            connection = self._connection = await open_connection(
                self._job.connect, http1.Connection, "http/1.1"
            )
        try:
            match self._job.part.protocol:
                case Protocol.POST:
                    return await self._post(connection)
                case Protocol.UPLOAD:
                    return await self._upload(connection)
                case Protocol.DOWNLOAD:
                    return await self._download(connection)
                case _:
                    return await connection.send(self._get), True
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()

    async def _download(self, connection: http1.Connection) -> tuple[Answer, bool]:
        answer = await connection.send(self._get)
        return answer, hashlib.sha256(answer.body).hexdigest() == answer.headers.get("x-sha256")

    async def _post(self, connection: http1.Connection) -> tuple[Answer, bool]:
        body = self._next_body()
        answer = await connection.send(self._render("POST", {}, body))
        return answer, hashlib.sha256(answer.body).digest() == hashlib.sha256(body).digest()

    async def _upload(self, connection: http1.Connection) -> tuple[Answer, bool]:
        body = self._next_body()
        size = max(1, -(-len(body) // _PIECES))
        pieces = [body[start : start + size] for start in range(0, len(body), size)]
        waiting = connection.send(self._render("POST", {"Transfer-Encoding": "chunked"}))
        for piece in pieces:
            connection.write(render_chunk(piece))
            await asyncio.wait([waiting], timeout=self._job.part.span / len(pieces))
            if waiting.done():
                # An answer before the end of the upload: nobody reads the rest.
                connection.close()
                break
        else:
            connection.write(render_chunk(b""))
        answer = await waiting
        return answer, _sha256_told(answer.body) == hashlib.sha256(body).hexdigest()

    def _render(self, method: str, headers: dict[str, str], body: bytes | None = None) -> bytes:
        return render_request(
            method, self._job.part.asked_path, self._job.plan.target.authority, headers, body
        )

    def _next_body(self) -> bytes:
        """A body that no other request has: its number in front of noise."""
        self._number += 1
        return (b"%d:" % self._number + self._noise)[: max(1, self._job.part.size)]


class Http2Pool:
    """The connections that the clients of an HTTP/2 part share, eight clients to each."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._connections: dict[int, http2.Connection] = {}
        self._locks: dict[int, asyncio.Lock] = {}

    def exchange_of(self, client: int) -> Exchange:
        """What the client of that number does for one request."""
        number = client // _H2_STREAMS
        target, path = self._job.plan.target, self._job.part.asked_path

        async def exchange() -> tuple[Answer, bool]:
            connection = await self._connection(number)
            waiting = connection.request("GET", path, target.authority, secure=target.secure)
            try:
                return await waiting, True
            except asyncio.CancelledError:
                # Given up: what shares the connection may still be answered, the next request takes a new one.
                connection.usable = False
                raise

        return exchange

    def close(self) -> None:
        """End the connections."""
        for connection in self._connections.values():
            connection.close()

    async def _connection(self, number: int) -> http2.Connection:
        async with self._locks.setdefault(number, asyncio.Lock()):
            connection = self._connections.get(number)
            if connection is None or not connection.usable:
                connection = self._connections[number] = await open_connection(
                    self._job.connect, http2.Connection, "h2"
                )
            return connection


def _sha256_told(body: bytes) -> str:
    try:
        return str(json.loads(body)["sha256"])
    except (ValueError, KeyError, TypeError):
        return ""
