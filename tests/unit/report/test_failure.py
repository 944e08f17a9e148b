"""The text and the document of an error."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from fairlead.errors import ComposeInvalidError, FairleadError, InputError
from fairlead.findings import Finding, Location
from fairlead.report.failure import error_document, read_source_line, render_error
from fairlead.schemas import load_schema


def rendered(error: FairleadError, **sources: str) -> str:
    return "\n".join(render_error(error, lambda place: sources.get(Path(place.path).stem)))


def test_an_error_says_what_why_and_what_to_do() -> None:
    error = InputError(
        "there is no fairlead.yaml", why="looked in /srv/app", fix="`fairlead init` writes one"
    )
    assert rendered(error) == (
        "error: there is no fairlead.yaml\n  looked in /srv/app\n  fix: `fairlead init` writes one"
    )


def test_a_finding_shows_its_line_with_a_caret_below_the_column() -> None:
    error = InputError(
        "fairlead.yaml has 1 fault",
        findings=(
            Finding(
                "unknown key dockerflie", Location("fairlead.yaml", 12, 9), fix="did you mean dockerfile?"
            ),
        ),
    )
    assert rendered(error, fairlead="  api: {dockerflie: Dockerfile}").splitlines() == [
        "error: fairlead.yaml has 1 fault",
        "",
        "  fairlead.yaml:12:9: unknown key dockerflie",
        "    12 |   api: {dockerflie: Dockerfile}",
        "       |         ^",
        "    -> did you mean dockerfile?",
    ]


def test_a_tab_before_the_column_does_not_move_the_caret() -> None:
    error = InputError("x", findings=(Finding("here", Location("a.yaml", 1, 3)),))
    _, _, _, source, caret = rendered(error, a="\t\tbad").splitlines()
    assert source.index("b") == caret.index("^")


@pytest.mark.parametrize("column", [0, 99])
def test_a_column_outside_the_line_has_no_caret(column: int) -> None:
    error = InputError("x", findings=(Finding("here", Location("a.yaml", 1, column)),))
    assert "^" not in rendered(error, a="short")


def test_evidence_stands_before_what_to_do_and_keeps_its_lines() -> None:
    error = InputError("the release is not healthy", details=("line 1\nline 2", ""), fix="read the log")
    assert rendered(error).splitlines()[1:] == [
        "",
        "  | line 1",
        "  | line 2",
        "  | ",
        "",
        "  fix: read the log",
    ]


def test_a_line_is_read_where_the_file_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_bytes(b"one\r\ntwo \xff\nthree")
    assert read_source_line(Location(str(file), 1, 1)) == "one"
    assert read_source_line(Location(str(file), 2, 1)) == "two �"
    assert read_source_line(Location(str(file), 9, 1)) is None
    assert read_source_line(Location(str(file))) is None
    assert read_source_line(Location(str(tmp_path), 1)) is None
    assert read_source_line(Location("a\0b", 1)) is None


def test_the_document_of_an_error_holds_to_its_schema() -> None:
    error = ComposeInvalidError(
        "compose.yaml has 2 faults",
        findings=(Finding("a", Location("compose.yaml", 3, 1), rule="ports"), Finding("b")),
        details=("evidence",),
    )
    document = error_document(error)
    assert document["exit_code"] == 11
    assert document["findings"] == [
        {
            "what": "a",
            "path": "compose.yaml",
            "line": 3,
            "column": 1,
            "fix": "",
            "rule": "ports",
            "severity": "error",
        },
        {
            "what": "b",
            "path": None,
            "line": None,
            "column": None,
            "fix": "",
            "rule": "",
            "severity": "error",
        },
    ]
    jsonschema.validate(document, load_schema("error"))
