"""One check, and what all of them together come to. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.errors import CommandFailedError, ExitCode, FairleadError, InputError, ToolMissingError

OK = "ok"
WARNING = "warning"
FAILED = "failed"

SCHEMA = "fairlead.doctor/v1"

_MARKS = {OK: "ok", WARNING: "warn", FAILED: "FAIL"}

# The first that stands here is the exit code of a command with several failures.
_ORDER = (ExitCode.TOOL_MISSING, ExitCode.INPUT, ExitCode.COMMAND_FAILED)


@dataclass(frozen=True)
class Check:
    """One check: its name, ``ok``, ``warning`` or ``failed``, what was found, what to do about it.

    ``exit_code`` is that of the error which a verb would end with; it counts only for a failed one.
    """

    name: str
    state: str
    found: str
    fix: str = ""
    exit_code: ExitCode = ExitCode.COMMAND_FAILED


def failed_check(name: str, error: FairleadError, *, state: str = FAILED) -> Check:
    """A check that ended with an error: what it says is what was found."""
    faults = [str(finding) for finding in error.findings]
    found = "; ".join(part for part in (error.what, " ".join(error.why.split()), *faults) if part)
    return Check(name, state, found, error.fix, error.exit_code)


def render_rows(checks: Sequence[Check]) -> list[list[str]]:
    """The rows of a table: state, name, what was found; what to do in a row of its own below."""
    rows = []
    for check in checks:
        rows.append([_MARKS[check.state], check.name, check.found])
        if check.fix and check.state != OK:
            rows += [["", "", f"-> {line}"] for line in check.fix.splitlines()]
    return rows


def checks_document(checks: Sequence[Check]) -> dict[str, object]:
    """The checks as a ``fairlead.doctor/v1`` document."""
    return {
        "schema": SCHEMA,
        "ready": not any(check.state == FAILED for check in checks),
        "checks": [
            {"name": check.name, "state": check.state, "found": check.found, "fix": check.fix}
            for check in checks
        ],
    }


def render_verdict(checks: Sequence[Check]) -> str:
    """One line for all of them."""
    counts = {state: sum(check.state == state for check in checks) for state in (FAILED, WARNING)}
    told = [
        f"{count} {word}"
        for count, word in ((counts[FAILED], "failed"), (counts[WARNING], "to look at"))
        if count
    ]
    return f"{len(checks)} checks: {', '.join(told)}" if told else f"{len(checks)} checks: all well"


def plan_error(checks: Sequence[Check]) -> FairleadError | None:
    """The error that the command ends with, or None when nothing failed."""
    failed = [check for check in checks if check.state == FAILED]
    if not failed:
        return None
    codes = {check.exit_code for check in failed}
    code = next((code for code in _ORDER if code in codes), ExitCode.COMMAND_FAILED)
    kinds: dict[ExitCode, type[FairleadError]] = {
        ExitCode.TOOL_MISSING: ToolMissingError,
        ExitCode.INPUT: InputError,
    }
    what = f"{failed[0].name} is not ready" if len(failed) == 1 else f"{len(failed)} things are not ready"
    return kinds.get(code, CommandFailedError)(
        what,
        why=", ".join(check.name for check in failed) if len(failed) > 1 else "",
        fix="do what the rows of the checks say",
    )
