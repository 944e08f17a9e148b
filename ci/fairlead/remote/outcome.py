"""How a request ended, as the client's errors and documents. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fairlead.errors import (
    CommandFailedError,
    FairleadError,
    InputError,
    InterruptedByUserError,
    LockedError,
    RollbackFailedError,
    RolledBackError,
)

DEPLOY_SCHEMA = "fairlead.deploy/v1"
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
    code = int(result.get("exit", CommandFailedError.exit_code))
    if code == 0:
        return None
    error = result.get("error") or {}
    kind = _ERRORS.get(code, CommandFailedError)
    service = (
        f"{error['service']}: " if error.get("service") and error["service"] not in error["what"] else ""
    )
    return kind(
        service + str(error.get("what") or "the server failed, and did not say how"),
        why=". ".join(filter(None, (str(error.get("why") or ""), _serving(kind, result)))),
        fix=str(error.get("fix") or ""),
        details=tuple(str(line) for line in error.get("details") or ()),
    )


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


def stopped_result(result: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a task that the user asked to stop: exit 130, unless it failed by itself meanwhile."""
    code = int(result.get("exit", CommandFailedError.exit_code))
    told = result.get("error") or {}
    if code not in {0, int(RolledBackError.exit_code)} or (code and told.get("what") != _STOPPED):
        return dict(result)
    release, interrupted = result.get("release"), int(InterruptedByUserError.exit_code)
    if code == 0:
        error = {
            "what": f"it was too late to stop: release {result.get('serving')} serves",
            "why": "it had been committed, or there was nothing to change",
            "fix": "`fairlead rollback` goes back to the release before",
        }
    elif release is None:
        error = {"what": "stopped before anything was touched", "fix": "run it again"}
    else:
        error = {"what": f"stopped: release {release} was taken back", "fix": "run it again"}
    return {**result, "exit": interrupted, "error": {**error, "details": [], "service": None}}


def deploy_document(result: Mapping[str, Any], host: str, extra: Mapping[str, Any]) -> dict[str, Any]:
    """``deploy.json``: the result of a deploy or rollback, where it happened, and what the client adds."""
    told = {key: value for key, value in result.items() if key != "event"}
    return {"schema": DEPLOY_SCHEMA, "host": host, **extra, **told}


def _serving(kind: type[FairleadError], result: Mapping[str, Any]) -> str:
    serving = result.get("serving")
    if kind is RollbackFailedError:
        return f"the switch points to {serving}" if serving else "nothing serves"
    if kind is InterruptedByUserError and int(result.get("exit", 0)) and result.get("status") == "live":
        return ""
    if kind in {RolledBackError, CommandFailedError, InterruptedByUserError}:
        return (
            f"release {serving} serves as before"
            if serving
            else "nothing served before, and nothing does now"
        )
    return ""
