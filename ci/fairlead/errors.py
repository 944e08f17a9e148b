"""Every error that Fairlead reports, and every exit code.

An error says *what* went wrong, *why* it went wrong, and what to do next (*fix*).
The boundary in ``fairlead.boundary`` prints it once and leaves with its exit code;
nothing else in the package prints an error or calls ``sys.exit``.
"""

from __future__ import annotations

from fairlead.quick.codes import IntEnum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import ClassVar

    from fairlead.findings import Finding


class ExitCode(IntEnum):
    """The exit codes of the command, one meaning each."""

    OK = 0
    INPUT = 2
    TOOL_MISSING = 3
    COMMAND_FAILED = 4
    LOCKED = 5
    ROLLED_BACK = 6
    ROLLBACK_FAILED = 7
    SCAN_REFUSED = 10
    COMPOSE_INVALID = 11
    COMPOSE_UNSEEN = 12
    INTERRUPTED = 130


class FairleadError(Exception):
    """The base of all errors that a user is meant to read.

    Args:
        what: what went wrong, one line.
        why: the cause, as far as it is known; may be several lines.
        fix: what to do next.
        findings: the single faults, where an input has several.
        details: evidence to print below the message: log lines, health output.

    Attributes:
        document: what a command would have handed over had it ended well, where there is one: what serves, say.
    """

    exit_code: ClassVar[ExitCode]
    document: Mapping[str, object] | None = None

    def __init__(
        self,
        what: str,
        *,
        why: str = "",
        fix: str = "",
        findings: tuple[Finding, ...] = (),
        details: tuple[str, ...] = (),
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix
        self.findings = findings
        self.details = details


class InputError(FairleadError):
    """The caller's input is wrong: an option, fairlead.yaml, the repository."""

    exit_code = ExitCode.INPUT


class ToolMissingError(FairleadError):
    """A tool is missing, too old, or known to be malicious."""

    exit_code = ExitCode.TOOL_MISSING


class CommandFailedError(FairleadError):
    """A command, a registry or a host failed, or users do not get what serves."""

    exit_code = ExitCode.COMMAND_FAILED


class LockedError(FairleadError):
    """Another deploy of this app is under way."""

    exit_code = ExitCode.LOCKED


class RolledBackError(FairleadError):
    """The release failed and the old one serves."""

    exit_code = ExitCode.ROLLED_BACK


class RollbackFailedError(FairleadError):
    """The release failed and the old one could not be brought back: page a human."""

    exit_code = ExitCode.ROLLBACK_FAILED


class ScanRefusedError(FairleadError):
    """An image has no passing scan verdict."""

    exit_code = ExitCode.SCAN_REFUSED


class ComposeInvalidError(FairleadError):
    """A compose file does not hold."""

    exit_code = ExitCode.COMPOSE_INVALID


class ComposeUnseenError(FairleadError):
    """Part of the compose files could not be looked at: there is no verdict on it."""

    exit_code = ExitCode.COMPOSE_UNSEEN


class InterruptedByUserError(FairleadError):
    """The user asked to stop."""

    exit_code = ExitCode.INTERRUPTED
