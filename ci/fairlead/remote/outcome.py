"""How a request ended, as the client's errors and documents. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from fairlead.host.wire.answer import parse_answer
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.replies import Ending

_Answer = TypeVar("_Answer")

DEPLOY_SCHEMA = "fairlead.deploy/v1"
UNKNOWN = "unknown"
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


def failure_of(result: Mapping[str, Any]) -> FairleadError | None:
    """The error of a ``result`` event, or None when it ended well.

    Where a deploy failed, it says what serves now: the first thing that anybody wants to know.
    """
    end = ending_of(result)
    if end.exit == 0:
        return None
    kind, error = _ERRORS.get(end.exit, CommandFailedError), end.error
    service = f"{error.service}: " if error.service and error.service not in error.what else ""
    # What serves where stands below, host by host, where there are several.
    alone = len(result.get("hosts") or ()) <= 1
    serving = _serving(kind, end, looked=bool(result.get("phases"))) if alone else ""
    return kind(
        service + (error.what or "the server failed, and did not say how"),
        why=". ".join(filter(None, (error.why, serving))),
        fix=error.fix,
        details=error.details,
    )


def ending_of(result: Mapping[str, Any]) -> Ending:
    """How a ``result`` event ended.

    Raises:
        CommandFailedError: it does not say so.
    """
    return read_answer(Ending, result)


def answer_of(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """The ``data`` of a request that reads.

    Raises:
        FairleadError: it did not end well.
    """
    failure = failure_of(result)
    if failure is not None:
        raise failure
    data = result.get("data")
    return data if isinstance(data, Mapping) else {}


def read_answer(form: type[_Answer], data: Mapping[str, Any]) -> _Answer:
    """The dataclass of an answer from its ``data``.

    Raises:
        CommandFailedError: it is something else.
    """
    try:
        return parse_answer(form, data)
    except InputFault as fault:
        raise CommandFailedError(fault.what, why=fault.why, fix=fault.fix, details=fault.details) from fault


def stopped_result(result: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a task that the user asked to stop: exit 130, unless it failed by itself meanwhile."""
    end, interrupted = ending_of(result), int(InterruptedByUserError.exit_code)
    if end.exit not in {0, int(RolledBackError.exit_code)} or (end.exit and end.error.what != _STOPPED):
        return dict(result)
    if end.exit == 0:
        error = {
            "what": f"it was too late to stop: release {end.serving} serves",
            "why": "it had been committed, or there was nothing to change",
            "fix": "`fairlead rollback` goes back to the release before",
        }
    elif end.release is None:
        error = {"what": "stopped before anything was touched", "fix": "run it again"}
    else:
        error = {"what": f"stopped: release {end.release} was taken back", "fix": "run it again"}
    return {**result, "exit": interrupted, "error": {**error, "details": [], "service": None}}


def deploy_document(result: Mapping[str, Any], host: str, extra: Mapping[str, Any]) -> dict[str, Any]:
    """``deploy.json``: the result of a deploy or rollback, where it happened, and what the client adds."""
    body = {key: value for key, value in result.items() if key != "event"}
    return {"schema": DEPLOY_SCHEMA, "host": host, **extra, **body}


def join_results(
    ends: Mapping[str, Mapping[str, Any] | FairleadError | None],
    culprit: str | None,
    *,
    switched: bool = False,
    committed: bool = False,
) -> dict[str, Any]:
    """The ``result`` of all hosts as one, with each of them in ``hosts``.

    Args:
        ends: how it ended on each: its result, why it cannot be reached, or None where it was never asked.
        culprit: the host that failed first; None where all is well.
        switched: the hosts were told to switch.
        committed: they were told to commit.
    """
    hosts = [{"host": host, **_host_result(end)} for host, end in ends.items()]
    if len(hosts) == 1:
        return {**hosts[0], "hosts": hosts}
    best = next((one for one in hosts if one["status"] == "live"), hosts[0])
    joined = {**best, "phases": _slowest(hosts), "hosts": hosts}
    if culprit is None:
        return joined
    failed = next(one for one in hosts if one["host"] == culprit)
    lost = [one["host"] for one in hosts if one["status"] == "lost"]
    code = int(failed["exit"])
    if any(one["exit"] == ExitCode.ROLLBACK_FAILED for one in hosts) or (lost and switched and not committed):
        # A host that nobody can ask may serve what the others have left.
        code = int(ExitCode.ROLLBACK_FAILED)
    return {**joined, **_status(failed, hosts), "exit": code, "error": _blame(failed, hosts)}


def unknown_result(error: FairleadError, hosts: Sequence[str]) -> dict[str, Any]:
    """The ``result`` of servers that nobody hears of any more: what was asked of them may be done, or be under way."""
    lost = [{"host": host, **_host_result(error)} for host in hosts]
    return {**lost[0], "status": UNKNOWN, "hosts": lost}


def _status(failed: Mapping[str, Any], hosts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    reverted = any(one["status"] == "reverted" for one in hosts)
    status = "reverted" if reverted else "failed" if failed["status"] == "lost" else failed["status"]
    return {"status": status, **{key: failed[key] for key in ("release", "serving", "previous")}}


def _host_result(end: Mapping[str, Any] | FairleadError | None) -> dict[str, Any]:
    if isinstance(end, Mapping):
        return {key: value for key, value in end.items() if key != "event"}
    blank: dict[str, Any] = {
        "release": None,
        "serving": None,
        "previous": None,
        "phases": [],
        "error": None,
        "data": {},
    }
    if end is None:
        return {**blank, "status": "skipped", "exit": 0}
    error = {"what": end.what, "why": end.why, "fix": end.fix, "details": list(end.details), "service": None}
    return {**blank, "status": "lost", "exit": int(end.exit_code), "error": error}


def _slowest(hosts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Each phase as it was on the host where it took longest, in the order of the host that got furthest."""
    furthest = max(hosts, key=lambda one: len(one["phases"]))
    every = [phase for one in hosts for phase in one["phases"]]
    return [
        max((one for one in every if one["phase"] == phase["phase"]), key=lambda one: float(one["seconds"]))
        for phase in furthest["phases"]
    ]


def _blame(failed: Mapping[str, Any], hosts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    error = dict(failed["error"] or {"what": "the server failed, and did not say how"})
    others = [f"{one['host']}: {_standing(one)}" for one in hosts]
    service = (
        f"{error['service']}: " if error.get("service") and error["service"] not in error["what"] else ""
    )
    stopped = error["what"] == _STOPPED
    return {
        **error,
        "what": _STOPPED if stopped else f"{failed['host']}: {service}{error['what']}",
        "service": None,
        "details": [*(error.get("details") or ()), *others],
    }


def _standing(host: Mapping[str, Any]) -> str:
    if host["status"] == "lost":
        return "cannot be reached: `fairlead status`, when it is back, repairs what it was cut off from"
    if host["status"] == "skipped":
        return "was not touched"
    serving = host.get("serving")
    return f"release {serving} serves" if serving else "nothing serves"


def _serving(kind: type[FairleadError], end: Ending, *, looked: bool) -> str:
    """What serves, as the server saw it; ``looked``: it got as far as to see."""
    serving = end.serving
    if kind is RollbackFailedError:
        return f"the switch points to {serving}" if serving else "nothing serves"
    if end.status in {"live", UNKNOWN}:
        # Nobody heard what serves; or its error is about what is live, and says so.
        return ""
    if not serving and not looked and kind is not RolledBackError:
        return ""
    if serving and serving == end.release:
        return f"the switch points to {serving}"
    if kind in {RolledBackError, CommandFailedError, InterruptedByUserError}:
        return (
            f"release {serving} serves as before"
            if serving
            else "nothing served before, and nothing does now"
        )
    return ""
