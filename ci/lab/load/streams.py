"""The clients that hold a connection open: WebSockets that are echoed, and server-sent events.

A stream that ends is opened again at once. What ended it is told apart: closed as the protocol asks, or cut.
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass

from lab.load import websocket
from lab.load.connect import lost_by, open_streams
from lab.load.http1 import Head, ResponseParser, render_request
from lab.load.record import Cause, LostError
from lab.load.requests import Job
from lab.load.sse import EventParser, count_missed
from lab.load.websocket import Frame, FrameParser, render_frame

_LOOK_SECONDS = 0.2
_BREATH_SECONDS = 0.05
_NORMAL = 1000
_NO_HEAD = Head(0, {}, keep_alive=False)


@dataclass
class Line:
    """An open stream: its two ends, the parser of the answer that opened it, and that answer's head."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    parser: ResponseParser
    head: Head

    @property
    def release(self) -> str:
        return self.head.headers.get("x-release", "")

    async def read(self, seconds: float) -> bytes | None:
        """Bytes that come within so many seconds; None when none do.

        Raises:
            LostError: the stream has ended.
        """
        try:
            async with asyncio.timeout(max(0.001, seconds)):
                data = await self.reader.read(65536)
        except TimeoutError:
            return None
        except OSError as error:
            raise lost_by(error) from error
        if not data:
            raise LostError(Cause.EOF, "the stream ended without a word")
        return data


class ClosedError(Exception):
    """The server ended the stream as the protocol asks; the text is the code it gave."""


class StreamClient:
    """What the two kinds share: opening, counting how a stream ended, and opening again."""

    expected = 200

    def __init__(self, job: Job, stopping: asyncio.Event) -> None:
        self.job = job
        self.stopping = stopping
        self.counts = job.recorder.streams
        self._ended: float | None = None

    async def run(self) -> None:
        """Keep a stream open until the load ends."""
        while not self.stopping.is_set():
            line = await self._open()
            if line is None:
                await asyncio.sleep(_BREATH_SECONDS)
                continue
            try:
                await self.talk(line)
                self.counts.kept += 1
            except ClosedError as closed:
                self.counts.closed += 1
                self.counts.codes[str(closed)] = self.counts.codes.get(str(closed), 0) + 1
                self._ended = time.monotonic()
            except LostError as error:
                self.counts.cut += 1
                self._ended = time.monotonic()
                self.cut(error)
            finally:
                line.writer.close()

    async def talk(self, line: Line) -> None:
        """Use the stream; return when the load ends.

        Raises:
            ClosedError: the server closed it.
            LostError: it was cut.
        """
        raise NotImplementedError

    def cut(self, error: LostError) -> None:
        """Count what was under way when the stream was cut."""

    def headers(self) -> dict[str, str]:
        """What the request that opens a stream says."""
        raise NotImplementedError

    def saw_message(self) -> None:
        """Count a message; the first one of a new stream ends the gap after the last."""
        self.counts.messages += 1
        if self._ended is not None:
            self.counts.reconnect.add(time.monotonic() - self._ended)
            self._ended = None

    async def _open(self) -> Line | None:
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.job.plan.timeout):
                line = await self._ask()
        except LostError as error:
            self.job.recorder.lost(began, error)
            return None
        except TimeoutError:
            self.job.recorder.lost(began, LostError(Cause.TIMEOUT, "the stream was not opened in time"))
            return None
        self.job.recorder.answered(began, line.head.status, line.release, expected=self.expected)
        if line.head.status != self.expected:
            line.writer.close()
            return None
        self.counts.opened += 1
        return line

    async def _ask(self) -> Line:
        reader, writer = await open_streams(self.job.connect)
        target = self.job.plan.target
        writer.write(render_request("GET", self.job.part.asked_path, target.authority, self.headers()))
        line = Line(reader, writer, ResponseParser(), _NO_HEAD)
        try:
            while line.head is _NO_HEAD:
                answer = line.parser.feed(await line.read(self.job.plan.timeout) or b"")
                if answer is not None:
                    line.head = Head(answer.status, answer.headers, keep_alive=False)
                elif line.parser.head is not None:
                    line.head = line.parser.head
        except BaseException:
            writer.close()
            raise
        return line


class WebSocketClient(StreamClient):
    """Sends numbered messages at an interval, each of which is to come back as it was."""

    expected = 101

    def __init__(self, job: Job, stopping: asyncio.Event) -> None:
        super().__init__(job, stopping)
        self._pending: dict[bytes, float] = {}
        self._number = 0
        self._noise = os.urandom(max(0, job.part.size // 2)).hex().encode()

    def headers(self) -> dict[str, str]:
        """The handshake."""
        return websocket.handshake_headers(websocket.make_key())

    async def talk(self, line: Line) -> None:
        """Send and listen. What was under way when the last stream was closed is sent again first."""
        for message in self._pending:
            self._send(line, websocket.TEXT, message)
            self.counts.retried += 1
        frames = FrameParser(line.parser.rest())
        due = time.monotonic()
        while not (self.stopping.is_set() and not self._pending):
            now = time.monotonic()
            if now >= due and not self.stopping.is_set():
                self._send_next(line, now)
                due = max(due + self.job.part.interval, now)
            self._give_up(now)
            data = await line.read(min(_LOOK_SECONDS, max(0.0, due - now)))
            for frame in frames.feed(data or b""):
                self._handle(line, frame)
        self._send(line, websocket.CLOSE, _NORMAL.to_bytes(2))

    def cut(self, error: LostError) -> None:
        """What was under way is lost: nobody can know whether the server took it."""
        for began in self._pending.values():
            self.counts.lost += 1
            self.job.recorder.lost(began, error)
        self._pending.clear()

    def _send_next(self, line: Line, now: float) -> None:
        self._number += 1
        message = (b"%d:" % self._number) + self._noise
        self._pending[message] = now
        self._send(line, websocket.TEXT, message)

    def _send(self, line: Line, opcode: int, payload: bytes) -> None:
        line.writer.write(render_frame(opcode, payload, mask=os.urandom(4)))

    def _handle(self, line: Line, frame: Frame) -> None:
        if frame.opcode == websocket.CLOSE:
            self._send(line, websocket.CLOSE, frame.payload[:2])
            raise ClosedError(frame.close_code)
        if frame.opcode == websocket.PING:
            self._send(line, websocket.PONG, frame.payload)
        elif frame.opcode in {websocket.TEXT, websocket.BINARY}:
            began = self._pending.pop(frame.payload, None)
            self.saw_message()
            known = began is not None
            self.job.recorder.answered(
                began if began is not None else time.monotonic(), 200, line.release, body_ok=known
            )

    def _give_up(self, now: float) -> None:
        for message in [one for one, began in self._pending.items() if now - began > self.job.plan.timeout]:
            self.counts.lost += 1
            self.job.recorder.lost(self._pending.pop(message), LostError(Cause.TIMEOUT, "no echo"))


class EventClient(StreamClient):
    """Listens to server-sent events, whose numbers tell whether one was missed."""

    def __init__(self, job: Job, stopping: asyncio.Event) -> None:
        super().__init__(job, stopping)
        self._last = 0

    def headers(self) -> dict[str, str]:
        """The last number seen, so that the server goes on behind it."""
        last = {"Last-Event-ID": str(self._last)} if self._last else {}
        return {"Accept": "text/event-stream", **last}

    async def talk(self, line: Line) -> None:
        """Listen. Silence of the timeout's length is a stream that was lost."""
        events = EventParser()
        heard = time.monotonic()
        self._see(events, line.parser.take())
        while not self.stopping.is_set():
            data = await line.read(_LOOK_SECONDS)
            if data is None:
                if time.monotonic() - heard > self.job.plan.timeout:
                    raise LostError(Cause.TIMEOUT, "no event")
                continue
            heard = time.monotonic()
            answer = line.parser.feed(data)
            self._see(events, answer.body if answer else line.parser.take())
            if answer is not None:
                raise ClosedError("end")

    def _see(self, events: EventParser, data: bytes) -> None:
        for event in events.feed(data):
            missed, self._last = count_missed(self._last, event)
            self.counts.missed += missed
            self.saw_message()
