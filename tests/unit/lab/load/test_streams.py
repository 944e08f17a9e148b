"""Streams that are kept, closed as their protocol asks, or cut."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from collections.abc import AsyncIterator
from typing import Any

import pytest

from lab.load import websocket
from lab.load.plan import Part, Protocol
from lab.load.report import Report
from lab.load.websocket import Frame, FrameParser, accept_of, render_frame
from tests.unit.lab.load.conftest import Run, read_request

WS = Part(Protocol.WS, clients=1, interval=0.02, size=64)
SSE = Part(Protocol.SSE, clients=1)


async def accept(reader: Reader, writer: Writer, release: str = "r1") -> None:
    headers, _ = await read_request(reader)
    answer = accept_of(headers["sec-websocket-key"])
    head = f"HTTP/1.1 101 X\r\nX-Release: {release}\r\nSec-WebSocket-Accept: {answer}\r\n\r\n"
    writer.write(head.encode())


async def frames_of(reader: Reader) -> AsyncIterator[Frame]:
    parser = FrameParser()
    while data := await reader.read(65536):
        for frame in parser.feed(data):
            yield frame


def streams(report: Report) -> dict[str, Any]:
    found = report.document["parts"][0]["streams"]
    assert isinstance(found, dict)
    return found


async def echo(reader: Reader, writer: Writer) -> None:
    await accept(reader, writer)
    async for frame in frames_of(reader):
        writer.write(render_frame(frame.opcode, frame.payload))


def test_a_websocket_is_kept_and_every_message_comes_back(run: Run) -> None:
    report = run(echo, WS)
    counted = streams(report)
    assert (counted["opened"], counted["kept"], counted["cut"], counted["closed"]) == (1, 1, 0, 0)
    assert counted["messages"] > 3
    assert not report.failed


def test_a_websocket_that_is_closed_loses_nothing(run: Run) -> None:
    """The server closes with a message unanswered: it is sent again on the next connection."""
    turn = 0

    async def serve(reader: Reader, writer: Writer) -> None:
        nonlocal turn
        turn += 1
        if turn > 1:
            await echo(reader, writer)
            return
        await accept(reader, writer)
        async for frame in frames_of(reader):
            if frame.opcode == websocket.TEXT:
                writer.write(render_frame(websocket.CLOSE, (1012).to_bytes(2)))
            else:
                return

    report = run(serve, WS)
    counted = streams(report)
    assert (counted["opened"], counted["closed"], counted["cut"], counted["lost"]) == (2, 1, 0, 0)
    assert counted["codes"] == {"1012": 1}
    assert counted["retried"] >= 1
    assert counted["reconnected"] == 1
    assert not report.failed


def test_a_websocket_that_just_ends_is_cut_and_its_messages_are_lost(run: Run) -> None:
    async def serve(reader: Reader, writer: Writer) -> None:
        await accept(reader, writer)
        await anext(frames_of(reader))

    report = run(serve, WS)
    counted = streams(report)
    assert counted["cut"] == counted["opened"] - counted["kept"] >= 1
    assert counted["closed"] == 0
    assert counted["lost"] >= counted["cut"]
    assert report.failed >= counted["cut"] + counted["lost"]


def test_a_message_that_comes_back_changed_is_a_wrong_body(run: Run) -> None:
    async def serve(reader: Reader, writer: Writer) -> None:
        await accept(reader, writer)
        async for frame in frames_of(reader):
            writer.write(render_frame(frame.opcode, frame.payload + b"!"))

    report = run(serve, WS, timeout=0.1)
    assert report.document["requests"]["wrong_body"] > 3


def test_a_refused_handshake_is_a_wrong_status(run: Run) -> None:
    async def serve(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 502 X\r\nContent-Length: 0\r\n\r\n")

    report = run(serve, WS)
    assert report.document["requests"]["wrong_status"] == report.document["requests"]["total"] > 0
    assert streams(report)["opened"] == 0


@pytest.mark.parametrize("proper", [True, False])
def test_the_end_of_events_is_told_from_a_cut(run: Run, proper: bool) -> None:
    asked: list[str] = []

    async def serve(reader: Reader, writer: Writer) -> None:
        headers, _ = await read_request(reader)
        last = int(headers.get("last-event-id", "0"))
        asked.append(str(last))
        writer.write(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(last + 1, last + 4):
            event = f"id: {number}\ndata: x\n\n".encode()
            writer.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
            await asyncio.sleep(0.02)
        if proper:
            writer.write(b"0\r\n\r\n")

    report = run(serve, SSE, seconds=2)
    counted = streams(report)
    ended, other = ("closed", "cut") if proper else ("cut", "closed")
    assert counted[ended] >= 1
    assert counted[other] == 0
    assert counted["missed"] == 0
    assert asked[:2] == ["0", "3"], "it goes on behind the last event that it has seen"
    assert bool(report.failed) is not proper


def test_events_that_are_left_out_are_missed(run: Run) -> None:
    async def serve(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in (1, 2, 5):
            event = f"id: {number}\ndata: x\n\n".encode()
            writer.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
        await reader.read()

    report = run(serve, SSE)
    assert streams(report)["missed"] == 2
    assert report.failed == 2
