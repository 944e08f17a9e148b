"""One worker process: reads its plan from standard input, loads, and prints what it counted.

The first line of its output says that it has begun. It ends when its time is over, or when its input ends: then
whoever started it has asked for the end, or has died.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from lab.load.connect import Connect, connect_to
from lab.load.plan import Part, Plan, Protocol, parse_plan
from lab.load.record import Cause, LostError, Recorder
from lab.load.requests import Exchange, Http1Client, Http2Pool, Job, count_exchange
from lab.load.schedule import Closed, Open
from lab.load.streams import EventClient, WebSocketClient

# A closed loop that finds no server takes a breath, as its clients would: it is not to count its own spinning.
BREATH_SECONDS = 0.05


def main() -> None:
    """Load as the plan says."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    plan = parse_plan(json.loads(sys.stdin.buffer.readline()))
    counted = asyncio.run(_run(plan))
    print(json.dumps(counted))  # noqa: T201 - the parent reads it


async def _run(plan: Plan) -> dict[str, Any]:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), _on_input, stopping)
    loop.call_later(plan.seconds, stopping.set)
    started = time.time()
    print(json.dumps({"started": started}), flush=True)  # noqa: T201 - as above
    origin = time.monotonic()
    recorders = await load(plan, connect_to(plan.target), stopping, origin)
    loop.remove_reader(sys.stdin.fileno())
    return {
        "started": started,
        "seconds": time.monotonic() - origin,
        "parts": [recorder.to_json() for recorder in recorders],
    }


def _on_input(stopping: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1):
        stopping.set()


async def load(plan: Plan, connect: Connect, stopping: asyncio.Event, origin: float) -> list[Recorder]:
    """Load until ``stopping`` is set and what is under way has ended; one recorder for each part."""
    recorders = [Recorder(origin, _late_of(plan, part)) for part in plan.parts]
    jobs = [Job(plan, part, connect, recorder) for part, recorder in zip(plan.parts, recorders, strict=True)]
    await asyncio.gather(*(_DRIVERS[job.part.protocol](job, stopping) for job in jobs))
    return recorders


def _late_of(plan: Plan, part: Part) -> float:
    slow = part.protocol in {Protocol.UPLOAD, Protocol.DOWNLOAD}
    return plan.late + (part.span if slow else 0)


async def _drive_http1(job: Job, stopping: asyncio.Event) -> None:
    clients = [Http1Client(job) for _ in range(job.part.clients)]
    await _drive(job, stopping, [client.exchange for client in clients])
    for client in clients:
        client.close()


async def _drive_http2(job: Job, stopping: asyncio.Event) -> None:
    pool = Http2Pool(job)
    await _drive(job, stopping, [pool.exchange_of(number) for number in range(job.part.clients)])
    pool.close()


async def _drive(job: Job, stopping: asyncio.Event, exchanges: list[Exchange]) -> None:
    """Let every client do its exchanges on schedule; what an open loop could not send any more is lost."""
    if not exchanges:
        return
    rate = job.part.rate
    schedule = Open(stopping, rate, len(exchanges)) if rate else Closed(stopping)
    breath = 0.0 if rate else BREATH_SECONDS

    async def client(exchange: Exchange) -> None:
        while (began := await schedule.next()) is not None:
            if not await count_exchange(job, exchange, began):
                await asyncio.sleep(breath)

    tasks = [asyncio.create_task(client(exchange)) for exchange in exchanges]
    await schedule.run()
    await stopping.wait()
    _, late = await asyncio.wait(tasks, timeout=job.patience)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    for task in set(tasks) - late:
        task.result()
    if isinstance(schedule, Open):
        for due in schedule.unsent():
            job.recorder.lost(due, LostError(Cause.UNSENT, "no client was free before the load ended"))


async def _drive_websockets(job: Job, stopping: asyncio.Event) -> None:
    await asyncio.gather(*(WebSocketClient(job, stopping).run() for _ in range(job.part.clients)))


async def _drive_events(job: Job, stopping: asyncio.Event) -> None:
    await asyncio.gather(*(EventClient(job, stopping).run() for _ in range(job.part.clients)))


_DRIVERS: dict[Protocol, Callable[[Job, asyncio.Event], Coroutine[Any, Any, None] | Awaitable[None]]] = {
    Protocol.H1: _drive_http1,
    Protocol.H2: _drive_http2,
    Protocol.POST: _drive_http1,
    Protocol.UPLOAD: _drive_http1,
    Protocol.DOWNLOAD: _drive_http1,
    Protocol.WS: _drive_websockets,
    Protocol.SSE: _drive_events,
}

if __name__ == "__main__":
    main()
