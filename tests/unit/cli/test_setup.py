from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import jsonschema
import pytest

from fairlead import report
from fairlead.cli.setup import command
from fairlead.errors import ToolMissingError
from fairlead.schemas import load_schema
from fairlead.tools import engine_setup, fetch, locate
from fairlead.tools.catalog import Tool, tools_for
from fairlead.tools.engine import Engine
from tests.recording import RecordingReporter


@pytest.fixture
def recorded() -> Iterator[RecordingReporter]:
    reporter = RecordingReporter()
    report.use(lambda: reporter)
    yield reporter
    report.use(None)


@pytest.fixture(autouse=True)
def _engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        engine_setup, "ensure_engine", lambda *_: Engine("26.1.5", "amd64", containerd_store=False)
    )


def _found(tool: Tool) -> locate.Found:
    return locate.Found(tool, Path("/bin") / tool.program, "9.0.0", cached=False)


def _setup(*words: str) -> None:
    with click.Context(command):
        command.main(list(words), standalone_mode=False)


def test_what_is_there_is_told_and_not_fetched(
    monkeypatch: pytest.MonkeyPatch, recorded: RecordingReporter
) -> None:
    """The document holds every tool of the purpose and keeps to its schema."""
    monkeypatch.setattr(locate, "search_tool", lambda tool, _: locate.Search(_found(tool), ()))
    _setup("--for", "dev")
    assert recorded.document is not None
    jsonschema.validate(recorded.document, load_schema("setup"))
    assert recorded.document["tools"].keys() == {tool.name for tool in tools_for("dev")}  # type: ignore[attr-defined] # a document's values are objects
    assert recorded.said("step")[0] == "Docker Engine, compose, buildx"
    # In a group of the log, and not on the page of a run.
    assert recorded.said("table") == []
    assert recorded.said("result") == [""]
    assert any(line.startswith("trivy") for line in recorded.said("line"))
    # The engine has the classic image store: `fairlead build` knows what to do about it.
    assert recorded.said("warn") == []


@pytest.mark.parametrize(
    ("verb", "tools"),
    [
        ("validate", set()),
        ("build", {"docker", "buildx", "git", "trivy"}),
        ("deploy", {"git", "ssh"}),
        ("rollback", {"git", "ssh"}),
    ],
)
def test_a_job_gets_what_its_verb_needs_and_no_engine_that_it_does_not_ask(
    monkeypatch: pytest.MonkeyPatch, recorded: RecordingReporter, verb: str, tools: set[str]
) -> None:
    asked: list[tuple[str, ...]] = []

    def engine(_: object, parts: tuple[str, ...]) -> Engine:
        asked.append(parts)
        return Engine("26.1.5", "amd64", containerd_store=True)

    monkeypatch.setattr(engine_setup, "ensure_engine", engine)
    monkeypatch.setattr(locate, "search_tool", lambda tool, _: locate.Search(_found(tool), ()))
    _setup("--for", verb)
    assert recorded.document is not None
    jsonschema.validate(recorded.document, load_schema("setup"))
    told = recorded.document["tools"]
    assert isinstance(told, dict)
    assert set(told) == tools
    assert asked == ([("docker", "buildx")] if "docker" in tools else [])
    assert ("engine" in recorded.document) == ("docker" in tools)


def test_a_missing_tool_is_fetched_under_a_step_of_its_own(
    monkeypatch: pytest.MonkeyPatch, recorded: RecordingReporter
) -> None:
    """One that must not run is named, so that it goes away."""
    malicious = locate.PassedOver(Path("/bin/trivy"), "is version 0.69.4, which must not run")

    def search(tool: Tool, _: object) -> locate.Search:
        return locate.Search(None, (malicious,)) if tool.name == "trivy" else locate.Search(_found(tool), ())

    monkeypatch.setattr(locate, "search_tool", search)
    monkeypatch.setattr(fetch, "fetch_tool", lambda tool, _: _found(tool))
    _setup()
    assert recorded.said("step")[1:-1] == ["trivy"]
    assert "/bin/trivy is version 0.69.4, which must not run; remove it" in recorded.said("warn")


def test_a_tool_that_cannot_be_had_ends_the_setup(
    monkeypatch: pytest.MonkeyPatch, recorded: RecordingReporter
) -> None:
    def refuse(tool: Tool, _: object) -> locate.Found:
        raise ToolMissingError(f"{tool.name} is missing")

    monkeypatch.setattr(locate, "search_tool", lambda *_: locate.Search(None, ()))
    monkeypatch.setattr(fetch, "fetch_tool", refuse)
    with pytest.raises(ToolMissingError):
        _setup()
    assert recorded.document is None
