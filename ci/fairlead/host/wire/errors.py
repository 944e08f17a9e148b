"""What the agent reports when it refuses or fails: the same three answers as the client's errors.

The agent runs alone on a server and imports nothing of the client,
so these classes are its own; they travel as the ``error`` of a ``result`` event.
"""

from __future__ import annotations

import errno
from typing import ClassVar

EXIT_OK = 0
EXIT_INPUT = 2
EXIT_COMMAND_FAILED = 4
EXIT_LOCKED = 5
EXIT_ROLLED_BACK = 6
EXIT_ROLLBACK_FAILED = 7


class AgentError(Exception):
    """The base of everything that a user is meant to read.

    Args:
        what: what went wrong, one line.
        why: the cause, as far as it is known.
        fix: what to do next.
        details: evidence: log lines, health output, the single faults of an input.
        service: the service that is to blame, where it is one.
    """

    exit_code: ClassVar[int] = EXIT_COMMAND_FAILED

    def __init__(
        self,
        what: str,
        *,
        why: str = "",
        fix: str = "",
        details: tuple[str, ...] = (),
        service: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix
        self.details = details
        self.service = service


class InputFault(AgentError):  # noqa: N818 - the client has errors of those names
    """What the caller sent cannot be carried out: a document, an option, an id."""

    exit_code = EXIT_INPUT


class LockFault(AgentError):  # noqa: N818 - the client has errors of those names
    """Another command holds the app."""

    exit_code = EXIT_LOCKED


class EngineFault(AgentError):  # noqa: N818 - the client has errors of those names
    """The engine, Compose or the host failed."""


class ReleaseFault(AgentError):  # noqa: N818 - the client has errors of those names
    """The release is not fit to serve; what served before goes on."""

    exit_code = EXIT_ROLLED_BACK


class StoppedFault(ReleaseFault):
    """The client said stop: another host failed, or the user gave up."""


class DoubtFault(AgentError):  # noqa: N818 - the client has errors of those names
    """What is to become of the release is known to the other hosts only: both it and what served before are kept."""

    exit_code = EXIT_ROLLED_BACK


class RevertFault(AgentError):  # noqa: N818 - the client has errors of those names
    """The release failed and what served before could not be restored: page a human."""

    exit_code = EXIT_ROLLBACK_FAILED


def as_fault(error: Exception) -> AgentError:
    """The error itself, or what the host refused, in words and with what to do about it."""
    if isinstance(error, AgentError):
        return error
    number = error.errno if isinstance(error, OSError) else None
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    fix = (
        "make room: `docker system df` shows what takes it, `docker system prune` frees it"
        if number in (errno.ENOSPC, errno.EDQUOT)
        else "see whether the user owns the folder; `fairlead host check` tells what the server lacks"
    )
    where = getattr(error, "filename", None)
    return AgentError(
        f"the server cannot write or read: {reason}",
        why=f"at {where}" if where else type(error).__name__,
        fix=fix,
    )
