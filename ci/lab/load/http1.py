"""HTTP/1.1 as a client speaks it: a parser that needs no connection, and a connection that keeps alive."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from lab.load.record import Cause, LostError

_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Answer:
    """A whole answer. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    keep_alive: bool = True

    @property
    def release(self) -> str:
        return self.headers.get("x-release", "")


@dataclass(frozen=True)
class Head:
    """The status line and headers of an answer."""

    status: int
    headers: dict[str, str]
    keep_alive: bool


class ResponseParser:
    """Bytes in, answers out. ``head`` is there as soon as it is known; ``take`` hands over the body in pieces."""

    def __init__(self) -> None:
        self._raw = bytearray()
        self._pieces: list[bytes] = []
        self._left = 0
        self._mode = "head"
        self.head: Head | None = None

    def feed(self, data: bytes) -> Answer | None:
        """Take bytes; the answer, if they complete it.

        Raises:
            LostError: this is not HTTP.
        """
        self._raw += data
        try:
            while self._step():
                pass
        except (ValueError, IndexError) as error:
            raise LostError(Cause.PROTOCOL, f"not HTTP/1.1: {error}") from error
        return self._finish() if self._mode == "done" else None

    def end(self) -> Answer | None:
        """The connection has ended: the answer, if its end was to be told that way."""
        return self._finish() if self._mode == "rest" else None

    @property
    def begun(self) -> bool:
        return bool(self._raw or self.head)

    def take(self) -> bytes:
        """The part of the body that has come since the last call."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken

    def rest(self) -> bytes:
        """The bytes behind the answer: what follows a switch of protocols."""
        return bytes(self._raw)

    def _step(self) -> bool:
        """Do what the bytes allow; whether another step may follow."""
        match self._mode:
            case "head":
                return self._read_head()
            case "length" | "chunk":
                return self._read_piece()
            case "size":
                return self._read_size()
            case "trailer":
                return self._read_trailer()
            case "rest":
                self._pieces.append(bytes(self._raw))
                self._raw.clear()
        return False

    def _read_head(self) -> bool:
        end = self._raw.find(_HEAD_END)
        if end < 0:
            return False
        lines = self._raw[:end].decode("latin-1").split("\r\n")
        del self._raw[: end + 4]
        version, status = lines[0].split(" ", 2)[:2]
        if not version.startswith("HTTP/1."):
            raise ValueError(lines[0][:40])
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if status.startswith("1") and status != "101":
            return True
        kept = headers.get("connection", "").lower() != "close" and version != "HTTP/1.0"
        self.head = Head(int(status), headers, kept)
        self._mode = self._body_mode(self.head)
        return self._mode != "done"

    def _body_mode(self, head: Head) -> str:
        if head.status in {101, 204, 304}:
            return "done"
        if "chunked" in head.headers.get("transfer-encoding", ""):
            return "size"
        if "content-length" in head.headers:
            self._left = int(head.headers["content-length"])
            return "length" if self._left else "done"
        return "rest"

    def _read_piece(self) -> bool:
        if not self._raw:
            return False
        piece = bytes(self._raw[: self._left])
        del self._raw[: len(piece)]
        self._pieces.append(piece)
        self._left -= len(piece)
        if self._left:
            return False
        self._mode = "size" if self._mode == "chunk" else "done"
        return self._mode == "size"

    def _read_size(self) -> bool:
        # The line end that closes the last chunk stands before the size of the next.
        while self._raw[:2] == b"\r\n":
            del self._raw[:2]
        end = self._raw.find(b"\r\n")
        if end < 0:
            return False
        self._left = int(self._raw[:end].split(b";")[0], 16)
        del self._raw[: end + 2]
        self._mode = "chunk" if self._left else "trailer"
        return True

    def _read_trailer(self) -> bool:
        if self._raw[:2] == b"\r\n":
            del self._raw[:2]
            self._mode = "done"
        elif (end := self._raw.find(_HEAD_END)) >= 0:
            del self._raw[: end + 4]
            self._mode = "done"
        return False

    def _finish(self) -> Answer:
        assert self.head is not None
        answer = Answer(self.head.status, self.head.headers, self.take(), self.head.keep_alive)
        self._mode, self.head = "head", None
        return answer


class Connection(asyncio.Protocol):
    """A connection that carries one request at a time."""

    def __init__(self) -> None:
        self._parser = ResponseParser()
        self._waiting: asyncio.Future[Answer] | None = None
        self._transport: asyncio.Transport | None = None
        self.usable = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self.usable = transport, True

    def data_received(self, data: bytes) -> None:
        """Parse, and wake up who waits for the answer."""
        try:
            answer = self._parser.feed(data)
        except LostError as error:
            self._fail(error)
            return
        if answer is None:
            return
        if not answer.keep_alive or self._waiting is None:
            self.close()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """The other end has gone: nobody waits in vain."""
        self.usable = False
        answer = self._parser.end() if exc is None else None
        if answer is not None and self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(answer)
            return
        half = " in the middle of an answer" if self._parser.begun else ""
        cause = Cause.EOF if exc is None else Cause.RESET
        self._fail(LostError(cause, f"{exc or 'the connection was closed'}{half}"))

    def send(self, request: bytes) -> asyncio.Future[Answer]:
        """Send a request; the future has its answer, or a ``LostError``."""
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._waiting

    def write(self, data: bytes) -> None:
        """Send more of a request whose answer is waited for."""
        assert self._transport is not None
        self._transport.write(data)

    def close(self) -> None:
        """Close it; it is used no more."""
        self.usable = False
        if self._transport is not None:
            self._transport.close()

    def _fail(self, error: LostError) -> None:
        self.close()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)


def render_request(
    method: str, path: str, authority: str, headers: dict[str, str] | None = None, body: bytes | None = None
) -> bytes:
    """A request as bytes; with a body, its length is told."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {authority}", "User-Agent: fairlead-load"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + _HEAD_END + (body or b"")


def render_chunk(data: bytes) -> bytes:
    """A piece of a chunked body; the empty one ends it."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"
