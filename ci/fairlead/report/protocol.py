"""What every reporter can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from fairlead.errors import FairleadError
    from fairlead.findings import Location

PhaseState: TypeAlias = Literal["begin", "done", "skipped", "failed"]

Phase: TypeAlias = tuple[str, str, float]
"""A phase that has ended: its name, its state (done, skipped, failed), its seconds."""


class Reporter(Protocol):
    """The output of one command, from its first step to its result."""

    def step(self, text: str) -> AbstractContextManager[None]:
        """Show that something is under way, then that it is done and how long it took.

        An exception that passes through marks the step as failed, and goes on.
        Steps may be nested.
        """
        ...

    def progress(self, text: str) -> None:
        """Show one passing line of a long step: the last line of a tool's output.

        It replaces the one before on a terminal and is not shown elsewhere.
        """
        ...

    def line(self, text: str = "") -> None:
        """Say something; ``text`` may have several lines."""
        ...

    def warn(self, text: str, location: Location | None = None) -> None:
        """Say what the user should look at, though the command goes on."""
        ...

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show rows below headers, columns aligned."""
        ...

    def phase(
        self, name: str, state: str, seconds: float | None = None, detail: str = "", host: str = ""
    ) -> None:
        """Follow a phase of a deploy: ``state`` is begin, done, skipped or failed.

        ``host`` is empty where there is one host; of several each has its own line.
        """
        ...

    def timeline(self, phases: Sequence[Phase]) -> None:
        """Show where the time went, one bar a phase."""
        ...

    def result(self, document: Mapping[str, object], text: str) -> None:
        """End well: ``document`` is for machines, ``text`` for people. Called once, last."""
        ...

    def error(self, error: FairleadError) -> None:
        """End badly. Called by the error boundary only."""
        ...

    def end(self, exit_code: int) -> None:
        """The command has ended with this exit code. Called by the error boundary only, last."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was found. Called by the error boundary only."""
        ...
