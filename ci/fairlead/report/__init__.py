"""What a user sees, and the one way to say it.

A verb takes ``reporter = report.current()`` and talks only through it; which implementation answers
(a live terminal, plain lines, a GitHub job, one JSON document) was decided once, by the command root.

Importing this package is cheap: an implementation is imported when it is first needed.
"""

from __future__ import annotations

from collections.abc import Callable

from fairlead.report.redact import redact, tell_values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    # Names for annotations, for whoever imports this package.
    from fairlead.report.protocol import Phase as Phase
    from fairlead.report.protocol import PhaseState as PhaseState
    from fairlead.report.protocol import Reporter as Reporter

__all__ = ["current", "end", "redact", "tell_values", "use"]


def __getattr__(name: str) -> Any:
    """The names for annotations, where somebody imports them at run time."""
    if name in {"Phase", "PhaseState", "Reporter"}:
        from fairlead.report import protocol

        return getattr(protocol, name)
    raise AttributeError(name)


def _plain() -> Reporter:
    from fairlead.report.plain import PlainReporter

    return PlainReporter.standard()


class _InUse:
    """The reporter of this process: how it is made, and it, once it was asked for. Threads share it."""

    make: Callable[[], Reporter] = staticmethod(_plain)
    made: Reporter | None = None


def current() -> Reporter:
    """The reporter in use; plain lines when none was chosen."""
    if _InUse.made is None:
        _InUse.made = _InUse.make()
    return _InUse.made


def end(exit_code: int) -> None:
    """Let the reporter know how the command ended, if there is one."""
    if _InUse.made is not None:
        _InUse.made.end(exit_code)


def use(make: Callable[[], Reporter] | None) -> None:
    """Make what ``make`` returns the reporter in use; None goes back to plain lines.

    ``make`` is called by the first ``current()``, so that a command that says nothing imports nothing.
    """
    _InUse.make = staticmethod(make or _plain)
    _InUse.made = None
