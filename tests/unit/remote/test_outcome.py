"""How a request ended, as errors and documents."""

from __future__ import annotations

from dataclasses import replace
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
from fairlead.host.wire.result import ErrorReport, PhaseTime, Result
from fairlead.remote.outcome import (
    HostEnd,
    RolloutEnd,
    answer_of,
    deploy_document,
    failure_of,
    join_results,
    result_of,
    stopped_result,
)

UNHEALTHY = ErrorReport("web is unhealthy", "it answers 503", details=("a", "b"), service="web")


def _result(code: int, **more: Any) -> Result:
    return replace(Result("x", code, serving="000042", error=UNHEALTHY), **more)


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


def test_what_serves_is_told_only_where_somebody_looked() -> None:
    """A task that died at once saw nothing; one that could not commit leaves the switch at the new release."""
    failure = failure_of(_result(4, serving=None, phases=()))
    assert failure is not None
    assert failure.why == "it answers 503"
    looked = failure_of(_result(4, serving=None, phases=(PhaseTime("prepare"),)))
    assert looked is not None
    assert looked.why.endswith("nothing served before, and nothing does now")
    switched = failure_of(_result(4, serving="000042", release="000042"))
    assert switched is not None
    assert switched.why.endswith("the switch points to 000042")


def test_a_result_without_an_error_is_still_a_failure() -> None:
    failure = failure_of(Result(exit=4))
    assert failure is not None
    assert "did not say how" in failure.what


@pytest.mark.parametrize("result", [{}, {"status": "live"}, {"exit": None}, {"exit": "0"}, {"exit": False}])
def test_what_does_not_say_that_it_ended_well_has_failed(result: dict[str, Any]) -> None:
    try:
        failure = failure_of(result_of(result))
    except CommandFailedError as error:
        failure = error
    assert failure is not None
    assert failure.exit_code == 4


def test_answers_are_data_or_the_error() -> None:
    assert answer_of(Result(data={"a": 1})) == {"a": 1}
    with pytest.raises(InputError):
        answer_of(_result(2))


def test_the_document_of_a_deploy_names_its_host() -> None:
    document = deploy_document(join_results({"b": _result(0)}, None), "deploy@app", {"app": "board"})
    assert document["schema"] == "fairlead.deploy/v1"
    assert (document["host"], document["app"], document["serving"]) == ("deploy@app", "board", "000042")
    assert "event" not in document


def _ended(code: int, what: str, release: str | None = None) -> Result:
    return Result("refused", code, release, error=ErrorReport(what))


@pytest.mark.parametrize(
    ("result", "code", "told"),
    [
        (Result("live", serving="000002"), 130, "too late to stop: release 000002 serves"),
        (_ended(6, "stopped", "000002"), 130, "release 000002 was taken back"),
        (_ended(6, "stopped"), 130, "before anything was touched"),
        (_ended(6, "web crashed", "000002"), 6, "web crashed"),
        (_ended(7, "stopped, and it could not", "000002"), 7, "could not"),
        (_ended(5, "the app is held by bob"), 5, "held by bob"),
    ],
)
def test_what_came_of_a_stop_is_told_as_it_is(result: Result, code: int, told: str) -> None:
    """What failed by itself is no interruption."""
    failure = stopped_result(join_results({"a": result}, None)).failure
    assert failure is not None
    assert (failure.exit_code, told in failure.what) == (code, True)


def test_a_stop_says_what_serves() -> None:
    stopped = Result("refused", 6, "000002", "000001", error=ErrorReport("stopped"))
    failure = stopped_result(join_results({"a": stopped}, None)).failure
    assert failure is not None
    assert "release 000001 serves as before" in failure.why


def _live(**more: Any) -> Result:
    phases = (PhaseTime("watch", "done", more.pop("seconds", 1.0)),)
    return replace(Result("live", 0, "000042", "000042", "000041", phases), **more)


def _stopped() -> Result:
    return _live(exit=6, status="reverted", serving="000041", error=ErrorReport("stopped", "b failed"))


def test_what_is_live_and_reaches_nobody_says_nothing_of_before() -> None:
    """It stays, on each host; what it is blamed for is told once, and it is that which serves."""
    error = ErrorReport("users do not get its page", "no certificate")
    bad = _live(exit=4, error=error)
    failure = failure_of(bad)
    assert failure is not None
    assert (int(failure.exit_code), failure.why) == (4, "no certificate")
    joined = join_results({"a": _live(), "b": bad}, "b", switched=True, committed=True)
    assert (joined.result.status, joined.result.exit, joined.result.serving) == ("live", 4, "000042")
    assert joined.result.error is not None
    assert joined.result.error.what == "b: users do not get its page"


def test_one_host_s_result_is_the_result() -> None:
    assert join_results({"a": _live()}, None) == RolloutEnd(_live(), (HostEnd("a", _live()),))


def test_several_that_are_well_are_one_that_is_well() -> None:
    """One that had it already does not hide that others got it; a phase takes as long as on the slowest."""
    joined = join_results(
        {"a": _live(status="unchanged", phases=()), "b": _live(), "c": _live(seconds=3)}, None
    )
    assert (joined.result.status, joined.result.exit) == ("live", 0)
    assert joined.result.phases == (PhaseTime("watch", "done", 3),)


def test_the_host_that_failed_first_is_to_blame() -> None:
    """Who was only stopped is evidence, and so is who was never asked."""
    failed = _live(exit=6, status="refused", serving="000041", error=ErrorReport("unhealthy", service="web"))
    failure = join_results({"a": _stopped(), "b": failed, "c": None}, "b").failure
    assert isinstance(failure, RolledBackError)
    assert failure.what == "b: web: unhealthy"
    assert failure.details == ("a: release 000041 serves", "b: release 000041 serves", "c: was not touched")


@pytest.mark.parametrize(
    ("switched", "committed", "code"), [(False, False, 4), (True, False, 7), (True, True, 4)]
)
def test_a_host_that_is_lost_between_switch_and_commit_calls_for_a_human(
    switched: bool, committed: bool, code: int
) -> None:
    """It may serve what the others have left; before that it cannot, after that it is what all serve."""
    lost = CommandFailedError("b cannot be reached")
    ends: dict[str, Result | FairleadError] = {"a": _live() if committed else _stopped(), "b": lost}
    joined = join_results(ends, "b", switched=switched, committed=committed)
    assert joined.result.exit == code
    assert joined.hosts[1].result.status == "lost"
    failure = joined.failure
    assert failure is not None
    assert failure.what == "b: b cannot be reached"
    assert "b: cannot be reached: `fairlead status`" in failure.details[-1]
