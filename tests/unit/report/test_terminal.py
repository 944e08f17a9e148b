"""The live terminal, on a terminal that is a text buffer."""

from __future__ import annotations

import io
import re

import pytest

from fairlead.errors import InputError
from fairlead.report.redact import forget, redact
from fairlead.report.terminal import TerminalReporter


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True

    @property
    def lines(self) -> list[str]:
        """What stays on the screen: without colours, and without what was overwritten."""
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.getvalue())
        return [line.rsplit("\r", 1)[-1].rstrip() for line in text.split("\n") if line.strip()]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Screen()


def test_nested_steps_each_leave_one_line(screen: Screen) -> None:
    reporter = TerminalReporter(screen)
    with reporter.step("build"):
        with reporter.step("api"):
            reporter.progress("#1 a line of buildx that is far too long for the screen " * 5)
        reporter.progress("#2")
    reporter.close()
    # Whatever frames the spinner drew in between: each step is told once, the inner one first.
    assert re.findall(r"✓ (\w+)", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())) == [
        "api",
        "build",
    ]


def test_a_phase_replaces_the_one_before(screen: Screen) -> None:
    reporter = TerminalReporter(screen)
    reporter.phase("pull", "begin")
    reporter.phase("pull", "done", 1.0)
    reporter.phase("verify", "begin", None, "web")
    reporter.phase("verify", "failed", 2.0, "web answers 500")
    reporter.phase("retire", "skipped")
    reporter.close()
    assert "✗ verify: web answers 500  2.0s" in screen.lines
    assert "- retire" in screen.lines


def test_each_host_has_one_line_that_says_what_it_is_at(screen: Screen) -> None:
    """Only what failed stays; a note between them stands above the lines."""
    reporter = TerminalReporter(screen)
    reporter.phase("pull", "begin", host="app1")
    reporter.phase("pull", "begin", host="app2.example.com")
    reporter.phase("pull", "done", 1.0, "3 images", host="app1")
    reporter.line("a note")
    reporter.phase("verify", "failed", 2.0, "web answers 500", host="app2.example.com")
    drawn = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    assert "app1              ✓ pull: 3 images  1.0s" in drawn
    assert "app2.example.com  … pull" in drawn
    reporter.timeline([("pull", "done", 1.0)])
    reporter.close()
    assert "✗ app2.example.com  verify: web answers 500  2.0s" in screen.lines
    assert "a note" in screen.lines


def test_the_cursor_is_back_after_an_error_in_a_step(screen: Screen) -> None:
    reporter = TerminalReporter(screen)
    with pytest.raises(InputError), reporter.step("build"):
        raise InputError("bad")
    reporter.close()
    reporter.error(InputError("bad", fix="do better"))
    hidden, shown = screen.getvalue().rfind("\x1b[?25l"), screen.getvalue().rfind("\x1b[?25h")
    assert shown > hidden >= 0
    assert screen.lines[-2:] == ["error: bad", "  fix: do better"]


def test_square_brackets_are_text_and_no_markup(screen: Screen) -> None:
    reporter = TerminalReporter(screen)
    reporter.line("[red]ports[0][/red] :smile:")
    reporter.table(["[b]"], [["[/b]"]])
    assert screen.lines == ["[red]ports[0][/red] :smile:", "[b]", "[/b]"]


def test_no_color_leaves_no_colour(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    reporter = TerminalReporter(screen)
    reporter.warn("careful")
    reporter.timeline([("pull", "done", 1.0), ("start", "failed", 1.0)])
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", screen.getvalue())
    assert "warning: careful" in screen.lines


def test_secrets_do_not_reach_the_screen(screen: Screen) -> None:
    redact("c4n4ry-value")
    try:
        reporter = TerminalReporter(screen)
        with reporter.step("log in with c4n4ry-value"):
            reporter.progress("c4n4ry-value")
        reporter.line("c4n4ry-value")
        reporter.result({}, "c4n4ry-value")
        reporter.close()
    finally:
        forget()
    assert "c4n4ry-value" not in screen.getvalue()
