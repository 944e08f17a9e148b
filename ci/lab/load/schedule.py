"""When the next request is due: as soon as the last is answered, or at a rate, whatever the server does."""

from __future__ import annotations

import asyncio
import time


class Closed:
    """A closed loop: the next request begins now."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping

    async def next(self) -> float | None:
        """Now."""
        return None if self._stopping.is_set() else time.monotonic()

    async def run(self) -> None:
        """Nothing to do."""


class Open:
    """An open loop: requests fall due at a steady rate, and wait while no client is free.

    Their latency counts from when they were due: a server that stands still for a second shows in every request of
    that second, not in one a client ("coordinated omission").
    """

    def __init__(self, stopping: asyncio.Event, rate: float, clients: int) -> None:
        self._stopping = stopping
        self._step = 1.0 / rate
        self._clients = clients
        self._due: asyncio.Queue[float | None] = asyncio.Queue()

    async def next(self) -> float | None:
        """The oldest that nobody has taken."""
        return await self._due.get()

    async def run(self) -> None:
        """Let requests fall due; at the end, tell every client."""
        due = time.monotonic()
        while not self._stopping.is_set():
            while due <= time.monotonic():
                self._due.put_nowait(due)
                due += self._step
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        for _ in range(self._clients):
            self._due.put_nowait(None)

    def unsent(self) -> list[float]:
        """What fell due and was never taken; empties the queue."""
        left = []
        while not self._due.empty():
            due = self._due.get_nowait()
            if due is not None:
                left.append(due)
        return left
