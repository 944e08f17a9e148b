"""How a request ended, as the client's errors and documents. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from fairlead.errors import (
    CommandFailedError,
    ExitCode,
    FairleadError,
    InputError,
    InterruptedByUserError,
    LockedError,
    RollbackFailedError,
    RolledBackError,
)
from fairlead.host.wire.answer import parse_answer, render_answer
from fairlead.host.wire.errors import EXIT_OK, InputFault
from fairlead.host.wire.events import parse_event
from fairlead.host.wire.frames import Frame
from fairlead.host.wire.result import ErrorReport, Event, PhaseTime, Result

_Answer = TypeVar("_Answer")

DEPLOY_SCHEMA = "fairlead.deploy/v1"
UNKNOWN = "unknown"
_LOST = "lost"
_NOT_ASKED = "skipped"
_STOPPED = "stopped"

_ERRORS: Mapping[int, type[FairleadError]] = {
    error.exit_code: error
    for error in (
        InputError,
        CommandFailedError,
        LockedError,
        RolledBackError,
        RollbackFailedError,
        InterruptedByUserError,
    )
}


@dataclass(frozen=True)
class HostEnd:
    """How it ended on one server; its status is also ``lost`` (it cannot be reached) or ``skipped`` (it was not asked)."""

    host: str
    result: Result

    @property
    def standing(self) -> str:
        """What serves there, in words."""
        if self.result.status == _LOST:
            return "cannot be reached: `fairlead status`, when it is back, repairs what it was cut off from"
        if self.result.status == _NOT_ASKED:
            return "was not touched"
        return f"release {self.result.serving} serves" if self.result.serving else "nothing serves"


@dataclass(frozen=True)
class RolloutEnd:
    """How a deploy, rollback or rotation ended: on all servers as one, and on each; what it changed, where that is told."""

    result: Result
    hosts: tuple[HostEnd, ...]
    changes: Mapping[str, Any] | None = None
    is_anothers: bool = False
    """Another command at the same task ended it (``ends.Ends``)."""

    @property
    def failure(self) -> FairleadError | None:
        """Its error, or None when it ended well. What serves where stands in it, host by host, where there are several."""
        return failure_of(self.result, alone=len(self.hosts) <= 1)


def failure_of(result: Result, *, alone: bool = True) -> FairleadError | None:
    """The error of a result, or None when it ended well.

    Where a deploy failed on one server, it says what serves now: the first thing that anybody wants to know.
    """
    if result.exit == EXIT_OK:
        return None
    kind, error = _ERRORS.get(result.exit, CommandFailedError), result.error or ErrorReport()
    return kind(
        _named(error) or "the server failed, and did not say how",
        why=". ".join(filter(None, (error.why, _serving(kind, result) if alone else ""))),
        fix=error.fix,
        details=error.details,
    )


def result_of(frame: Frame) -> Result:
    """The result from its frame.

    Raises:
        CommandFailedError: it does not hold.
    """
    return read_answer(Result, frame)


def read_event(frame: Frame) -> Event:
    """The event from its frame.

    Raises:
        CommandFailedError: it does not hold.
    """
    try:
        return parse_event(frame)
    except InputFault as fault:
        raise _misunderstood(fault) from fault


def answer_of(result: Result) -> Mapping[str, Any]:
    """The ``data`` of a request that reads.

    Raises:
        FairleadError: it did not end well.
    """
    failure = failure_of(result)
    if failure is not None:
        raise failure
    return result.data


def read_answer(form: type[_Answer], data: Mapping[str, Any]) -> _Answer:
    """The dataclass of an answer from its ``data``.

    Raises:
        CommandFailedError: it is something else.
    """
    try:
        return parse_answer(form, data)
    except InputFault as fault:
        raise _misunderstood(fault) from fault


def _misunderstood(fault: InputFault) -> CommandFailedError:
    return CommandFailedError(fault.what, why=fault.why, fix=fault.fix, details=fault.details)


def ends_for_another(result: Result, *, joined: bool) -> bool:
    """Whether another command ended what this one is at and did not stop; one that was ``joined`` has its own time to wait."""
    return _was_stopped(result) or (joined and result.exit == ExitCode.LOCKED)


def _was_stopped(result: Result) -> bool:
    return result.exit == ExitCode.ROLLED_BACK and result.error is not None and result.error.what == _STOPPED


def stopped_result(end: RolloutEnd) -> RolloutEnd:
    """The end of what the user asked to stop: exit 130, unless it failed by itself meanwhile."""
    result, interrupted = end.result, int(InterruptedByUserError.exit_code)
    by_itself = result.exit != EXIT_OK and not _was_stopped(result)
    if result.exit not in {EXIT_OK, int(RolledBackError.exit_code)} or by_itself:
        return end
    if result.exit == EXIT_OK:
        error = ErrorReport(
            f"it was too late to stop: release {result.serving} serves",
            "it had been committed, or there was nothing to change",
            "`fairlead rollback` goes back to the release before",
        )
    elif result.release is None:
        error = ErrorReport("stopped before anything was touched", fix="run it again")
    else:
        error = ErrorReport(f"stopped: release {result.release} was taken back", fix="run it again")
    return replace(end, result=replace(result, exit=interrupted, error=error))


def deploy_document(end: RolloutEnd, host: str, extra: Mapping[str, Any]) -> dict[str, Any]:
    """``deploy.json``: how a deploy or rollback ended, where it happened, and what the client adds."""
    hosts = [{"host": one.host, **render_answer(one.result)} for one in end.hosts]
    changes = {"changes": end.changes} if end.changes is not None else {}
    return {
        "schema": DEPLOY_SCHEMA,
        "host": host,
        **extra,
        **render_answer(end.result),
        **changes,
        "hosts": hosts,
    }


def join_results(
    ends: Mapping[str, Result | FairleadError | None],
    culprit: str | None,
    *,
    switched: bool = False,
    committed: bool = False,
) -> RolloutEnd:
    """How it ended on all hosts as one.

    Args:
        ends: how it ended on each: its result, why it cannot be reached, or None where it was never asked.
        culprit: the host that failed first; None where all is well.
        switched: the hosts were told to switch.
        committed: they were told to commit.
    """
    hosts = tuple(HostEnd(host, _host_result(end)) for host, end in ends.items())
    results = [one.result for one in hosts]
    if len(hosts) == 1:
        return RolloutEnd(results[0], hosts)
    best = next((one for one in results if one.status == "live"), results[0])
    joined = replace(best, phases=_slowest(results))
    if culprit is None:
        return RolloutEnd(joined, hosts)
    failed = next(one for one in hosts if one.host == culprit)
    code = failed.result.exit
    is_lost = any(one.status == _LOST for one in results)
    if any(one.exit == ExitCode.ROLLBACK_FAILED for one in results) or (
        is_lost and switched and not committed
    ):
        # A host that nobody can ask may serve what the others have left.
        code = int(ExitCode.ROLLBACK_FAILED)
    told = replace(
        joined,
        status=_status(failed.result, results),
        exit=code,
        release=failed.result.release,
        serving=failed.result.serving,
        previous=failed.result.previous,
        error=_blame(failed, hosts),
    )
    return RolloutEnd(told, hosts)


def unknown_result(error: FairleadError, hosts: Sequence[str]) -> RolloutEnd:
    """The end where nobody hears of the servers any more: what was asked of them may be done, or be under way."""
    lost = _host_result(error)
    return RolloutEnd(replace(lost, status=UNKNOWN), tuple(HostEnd(host, lost) for host in hosts))


def _status(failed: Result, results: Sequence[Result]) -> str:
    if any(one.status == "reverted" for one in results):
        return "reverted"
    return "failed" if failed.status == _LOST else failed.status


def _host_result(end: Result | FairleadError | None) -> Result:
    if isinstance(end, Result):
        return end
    if end is None:
        return Result(_NOT_ASKED)
    error = ErrorReport(end.what, end.why, end.fix, tuple(end.details))
    return Result(_LOST, int(end.exit_code), error=error)


def _slowest(results: Sequence[Result]) -> tuple[PhaseTime, ...]:
    """Each phase as it was on the host where it took longest, in the order of the host that got furthest."""
    furthest = max(results, key=lambda one: len(one.phases))
    every = [phase for one in results for phase in one.phases]
    return tuple(
        max((one for one in every if one.phase == phase.phase), key=lambda one: one.seconds)
        for phase in furthest.phases
    )


def _blame(failed: HostEnd, hosts: Sequence[HostEnd]) -> ErrorReport:
    error = failed.result.error or ErrorReport("the server failed, and did not say how")
    return replace(
        error,
        what=_STOPPED if error.what == _STOPPED else f"{failed.host}: {_named(error)}",
        service=None,
        details=(*error.details, *(f"{one.host}: {one.standing}" for one in hosts)),
    )


def _named(error: ErrorReport) -> str:
    """What went wrong, with the service that it is about."""
    return (
        f"{error.service}: {error.what}" if error.service and error.service not in error.what else error.what
    )


def _serving(kind: type[FairleadError], result: Result) -> str:
    """What serves, as the server saw it, if it got as far as to see."""
    serving = result.serving
    if kind is RollbackFailedError:
        return f"the switch points to {serving}" if serving else "nothing serves"
    if result.status in {"live", UNKNOWN}:
        # Nobody heard what serves; or its error is about what is live, and says so.
        return ""
    if not serving and not result.phases and kind is not RolledBackError:
        return ""
    if serving and serving == result.release:
        return f"the switch points to {serving}"
    if kind in {RolledBackError, CommandFailedError, InterruptedByUserError}:
        return (
            f"release {serving} serves as before"
            if serving
            else "nothing served before, and nothing does now"
        )
    return ""
