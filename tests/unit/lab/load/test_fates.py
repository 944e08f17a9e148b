"""Every fate that a request can have, brought about by a server that behaves that way."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer

import pytest

from lab.load.plan import Part, Protocol
from lab.load.record import Fate
from lab.load.report import Report, render
from lab.load.worker import BREATH_SECONDS
from tests.unit.lab.load.conftest import Run, read_request, render_answer

ONE = Part(Protocol.H1, clients=1)


async def answer_all(reader: Reader, writer: Writer) -> None:
    while True:
        await read_request(reader)
        writer.write(render_answer())


def fates(report: Report) -> dict[str, int]:
    counts = dict(report.document["requests"])
    assert sum(counts.values()) == 2 * counts.pop("total"), "each request has one fate"
    return {name: count for name, count in counts.items() if count}


def causes(report: Report) -> set[str]:
    return set(report.document["parts"][0]["lost_by"])


def test_what_is_answered_is_counted_by_release(run: Run) -> None:
    report = run(answer_all, ONE)
    assert set(fates(report)) == {"answered"}
    (release,) = report.document["parts"][0]["releases"]
    assert release["release"] == "r1"
    assert release["answers"] == report.document["requests"]["total"] > 5
    assert not report.failed
    assert "every request was answered" in render(report)


def test_a_client_keeps_its_connection(run: Run) -> None:
    connections = 0

    async def serve(reader: Reader, writer: Writer) -> None:
        nonlocal connections
        connections += 1
        await answer_all(reader, writer)

    assert run(serve, Part(Protocol.H1, clients=3)).document["requests"]["total"] > 20
    assert connections == 3


def test_a_connection_that_the_server_ends_after_an_answer_loses_nothing(run: Run) -> None:
    async def serve(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(render_answer(headers="Connection: close\r\n"))

    assert set(fates(run(serve, ONE))) == {"answered"}


def test_an_error_of_the_server_is_a_wrong_status(run: Run) -> None:
    async def serve(reader: Reader, writer: Writer) -> None:
        while True:
            await read_request(reader)
            writer.write(render_answer(status=502))

    report = run(serve, ONE)
    assert set(fates(report)) == {"wrong_status"}
    assert set(report.document["parts"][0]["statuses"]) == {"502"}
    assert report.document["parts"][0]["troubles"][0]["status"] == 502
    assert report.failed == report.document["requests"]["total"]
    assert "FAILED" in render(report)


def test_a_slow_answer_is_late_and_still_answered(run: Run) -> None:
    async def serve(reader: Reader, writer: Writer) -> None:
        while True:
            await read_request(reader)
            await asyncio.sleep(0.1)
            writer.write(render_answer())

    report = run(serve, ONE, late=0.05)
    assert set(fates(report)) == {"late"}
    assert not report.failed


def test_nobody_listens(run: Run) -> None:
    report = run(None, ONE)
    assert set(fates(report)) == {"lost"}
    assert causes(report) == {"refused"}
    # Of one client, for as long as it took: a crowded machine may have stopped it late.
    most = report.document["seconds"] / BREATH_SECONDS + 1
    assert report.document["requests"]["total"] <= most, "a closed loop takes a breath before it tries again"


def test_the_server_hangs_up_before_it_answers(run: Run) -> None:
    async def serve(reader: Reader, writer: Writer) -> None:
        await read_request(reader)

    assert causes(run(serve, ONE)) == {"eof"}


def test_the_server_hangs_up_in_the_middle_of_an_answer(run: Run) -> None:
    async def serve(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(render_answer(b"half")[:-2])
        await writer.drain()

    report = run(serve, ONE)
    assert causes(report) == {"eof"}
    assert "in the middle" in report.document["parts"][0]["troubles"][0]["detail"]


def test_the_connection_is_reset(run: Run) -> None:
    async def serve(reader: Reader, writer: Writer) -> None:
        # Unread bytes at the close of a unix socket are what an RST is on TCP.
        await asyncio.sleep(0.05)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.transport.abort()

    report = run(serve, Part(Protocol.POST, clients=1, size=4_000_000))
    assert set(fates(report)) == {"lost"}
    assert causes(report) <= {"reset", "eof"}


def test_no_answer_in_time(run: Run) -> None:
    async def serve(reader: Reader, writer: Writer) -> None:
        await reader.read()

    report = run(serve, ONE, timeout=0.05)
    assert set(fates(report)) == {"lost"}
    assert causes(report) == {"timeout"}


def test_what_is_not_http_is_lost(run: Run) -> None:
    async def serve(reader: Reader, writer: Writer) -> None:
        writer.write(b"SSH-2.0-OpenSSH_10\r\n\r\n")
        await reader.read()

    assert causes(run(serve, ONE)) == {"protocol"}


@pytest.mark.parametrize("spoil", [False, True])
def test_a_body_that_comes_back_is_checked(run: Run, spoil: bool) -> None:
    seen: set[bytes] = set()

    async def serve(reader: Reader, writer: Writer) -> None:
        while True:
            _, body = await read_request(reader)
            seen.add(body)
            writer.write(render_answer(body[:-1] + bytes([body[-1] ^ 1]) if spoil else body))

    report = run(serve, Part(Protocol.POST, clients=1, size=100))
    assert set(fates(report)) == ({"wrong_body"} if spoil else {"answered"})
    assert len(seen) == report.document["requests"]["total"], "no body is sent twice"
    assert {len(body) for body in seen} == {100}


def test_an_upload_takes_its_time_and_is_checked_by_its_hash(run: Run) -> None:
    async def serve(reader: Reader, writer: Writer) -> None:
        while True:
            _, body = await read_request(reader)
            writer.write(render_answer(json.dumps({"sha256": hashlib.sha256(body).hexdigest()}).encode()))

    report = run(serve, Part(Protocol.UPLOAD, clients=1, size=5000, span=0.2))
    assert set(fates(report)) == {"answered"}
    assert 0.15 < report.tally().latencies.percentile(50) < 1


def test_an_upload_that_is_refused_half_way_has_the_status_of_the_refusal(run: Run) -> None:
    async def serve(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(render_answer(status=503))
        await reader.read()

    report = run(serve, Part(Protocol.UPLOAD, clients=1, size=5000, span=0.5))
    assert set(fates(report)) == {"wrong_status"}


@pytest.mark.parametrize("told", [hashlib.sha256(b"x" * 64).hexdigest(), "0" * 64])
def test_a_download_is_checked_by_its_hash(run: Run, told: str) -> None:
    async def serve(reader: Reader, writer: Writer) -> None:
        while True:
            await read_request(reader)
            writer.write(render_answer(b"x" * 64, headers=f"X-Sha256: {told}\r\n"))

    report = run(serve, Part(Protocol.DOWNLOAD, clients=1, span=0.01))
    assert set(fates(report)) == ({"wrong_body"} if told.startswith("0") else {"answered"})


def test_an_open_loop_keeps_its_rate_and_counts_the_wait_of_every_request(run: Run) -> None:
    """A server that stands still for 0.4 s once: with 100 requests a second, some 40 of them had to wait."""
    still = time.monotonic() + 0.3

    async def serve(reader: Reader, writer: Writer) -> None:
        while True:
            await read_request(reader)
            if 0 <= time.monotonic() - still < 0.4:
                await asyncio.sleep(still + 0.4 - time.monotonic())
            writer.write(render_answer())

    report = run(serve, Part(Protocol.H1, clients=2, rate=100), seconds=1.0)
    assert 80 <= report.document["requests"]["total"] <= 100 * report.document["seconds"] + 2
    waited = [one["ms"] for one in report.document["parts"][0]["slowest"]]
    assert len([one for one in waited if one > 150]) == 20, "the slowest that are kept, all of them waited"
    assert report.tally().latencies.percentile(80) > 0.1
    assert report.tally().latencies.percentile(20) < report.tally().latencies.percentile(80)


def test_what_an_open_loop_could_not_send_is_lost(run: Run) -> None:
    async def serve(reader: Reader, writer: Writer) -> None:
        await reader.read()

    report = run(serve, Part(Protocol.H1, clients=1, rate=100), timeout=0.15)
    assert set(fates(report)) == {"lost"}
    assert causes(report) == {"timeout", "unsent"}
    assert 12 <= report.document["requests"]["total"] <= 100 * report.document["seconds"] + 2


def test_windows_tell_when_a_request_began(run: Run) -> None:
    began = time.time()
    broken = time.monotonic() + 0.8

    async def serve(reader: Reader, writer: Writer) -> None:
        while True:
            await read_request(reader)
            writer.write(render_answer(status=200 if time.monotonic() < broken else 500))

    report = run(serve, Part(Protocol.H1, clients=1, rate=50), seconds=1.2)
    assert report.tally(end=began + 0.3).failed == 0
    assert report.tally(begin=began + 0.9).fates.keys() == {Fate.WRONG_STATUS}
    assert report.tally(protocols=[Protocol.WS]).requests == 0
