"""The process of ``worker``: takes jobs, does them, and stops between two jobs when asked to."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import httpx
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from app.healthcheck import HEARTBEAT
from app.logs import configure_logging, request_id
from app.queue import Job, NotificationQueue, make_redis
from app.settings import WorkerSettings, read_worker_settings
from app.store.engine import SessionMaker, make_engine, make_sessions
from app.store.outbox import lease_due
from app.worker.deliver import TIMEOUT
from app.worker.jobs import Notifier

log = logging.getLogger(__name__)

WAIT = 1.0
"""Seconds for which a consumer waits for a job before it looks whether it shall stop."""

SWEEP = 1.0
"""Seconds between two looks into the database for events that are due."""

ENOUGH = 1000
"""Jobs in the queue to which the sweeper adds none: what is due stays so, and a lease that runs out while its job still
waits for its turn would add the same event again."""

TROUBLE_PAUSE = 2.0
"""Seconds to wait after the database or Redis did not answer."""


class Worker:
    """Consumers that take jobs, and a sweeper that makes jobs of events that are due."""

    def __init__(self, settings: WorkerSettings, queue: NotificationQueue, sessions: SessionMaker) -> None:
        self._settings = settings
        self._queue = queue
        self._sessions = sessions
        self._stop = asyncio.Event()
        self._name = f"{socket.gethostname()}-{os.getpid()}"

    def stop(self) -> None:
        """Take no more jobs; those that are being done are finished."""
        log.info("stopping")
        self._stop.set()

    async def run(self, http: httpx.AsyncClient) -> None:
        """Work until stopped."""
        notifier = Notifier(self._settings, self._sessions, http)
        await self._until_stopped(self._queue.prepare, once=True)
        consumers = [f"{self._name}-{number}" for number in range(self._settings.concurrency)]
        log.info("working", extra={"webhooks": [webhook.name for webhook in self._settings.webhooks]})
        async with asyncio.TaskGroup() as group:
            group.create_task(self._until_stopped(self._sweep, pause=SWEEP))
            for consumer in consumers:
                group.create_task(self._until_stopped(partial(self._work, consumer, notifier)))
        with contextlib.suppress(RedisError, OSError):  # a name that is left behind does no harm
            for consumer in consumers:
                await self._queue.leave(consumer)

    async def _until_stopped(
        self, step: Callable[[], Awaitable[None]], *, pause: float = 0.0, once: bool = False
    ) -> None:
        """Repeat a step; a database or Redis that is away is waited for, never a reason to end."""
        while not self._stop.is_set():
            HEARTBEAT.touch()
            try:
                await step()
            except (RedisError, SQLAlchemyError, OSError) as error:
                log.warning(
                    "waiting for database and queue", extra={"why": f"{type(error).__name__}: {error}"}
                )
                await self._pause(TROUBLE_PAUSE)
                continue
            if once:
                return
            if pause:
                await self._pause(pause)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return

    async def _sweep(self) -> None:
        if await self._queue.count() >= ENOUGH:
            return
        async with self._sessions() as session:
            due = await lease_due(session)
            await session.commit()
        await self._queue.push(*due)

    async def _work(self, consumer: str, notifier: Notifier) -> None:
        job = await self._queue.take_over(consumer, self._settings.reclaim)
        job = job or await self._queue.take(consumer, WAIT)
        if job:
            await self._do(job, notifier)

    async def _do(self, job: Job, notifier: Notifier) -> None:
        token = request_id.set(f"job-{job.message}")
        try:
            await notifier.run_job(job.seq)
            await self._queue.finish(job)
        finally:
            request_id.reset(token)


async def _main(settings: WorkerSettings) -> None:
    engine = make_engine(settings.database, service="worker", size=settings.concurrency + 1)
    queue = NotificationQueue(make_redis(settings.cache))
    worker = Worker(settings, queue, make_sessions(engine))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, worker.stop)
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as http:
            await worker.run(http)
    finally:
        await queue.close()
        await engine.dispose()


def run(environ: Mapping[str, str]) -> int:
    """Check the settings, then work until a signal; a job in hand is finished."""
    settings = read_worker_settings(environ)
    configure_logging("worker", settings.process.release, settings.process.log_level)
    asyncio.run(_main(settings))
    return 0
