"""An app with every kind of request that a switch can hurt, on the standard library alone; it answers on port 8000.

On SIGTERM it stops accepting, finishes what is under way, ends its streams as their protocols ask, and leaves.
FAULT makes a bad release of it: ``crash`` (does not start), ``unhealthy`` (never healthy), ``late-crash`` (crashes
seconds after it became healthy), ``crash-in-use`` (crashes as soon as a user has asked for something), ``errors`` (answers 500 to everything but its health check).
"""

import asyncio
import contextlib
import os
import signal
import sys

from .handlers import HANDLERS, RELEASE, Request, Response, parse_path

PORT = 8000
FAULT = os.environ.get("FAULT", "")
GRACE_SECONDS = 18.0
CRASH_SECONDS = 6.0
IN_USE_SECONDS = 0.3
HEALTH = {"/health", "/up"}


class Server:
    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self.connections: dict[asyncio.Task[None], bool] = {}

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        if FAULT == "late-crash":
            loop.call_later(CRASH_SECONDS, os._exit, 1)
        server = await asyncio.start_server(self.serve, "0.0.0.0", PORT, backlog=1024)
        print(f"release {RELEASE} listens on {PORT}", flush=True)
        await self.stopping.wait()
        server.close()
        for task, busy in list(self.connections.items()):
            if not busy:
                task.cancel()
        if self.connections:
            await asyncio.wait(self.connections, timeout=GRACE_SECONDS)
        print(f"release {RELEASE} leaves, {len(self.connections)} connections still open", flush=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.connections[task] = False
        try:
            while not self.stopping.is_set() and await self.one(task, reader, writer):
                self.connections[task] = False
        except (OSError, asyncio.IncompleteReadError, ValueError):
            pass  # the other end has gone, or does not speak HTTP
        except asyncio.CancelledError:
            pass  # idle when the app stopped
        finally:
            del self.connections[task]
            writer.close()

    async def one(
        self, task: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; whether the connection goes on."""
        first = await reader.readline()
        if not first:
            return False
        self.connections[task] = True
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        path, query = parse_path(target)
        headers = {name.lower(): value for name, value in headers.items()}
        request = Request(method, path, query, headers, reader, writer, self.stopping)
        if FAULT == "crash-in-use" and path not in HEALTH and "x-fairlead-dark" not in headers:
            asyncio.get_running_loop().call_later(IN_USE_SECONDS, os._exit, 1)
        response = await answer(request)
        return await self.write(request, response)

    async def write(self, request: Request, response: Response) -> bool:
        writer = request.writer
        headers = {"X-Release": RELEASE, **response.headers}
        kept = not self.stopping.is_set() and request.headers.get("connection", "").lower() != "close"
        chunked = response.stream is not None and "Content-Length" not in headers
        if chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif response.stream is None and response.upgrade is None:
            headers["Content-Length"] = str(len(response.body))
        if not kept:
            headers.setdefault("Connection", "close")
        lines = [f"HTTP/1.1 {response.status}", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + response.body)
        if response.upgrade is not None:
            await response.upgrade()
            return False
        if response.stream is not None:
            async for piece in response.stream:
                writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" if chunked else piece)
                await writer.drain()
            if chunked:
                writer.write(b"0\r\n\r\n")
        await writer.drain()
        return kept


async def answer(request: Request) -> Response:
    handler = HANDLERS.get(request.path)
    if handler is None:
        return Response("404 Not Found", b"no such page\n")
    if request.path in HEALTH:
        return Response("503 Service Unavailable") if FAULT == "unhealthy" else await handler(request)
    if FAULT == "errors":
        return Response("500 Internal Server Error", b"out of order\n")
    return await handler(request)


if __name__ == "__main__":
    if FAULT == "crash":
        sys.exit("this release was made to crash")
    else:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(Server().run())
