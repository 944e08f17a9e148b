"""What the checks come to."""

from __future__ import annotations

import jsonschema
import pytest

from fairlead.doctor.check import (
    FAILED,
    OK,
    WARNING,
    Check,
    checks_document,
    failed_check,
    plan_error,
    render_rows,
    render_verdict,
)
from fairlead.errors import ExitCode, InputError
from fairlead.findings import Finding, Location
from fairlead.schemas import load_schema

WELL = Check("git", OK, "2.39.5 at /usr/bin/git", fix="not shown")
ODD = Check("commit", WARNING, "not committed: a", fix="commit")
BAD = Check(
    "trivy",
    FAILED,
    "trivy is not installed",
    "`fairlead setup` installs it\nor by hand",
    ExitCode.TOOL_MISSING,
)


def test_what_to_do_stands_below_what_was_found() -> None:
    assert render_rows([WELL, ODD, BAD]) == [
        ["ok", "git", "2.39.5 at /usr/bin/git"],
        ["warn", "commit", "not committed: a"],
        ["", "", "-> commit"],
        ["FAIL", "trivy", "trivy is not installed"],
        ["", "", "-> `fairlead setup` installs it"],
        ["", "", "-> or by hand"],
    ]


@pytest.mark.parametrize(
    ("checks", "verdict"),
    [
        ([WELL, WELL], "2 checks: all well"),
        ([WELL, ODD], "2 checks: 1 to look at"),
        ([WELL, ODD, BAD], "3 checks: 1 failed, 1 to look at"),
    ],
)
def test_the_verdict_counts(checks: list[Check], verdict: str) -> None:
    assert render_verdict(checks) == verdict


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([ExitCode.INPUT], 2),
        ([ExitCode.COMMAND_FAILED, ExitCode.INPUT], 2),
        ([ExitCode.COMMAND_FAILED, ExitCode.INPUT, ExitCode.TOOL_MISSING], 3),
        ([ExitCode.COMMAND_FAILED], 4),
        ([ExitCode.LOCKED], 4),
    ],
)
def test_a_missing_tool_counts_before_an_input_and_that_before_the_rest(
    codes: list[ExitCode], code: int
) -> None:
    seen = Check("port 80", WARNING, "", exit_code=ExitCode.TOOL_MISSING)
    error = plan_error([WELL, seen, *(Check("x", FAILED, "", exit_code=one) for one in codes)])
    assert error is not None
    assert error.exit_code == code


def test_warnings_are_no_failure() -> None:
    assert plan_error([WELL, ODD]) is None


def test_an_error_becomes_a_check_with_everything_that_it_says() -> None:
    error = InputError(
        "fairlead.yaml has a fault",
        why="read\n  it",
        fix="see",
        findings=(Finding("bad", Location("f", 1, 2)),),
    )
    assert failed_check("fairlead.yaml", error) == Check(
        "fairlead.yaml", FAILED, "fairlead.yaml has a fault; read it; f:1:2: bad", "see", ExitCode.INPUT
    )


def test_the_document_holds_to_its_schema() -> None:
    document = checks_document([WELL, BAD])
    assert document["ready"] is False
    jsonschema.validate(document, load_schema("doctor"))
