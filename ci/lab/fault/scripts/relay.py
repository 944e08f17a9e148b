"""Runs on a server: takes connections in the place of its ports and holds back what they carry, both ways.

Told to end, it takes no more, holds nothing back any more, and leaves with its last connection.
"""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

DELAY = float(sys.argv[1]) / 1000
PORTS: dict[int, int] = {
    int(port): int(here) for port, here in (pair.split(":") for pair in sys.argv[2].split(","))
}
STOPPING = asyncio.Event()
OPEN: set[asyncio.Task[None]] = set()


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One direction: each piece leaves a delay after it came, however many are on their way."""
    loop = asyncio.get_running_loop()
    due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=1000)

    async def release() -> None:
        while True:
            when, data = await due.get()
            if not STOPPING.is_set():
                await asyncio.sleep(max(0.0, when - loop.time()))
            if not data:
                break
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    releasing = asyncio.create_task(release())
    try:
        data = b"-"
        while data:
            data = await reader.read(65536)
            await due.put((loop.time() + DELAY, data))
        await releasing
    finally:
        releasing.cancel()


async def relay(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection."""
    task = asyncio.current_task()
    assert task is not None
    OPEN.add(task)
    try:
        address = writer.get_extra_info("sockname")[0]
        # To the same address: the engine publishes ports there, not on loopback alone.
        onward, back = await asyncio.open_connection(address, port)
        try:
            await asyncio.gather(carry(reader, back), carry(onward, writer))
        finally:
            back.close()
    except OSError:
        pass  # one end has gone
    finally:
        OPEN.discard(task)
        writer.close()


async def main() -> None:
    """Listen until told to end."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, STOPPING.set)
    servers = []
    for port, stand_in in PORTS.items():

        async def take(r: asyncio.StreamReader, w: asyncio.StreamWriter, port: int = port) -> None:
            await relay(port, r, w)

        servers.append(await asyncio.start_server(take, "0.0.0.0", stand_in))  # noqa: S104 - inside the server
    _tell_number()
    await STOPPING.wait()
    for server in servers:
        server.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(600):
            await asyncio.gather(*OPEN, return_exceptions=True)


def _tell_number() -> None:
    """Say who listens, now that it does."""
    Path(sys.argv[3]).write_text(str(os.getpid()))


if __name__ == "__main__":
    asyncio.run(main())
