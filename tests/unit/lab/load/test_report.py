from __future__ import annotations

import json
from importlib import resources
from typing import Any

import jsonschema
import pytest

from lab.load.plan import Part, Plan, Protocol, Target
from lab.load.record import Cause, Fate, LostError, Recorder
from lab.load.report import Report, add_up, render

PLAN = Plan(
    Target(False, "127.0.0.2", 80, "127.0.0.2"), (Part(Protocol.H1, clients=2), Part(Protocol.WS, clients=2))
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("lab.load.record.time.monotonic", lambda: now[0])
    return now


def counted(started: float, *recorders: Recorder) -> dict[str, Any]:
    """What a worker prints, as its parent reads it."""
    document = {"started": started, "seconds": 10.0, "parts": [one.to_json() for one in recorders]}
    loaded: dict[str, Any] = json.loads(json.dumps(document))
    return loaded


def recorder(clock: list[float], *requests: tuple[float, float, str]) -> Recorder:
    one = Recorder(100.0, late=1.0)
    for began, latency, release in requests:
        clock[0] = 100 + began + latency
        one.answered(100 + began, 200, release)
    return one


def two_workers(clock: list[float]) -> Report:
    first = recorder(clock, (0.0, 0.01, "a"), (5.0, 0.02, "a"), (5.05, 2.0, "b"))
    second = recorder(clock, (0.0, 0.01, "a"), (3.0, 0.01, "b"))
    clock[0] = 104.0
    second.lost(103.5, LostError(Cause.RESET, "by peer"))
    streams = Recorder(100.0, late=1.0)
    streams.streams.opened = streams.streams.cut = 2
    return add_up(
        PLAN,
        "http://127.0.0.2",
        [
            counted(1000.0, first, Recorder(100.0, late=1.0)),
            counted(1002.0, second, streams),
        ],
    )


def test_a_report_keeps_to_its_schema(clock: list[float]) -> None:
    schema = json.loads(resources.files("fairlead.schemas").joinpath("load.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    document = json.loads(json.dumps(two_workers(clock).document))
    jsonschema.Draft202012Validator(schema).validate(document)


def test_what_workers_counted_is_added_up(clock: list[float]) -> None:
    report = two_workers(clock)
    assert report.document["requests"] == {
        "total": 6, "answered": 4, "late": 1, "wrong_status": 0, "wrong_body": 0, "lost": 1,
    }  # fmt: skip
    assert report.document["parts"][0]["lost_by"] == {"reset": 1}
    assert report.failed == 3, "one lost request and two cut streams"


def test_times_of_a_worker_that_began_later_are_moved(clock: list[float]) -> None:
    """Worker 2 began 2 s after worker 1: its request of second 3 belongs to second 5 of the whole."""
    report = two_workers(clock)
    answers, first, last = report.releases()["b"]
    assert (answers, round(first, 2), round(last, 2)) == (2, 1005.01, 1007.05)
    assert report.document["parts"][0]["troubles"][0]["at"] == 5.5
    assert report.tally(1004.9, 1005.3).fates == {Fate.ANSWERED: 2, Fate.LATE: 1}
    assert report.tally(1005.4, 1005.7).failed == 1
    assert report.tally(1000.0, 1001.0).latencies.total == 1


def test_a_person_reads_every_fate(clock: list[float]) -> None:
    text = render(two_workers(clock))
    assert "6 requests" in text
    assert "1 late" in text
    assert "lost by: 1 reset" in text
    assert "a 3, b 2" in text
    assert "2 cut" in text
    assert "FAILED: 3" in text
