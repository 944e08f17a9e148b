"""What each reporter prints, and where."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from fairlead import report
from fairlead.errors import InputError
from fairlead.findings import Location
from fairlead.report.document import DocumentReporter
from fairlead.report.plain import PlainReporter
from fairlead.report.sink import Sink
from tests.recording import RecordingReporter


def ticking() -> Callable[[], float]:
    """A clock that moves by one second a look."""
    ticks = count()
    return lambda: float(next(ticks))


class Streams:
    def __init__(self) -> None:
        self.out = io.StringIO()
        self.err = io.StringIO()
        self.plain = PlainReporter(Sink(self.out), Sink(self.err), clock=ticking())


@pytest.fixture
def streams() -> Streams:
    return Streams()


@pytest.fixture(autouse=True)
def _no_reporter_left() -> Iterator[None]:
    yield
    report.use(None)


def test_a_step_is_told_once_with_its_time(streams: Streams) -> None:
    with streams.plain.step("build 2 images"):
        streams.plain.progress("#7 [api deps 3/4] RUN uv pip install")
    assert streams.out.getvalue() == "✓ build 2 images  1.0s\n"


def test_a_failing_step_is_marked_and_its_error_goes_on(streams: Streams) -> None:
    with pytest.raises(InputError), streams.plain.step("build"):
        raise InputError("no")
    assert streams.out.getvalue() == "✗ build  1.0s\n"


def test_a_phase_is_told_when_it_has_ended(streams: Streams) -> None:
    streams.plain.phase("pull", "begin")
    streams.plain.phase("pull", "done", 4.25, "2 images")
    streams.plain.phase("pull", "done", 1.0, "2 images", "app2")
    streams.plain.phase("migrate", "skipped", 0.0)
    streams.plain.phase("verify", "failed", 61.0, "web answers 500")
    assert streams.out.getvalue().splitlines() == [
        "✓ pull: 2 images  4.2s",
        "✓ app2  pull: 2 images  1.0s",
        "- migrate",
        "✗ verify: web answers 500  1m 01s",
    ]


def test_warnings_and_errors_go_to_the_other_stream(streams: Streams) -> None:
    streams.plain.warn("no health check", Location("compose.yaml", 7, 3))
    streams.plain.error(InputError("bad"))
    assert streams.out.getvalue() == ""
    assert streams.err.getvalue() == "warning: compose.yaml:7:3: no health check\nerror: bad\n"


def test_an_ascii_stream_gets_ascii_marks() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    plain = PlainReporter(Sink(stream), Sink(stream), clock=ticking())
    with plain.step("build"):
        pass
    plain.timeline([("build", "done", 1.0)])
    assert raw.getvalue().decode().splitlines()[0] == "ok build  1.0s"


def test_with_json_stdout_holds_one_document_and_nothing_else() -> None:
    out, err = io.StringIO(), io.StringIO()
    reporter = DocumentReporter(Sink(out), PlainReporter(Sink(err), Sink(err)))
    with reporter.step("scan"):
        reporter.progress("…")
        reporter.line("a line")
    reporter.warn("old database")
    reporter.table(["a"], [["b"]])
    reporter.phase("pull", "done", 1.0)
    reporter.timeline([("pull", "done", 1.0)])
    reporter.result({"schema": "fairlead.scan/v1", "verdict": "påss"}, "all well")
    reporter.close()
    assert json.loads(out.getvalue()) == {"schema": "fairlead.scan/v1", "verdict": "påss"}
    assert "all well" in err.getvalue()


def test_with_json_an_error_is_the_document() -> None:
    out, err = io.StringIO(), io.StringIO()
    DocumentReporter(Sink(out), PlainReporter(Sink(err), Sink(err))).error(InputError("bad", fix="do better"))
    assert json.loads(out.getvalue())["fix"] == "do better"
    assert err.getvalue() == "error: bad\n  fix: do better\n"


def test_a_result_that_was_printed_is_not_followed_by_a_second_document() -> None:
    """A scan that refuses prints its verdict, then fails: the verdict is the document."""
    out, err = io.StringIO(), io.StringIO()
    reporter = DocumentReporter(Sink(out), PlainReporter(Sink(err), Sink(err)))
    reporter.result({"schema": "fairlead.scan/v1"}, "")
    reporter.error(InputError("refused"))
    assert json.loads(out.getvalue()) == {"schema": "fairlead.scan/v1"}
    assert "refused" in err.getvalue()


def test_a_second_result_is_a_mistake_of_ours() -> None:
    reporter = DocumentReporter(Sink(io.StringIO()), RecordingReporter())
    reporter.result({}, "")
    with pytest.raises(AssertionError, match="one result"):
        reporter.result({}, "")


def test_the_reporter_is_made_when_it_is_first_needed_and_then_kept() -> None:
    made: list[RecordingReporter] = []

    def make() -> RecordingReporter:
        made.append(RecordingReporter())
        return made[-1]

    report.use(make)
    assert made == []
    assert report.current() is report.current()
    assert len(made) == 1


def test_without_a_choice_lines_are_plain() -> None:
    assert isinstance(report.current(), PlainReporter)
