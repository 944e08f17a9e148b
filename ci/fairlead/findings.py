"""What a check has to say about an input: where it stands, how bad it is, and what mends it."""

from __future__ import annotations

from fairlead.quick.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Severity = Literal["error", "warning", "note"]
else:
    Severity = str

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""Worst first."""


@dataclass(frozen=True, order=True)
class Location:
    """A place in a file: path as the user knows it, line and column counted from 1."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        parts = [self.path, *(str(number) for number in (self.line, self.column) if number)]
        return ":".join(parts)


@dataclass(frozen=True)
class Repair:
    """A change of a file's text that takes a finding away without changing what else the file says.

    Attributes:
        path: the keys and indexes that lead to the value, from the file's root.
        text: the value to stand there, as YAML in flow style; None takes key and value away.
    """

    path: tuple[str | int, ...]
    text: str | None


@dataclass(frozen=True)
class Finding:
    """One fault of an input, so that a reader sees all of them at once.

    Attributes:
        what: what is wrong, one line.
        location: where; of a value that is missing, its nearest parent.
        fix: what to do, one line.
        rule: the stable name of the check, e.g. ``no-healthcheck``.
        severity: an error refuses the input, a warning does not, a note only informs.
        path: the keys and indexes of the value in the resolved model, which stay when lines move.
        repair: the change that ``--fix`` makes, where one is safe.
        rank: how much it matters, 1 the most; 0: as its rule does.
    """

    what: str
    location: Location | None = None
    fix: str = ""
    rule: str = ""
    severity: Severity = "error"
    path: tuple[str | int, ...] = ()
    repair: Repair | None = None
    rank: int = 0

    def __str__(self) -> str:
        place = f"{self.location}: " if self.location else ""
        fix = f" ({self.fix})" if self.fix else ""
        return f"{place}{self.what}{fix}"
