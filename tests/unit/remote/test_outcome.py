"""How a request ended, as errors and documents."""

from __future__ import annotations

from typing import Any

import pytest

from fairlead.errors import (
    CommandFailedError,
    FairleadError,
    InputError,
    LockedError,
    RollbackFailedError,
    RolledBackError,
)
from fairlead.remote.outcome import answer_of, deploy_document, failure_of, stopped_result


def _result(code: int, **more: Any) -> dict[str, Any]:
    error = {
        "what": "web is unhealthy",
        "why": "it answers 503",
        "fix": "",
        "details": ["a", "b"],
        "service": "web",
    }
    return {"event": "result", "status": "x", "exit": code, "serving": "000042", "error": error, **more}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (2, InputError),
        (4, CommandFailedError),
        (5, LockedError),
        (6, RolledBackError),
        (7, RollbackFailedError),
        (99, CommandFailedError),
    ],
)
def test_the_exit_code_of_the_agent_is_the_exit_code_of_the_command(
    code: int, kind: type[FairleadError]
) -> None:
    failure = failure_of(_result(code))
    assert type(failure) is kind
    assert failure.details == ("a", "b")


def test_a_failed_deploy_says_what_serves() -> None:
    failure = failure_of(_result(6))
    assert failure is not None
    assert failure.what == "web is unhealthy"
    assert failure.why == "it answers 503. release 000042 serves as before"
    nothing = failure_of(_result(6, serving=None))
    assert nothing is not None
    assert nothing.why.endswith("nothing served before, and nothing does now")


def test_a_result_without_an_error_is_still_a_failure() -> None:
    failure = failure_of({"event": "result", "exit": 4})
    assert failure is not None
    assert "did not say how" in failure.what


def test_answers_are_data_or_the_error() -> None:
    assert answer_of({"exit": 0, "data": {"a": 1}}) == {"a": 1}
    with pytest.raises(InputError):
        answer_of(_result(2))


def test_the_document_of_a_deploy_names_its_host() -> None:
    document = deploy_document(_result(0), "deploy@app", {"app": "board"})
    assert document["schema"] == "fairlead.deploy/v1"
    assert (document["host"], document["app"], document["serving"]) == ("deploy@app", "board", "000042")
    assert "event" not in document


@pytest.mark.parametrize(
    ("result", "code", "told"),
    [
        ({"exit": 0, "status": "live", "serving": "000002"}, 130, "too late to stop: release 000002 serves"),
        (
            {"exit": 6, "release": "000002", "error": {"what": "stopped"}},
            130,
            "release 000002 was taken back",
        ),
        ({"exit": 6, "release": None, "error": {"what": "stopped"}}, 130, "before anything was touched"),
        ({"exit": 6, "release": "000002", "error": {"what": "web crashed"}}, 6, "web crashed"),
        ({"exit": 7, "release": "000002", "error": {"what": "stopped, and it could not"}}, 7, "could not"),
        ({"exit": 5, "error": {"what": "the app is held by bob"}}, 5, "held by bob"),
    ],
)
def test_what_came_of_a_stop_is_told_as_it_is(result: dict[str, Any], code: int, told: str) -> None:
    """What failed by itself is no interruption."""
    failure = failure_of(stopped_result(result))
    assert failure is not None
    assert (failure.exit_code, told in failure.what) == (code, True)


def test_a_stop_says_what_serves() -> None:
    stopped = {
        "exit": 6,
        "status": "refused",
        "release": "000002",
        "serving": "000001",
        "error": {"what": "stopped"},
    }
    failure = failure_of(stopped_result(stopped))
    assert failure is not None
    assert "release 000001 serves as before" in failure.why
