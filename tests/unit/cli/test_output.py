"""Which reporter is chosen."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping

import pytest

from fairlead import report
from fairlead.cli.output import Output


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _no_reporter_left() -> Iterator[None]:
    yield
    report.use(None)


@pytest.mark.parametrize(
    ("environ", "terminal", "json", "plain", "expected"),
    [
        ({}, True, False, False, "TerminalReporter"),
        ({}, False, False, False, "PlainReporter"),
        ({}, True, False, True, "PlainReporter"),
        ({"TERM": "dumb"}, True, False, False, "PlainReporter"),
        ({"GITHUB_ACTIONS": "true"}, False, False, False, "ActionsReporter"),
        ({"GITHUB_ACTIONS": "true"}, False, False, True, "ActionsReporter"),
        ({}, True, True, False, "DocumentReporter"),
        ({"GITHUB_ACTIONS": "true"}, False, True, True, "DocumentReporter"),
    ],
)
def test_the_reporter_follows_options_environment_and_stream(
    environ: Mapping[str, str],
    terminal: bool,
    json: bool,
    plain: bool,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdout", Screen() if terminal else io.StringIO())
    output = Output(environ)
    output.ask(json=json)
    output.ask(plain=plain)
    assert type(report.current()).__name__ == expected


def test_asking_again_keeps_what_was_asked_before(monkeypatch: pytest.MonkeyPatch) -> None:
    output = Output({})
    output.ask(json=True)
    first = report.current()
    output.ask(plain=True)
    output.ask()
    assert type(report.current()) is type(first)
