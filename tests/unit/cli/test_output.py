"""Which reporter is chosen."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Mapping

import pytest

from fairlead import report
from fairlead.cli.output import Output
from fairlead.report.redact import forget


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _no_reporter_left() -> Iterator[None]:
    yield
    report.use(None)
    forget()


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


def test_a_terminal_is_served_where_only_what_validate_needs_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdout", Screen())
    monkeypatch.setitem(sys.modules, "fairlead.report.terminal", None)
    Output({})
    assert type(report.current()).__name__ == "PlainReporter"


def test_asking_again_keeps_what_was_asked_before(monkeypatch: pytest.MonkeyPatch) -> None:
    output = Output({})
    output.ask(json=True)
    first = report.current()
    output.ask(plain=True)
    output.ask()
    assert type(report.current()) is type(first)


def test_a_job_hides_the_secrets_of_its_environment_before_it_says_anything(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And nobody but a job: elsewhere the line would show the value."""
    environ = {
        "GITHUB_ACTIONS": "true",
        "FAIRLEAD_SECRET_DB": "c4n4ry-one",
        "FAIRLEAD_SECRETS": "api=c4n4ry-two",
    }
    for job in ("true", ""):
        Output({**environ, "GITHUB_ACTIONS": job})
        report.current().line("hello")
        report.redact("c4n4ry-three")
        said = capsys.readouterr().out.splitlines()
        masks = ["::add-mask::c4n4ry-one", "::add-mask::c4n4ry-two"]
        assert said == ([*masks, "hello", "::add-mask::c4n4ry-three"] if job else ["hello"])
        forget()
