"""What the streams app answers: short requests, echoes, slow transfers, a WebSocket and server-sent events."""

import asyncio
import base64
import hashlib
import json
import os
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

REVISION = os.environ.get("REVISION", "unnamed")
# A variable makes a release of the same commit: the load is told which of them answered. The health check says the
# commit, which is what a deploy expects there.
RELEASE = os.environ.get("RELEASE") or REVISION
INNER = os.environ.get("INNER", "")
EVENT_SECONDS = 0.2
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
SERVICE_RESTART = 1012


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    stopping: asyncio.Event

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, as it comes."""
        if "chunked" in self.headers.get("transfer-encoding", ""):
            while size := int((await self.reader.readline()).split(b";")[0], 16):
                yield await self.reader.readexactly(size)
                await self.reader.readexactly(2)
            await self.reader.readline()
            return
        left = int(self.headers.get("content-length", "0"))
        while left:
            piece = await self.reader.read(min(left, 65536))
            if not piece:
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(piece)
            yield piece


@dataclass
class Response:
    """An answer; ``stream`` writes a body of unknown length in chunks, ``upgrade`` takes the connection over."""

    status: str = "200 OK"
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    stream: AsyncIterator[bytes] | None = None
    upgrade: Callable[[], Awaitable[None]] | None = None


async def root(request: Request) -> Response:
    return Response(body=b"ok\n")


async def health(request: Request) -> Response:
    status = "503 Service Unavailable" if request.stopping.is_set() else "200 OK"
    return Response(status, b"health\n", {"X-Release": REVISION})


async def inner(request: Request) -> Response:
    """Ask the other service, as one service of a release asks another, and say which release answered."""
    where = urlsplit(INNER)
    reader, writer = await asyncio.open_connection(where.hostname, where.port or 80)
    writer.write(f"GET {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: close\r\n\r\n".encode())
    answer = (await asyncio.wait_for(reader.read(), 20)).decode("latin-1")
    writer.close()
    head = answer.partition("\r\n\r\n")[0].lower().split("\r\n")
    told = dict(line.split(": ", 1) for line in head[1:])
    good = head[0].split(" ")[1:2] == ["200"]
    return Response("200 OK" if good else "502 Bad Gateway", told.get("x-release", "").encode())


async def echo(request: Request) -> Response:
    body = b"".join([piece async for piece in request.pieces()])
    return Response(body=body, headers={"X-Sha256": hashlib.sha256(body).hexdigest()})


async def upload(request: Request) -> Response:
    digest, size = hashlib.sha256(), 0
    async for piece in request.pieces():
        digest.update(piece)
        size += len(piece)
    return Response(body=json.dumps({"bytes": size, "sha256": digest.hexdigest()}).encode())


async def download(request: Request) -> Response:
    """``bytes`` over ``seconds``, with the checksum told in front."""
    size, seconds = int(request.query.get("bytes", "1024")), float(request.query.get("seconds", "1"))
    body = (hashlib.sha256(RELEASE.encode()).digest() * (size // 32 + 1))[:size]
    step = max(1, -(-size // 20))

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, size, step):
            yield body[start : start + step]
            await asyncio.sleep(seconds * step / size)

    headers = {"X-Sha256": hashlib.sha256(body).hexdigest(), "Content-Length": str(size)}
    return Response(headers=headers, stream=pieces())


async def events(request: Request) -> Response:
    """Numbered events behind the last one that the client has seen; ended, not cut, when the app stops."""
    number = int(request.headers.get("last-event-id", "0"))

    async def stream() -> AsyncIterator[bytes]:
        count = number
        while not request.stopping.is_set():
            count += 1
            yield f"id: {count}\ndata: {RELEASE}\n\n".encode()
            await wait_for_stop(request.stopping, EVENT_SECONDS)

    return Response(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}, stream=stream()
    )


async def websocket(request: Request) -> Response:
    key = request.headers.get("sec-websocket-key", "")
    accept = base64.b64encode(hashlib.sha1(key.encode() + GUID, usedforsecurity=False).digest()).decode()
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accept}
    return Response("101 Switching Protocols", headers=headers, upgrade=lambda: echo_frames(request))


async def echo_frames(request: Request) -> None:
    """Send every message back; say that the service restarts when the app stops."""
    stop = asyncio.create_task(request.stopping.wait())
    frame = asyncio.create_task(read_frame(request.reader))
    try:
        while True:
            await asyncio.wait({stop, frame}, return_when=asyncio.FIRST_COMPLETED)
            if not frame.done():
                break
            opcode, payload = frame.result()
            if opcode == 0x8:
                write_frame(request.writer, 0x8, payload[:2])
                return
            write_frame(request.writer, 0xA if opcode == 0x9 else opcode, payload)
            await request.writer.drain()
            frame = asyncio.create_task(read_frame(request.reader))
        write_frame(request.writer, 0x8, struct.pack("!H", SERVICE_RESTART))
        await request.writer.drain()
        # What the client had sent before it saw the close is sent again by it; its own close ends the connection.
        async with asyncio.timeout(2):
            while (await frame)[0] != 0x8:
                frame = asyncio.create_task(read_frame(request.reader))
    except TimeoutError:
        pass
    finally:
        stop.cancel()
        frame.cancel()


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first, second = await reader.readexactly(2)
    length = second & 0x7F
    if length >= 126:
        length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8))
    mask = await reader.readexactly(4) if second & 0x80 else b"\0\0\0\0"
    payload = await reader.readexactly(length)
    return first & 0x0F, bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


def write_frame(writer: asyncio.StreamWriter, opcode: int, payload: bytes) -> None:
    length = len(payload)
    size = bytes([length]) if length < 126 else b"\x7e" + struct.pack("!H", length)
    writer.write(bytes([0x80 | opcode]) + size + payload)


async def wait_for_stop(stopping: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        pass


HANDLERS: dict[str, Callable[[Request], Awaitable[Response]]] = {
    "/": root,
    "/up": health,
    "/health": health,
    "/inner": inner,
    "/echo": echo,
    "/upload": upload,
    "/download": download,
    "/events": events,
    "/ws": websocket,
}


def parse_path(target: str) -> tuple[str, dict[str, str]]:
    if "?" not in target:
        return target, {}
    parts = urlsplit(target)
    return parts.path, {name: values[-1] for name, values in parse_qs(parts.query).items()}
