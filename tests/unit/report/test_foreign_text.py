"""Whatever text comes through whatever reporter: no terminal and no runner obeys it."""

from __future__ import annotations

import io
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.errors import InputError
from fairlead.findings import Finding, Location
from fairlead.github.reporter import ActionsReporter
from fairlead.host.door import console
from fairlead.host.wire.events import LogEvent, NoteEvent, PhaseEvent
from fairlead.host.wire.result import ErrorReport, Result
from fairlead.host.wire.status import HistoryAnswer, HistoryEntry
from fairlead.host.wire.text import render_log
from fairlead.report.document import DocumentReporter
from fairlead.report.plain import PlainReporter
from fairlead.report.protocol import Reporter
from fairlead.report.sink import Sink
from fairlead.report.terminal import TerminalReporter

TRICKS = (
    *(
        "\r",
        "\n",
        "\r\n",
        "\x85",
        "\u2028",
        "\x0b",
        "\x1b[2J",
        "\x1b[8m",
        "\x1b]8;;https://evil.example\x07",
        "\x9b1A",
        "\x7f",
    ),
    *("\u202e", "\u2066", "\u200b", "\ufeff", "\U000e0041", "\udc80", "[red]", "[link=https://evil.example]"),
    *(
        "::stop-commands::x",
        "::set-output name=a::b",
        "::add-mask::e",
        "##[stop-commands]x",
        "##[add-mask]",
        "###[[group]",
    ),
    *(
        " ",
        "\t",
        "\xa0",
        "#",
        ":",
        "::",
        "%0A",
        "%0D",
        "`",
        "|",
        "<img src=x>",
        "![](https://evil.example/x.png)",
        "@octocat",
    ),
)
texts = st.lists(st.one_of(st.sampled_from(TRICKS), st.text(max_size=4)), max_size=8).map("".join)


def commands(log: str) -> list[str]:
    """The names of the commands that the runner of GitHub Actions finds in a log.

    As its ``ActionCommand`` does: ``::`` after white space, or ``##[`` anywhere, in what it reads as a line.
    """
    found = []
    for line in re.split("\r\n|\r|\n", log):
        new = re.match(r"::([A-Za-z-]*)", line.strip())
        old = re.search(r"##\[([^\]]*)", line)
        found += [match.group(1) for match in (new or old,) if match is not None]
    return found


def steering(text: str) -> set[str]:
    """The characters that do something rather than being seen, but for line feed and tab."""
    return {
        char
        for char in text
        if char not in "\n\t" and unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    }


def say_everything(reporter: Reporter, text: str) -> None:
    """Each thing that a reporter can say, with this text wherever text can stand."""
    with reporter.step(text):
        reporter.progress(text)
        reporter.line(text)
    reporter.warn(text, Location(text, 3, 1))
    reporter.table([text, "b"], [[text, text]])
    reporter.phase(text, "done", 1.0, text)
    reporter.timeline([(text, "done", 1.0), (text, "failed", 1.0)])
    reporter.result({"schema": "x", text: text, "nested": [text]}, text)
    finding = Finding(text, Location(text, 2, 2), fix=text, rule=text)
    reporter.error(InputError(text, why=text, fix=text, findings=(finding,), details=(text,)))
    reporter.error(InputError(text, why=text, fix=text))
    reporter.close()
    reporter.end(2)


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@given(texts)
def test_plain_lines_and_documents(text: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    say_everything(DocumentReporter(Sink(out), PlainReporter(Sink(err), Sink(err))), text)
    assert steering(out.getvalue()) | steering(err.getvalue()) == set()
    # The document goes to the log of a job as well.
    assert commands(out.getvalue()) == []


@given(texts)
def test_a_terminal(text: str) -> None:
    """Styles are ours alone; nothing is markup; no cursor moves, but for the one of the spinner."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "xterm-256color")
        screen = Screen()
        reporter = TerminalReporter(screen)
        reporter.line(text)
        reporter.warn(text, Location(text, 3, 1))
        reporter.table([text, "b"], [[text, text]])
        reporter.timeline([(text, "done", 1.0)])
        reporter.result({}, text)
        reporter.error(InputError(text, why=text, fix=text, details=(text,)))
    shown = screen.getvalue()
    assert "\x1b[8m" not in shown
    assert steering(re.sub("\x1b\\[[0-9;]*m", "", shown)) == set()
    for markup in ("[red]", "[link=https://evil.example]"):
        assert shown.count(markup) >= 8 * text.count(markup)


@given(texts)
def test_a_job_of_github_obeys_our_commands_only(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("job")

    def log_of(told: str) -> str:
        environ = {name: str(folder / name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
        stream = io.StringIO()
        say_everything(ActionsReporter(Sink(stream), environ), told)
        return stream.getvalue()

    log = log_of(text)
    assert steering(log) == set()
    assert set(commands(log)) <= {"group", "endgroup", "error", "warning"}
    for char in "x", "y":
        # As many as of a harmless text: none was added to ours.
        assert len(commands(log)) <= len(commands(log_of(char)))
    _check_files(folder)


def _check_files(folder: Path) -> None:
    summary = (folder / "GITHUB_STEP_SUMMARY").read_text()
    outputs = (folder / "GITHUB_OUTPUT").read_text()
    assert steering(summary) | steering(outputs) - {"\u200b"} == set()
    unfenced = re.sub(r"(?ms)^(`{3,})text\n.*?\n\1$", "", summary)
    assert "<img" not in unfenced
    assert "![](" not in unfenced
    assert not re.search("(?<![A-Za-z0-9])@octocat", unfenced)


@given(texts)
def test_the_console_of_a_server(text: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", out)
        patch.setattr("sys.stderr", err)
        console.show_event(NoteEvent(text, text))
        console.show_event(PhaseEvent(text, text, detail=text))
        error = ErrorReport(text, text, text, (text,))
        console.show_event(Result(text, serving=text, error=error))
        console.say(render_log(LogEvent("web", container=text, line=text)))
        entry = HistoryEntry(kind=text, status=text, by=text, error={"what": text})
        console.say("\n".join(console.render(HistoryAnswer(text, (entry,)))))
    assert steering(out.getvalue()) | steering(err.getvalue()) == set()
