"""The queue between api and worker: a Redis stream with one consumer group.

A job is the number of an event. It stays pending in the group until it is finished;
the job of a worker that was killed is taken over by another once it has been silent for a while.
Redis may lose everything: the database still knows which events are to be told, and hands them out again.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ResponseError

from app.settings import Cache

STREAM = "board:notifications"
GROUP = "workers"

_LOST = ("NOGROUP", "UNBLOCKED")


@dataclass(frozen=True)
class Job:
    """A job as it lies in the stream: its message, and the event that it is about."""

    message: str
    seq: int


def make_redis(cache: Cache) -> Redis:
    """A client with a pool of its own; a lost connection is made again before a command fails."""
    return Redis(
        host=cache.host,
        port=cache.port,
        password=cache.password.value,
        decode_responses=True,
        socket_connect_timeout=3,
        socket_timeout=10,
        health_check_interval=30,
        retry=Retry(ExponentialBackoff(cap=1, base=0.05), 3),
    )


class NotificationQueue:
    """Jobs in, jobs out."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def ping(self) -> str:
        """Ask Redis whether it is there."""
        await self._redis.ping()
        return "answers"

    async def push(self, *seqs: int) -> None:
        """Add a job for each event."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for seq in seqs:
                pipeline.xadd(STREAM, {"seq": str(seq)})
            await pipeline.execute()

    async def prepare(self) -> None:
        """Make the consumer group, if it is not there."""
        try:
            await self._redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def take(self, consumer: str, wait: float) -> Job | None:
        """The next new job, or None if there is none within ``wait`` seconds."""
        answer: Any = await self._ask(
            self._redis.xreadgroup(GROUP, consumer, {STREAM: ">"}, count=1, block=max(1, int(wait * 1000)))
        )
        if not answer:
            return None
        streams = answer.items() if isinstance(answer, dict) else answer
        return _first_job([message for _, messages in streams for message in messages])

    async def take_over(self, consumer: str, silent: float) -> Job | None:
        """A job that another worker took and has not finished for ``silent`` seconds."""
        answer: Any = await self._ask(
            self._redis.xautoclaim(
                STREAM, GROUP, consumer, min_idle_time=int(silent * 1000), start_id="0-0", count=1
            )
        )
        return _first_job(answer[1]) if answer else None

    async def _ask(self, question: Awaitable[Any]) -> Any:
        """The answer; None, and the group made anew, if Redis has lost the stream meanwhile."""
        try:
            return await question
        except ResponseError as error:
            if not str(error).startswith(_LOST):
                raise
            await self.prepare()
            return None

    async def finish(self, job: Job) -> None:
        """Take the job off the stream."""
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.xack(STREAM, GROUP, job.message)
            pipeline.xdel(STREAM, job.message)
            await pipeline.execute()

    async def leave(self, consumer: str) -> None:
        """Forget a consumer that stops, unless it leaves jobs behind: those are taken over."""
        pending: Any = await self._redis.xpending_range(STREAM, GROUP, "-", "+", 1, consumername=consumer)
        if not pending:
            await self._redis.xgroup_delconsumer(STREAM, GROUP, consumer)

    async def count(self) -> int:
        """How many jobs lie in the stream, taken ones included."""
        return int(await self._redis.xlen(STREAM))

    async def close(self) -> None:
        """Give the connections back."""
        await self._redis.aclose()


def _first_job(messages: list[Any]) -> Job | None:
    """The first message as a job; messages that were deleted meanwhile have no fields."""
    for message, fields in messages:
        if fields:
            return Job(str(message), int(fields["seq"]))
    return None
