"""A reporter that remembers, for tests of whatever talks to a reporter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fairlead.errors import FairleadError
    from fairlead.findings import Location
    from fairlead.report.protocol import Phase


class RecordingReporter:
    """Keeps each call in ``calls`` as (method, what was said), and the document of the result."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.document: Mapping[str, object] | None = None
        self.failure: FairleadError | None = None

    def said(self, method: str) -> list[str]:
        """What was said through ``method``, in order."""
        return [text for name, text in self.calls if name == method]

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        self.calls.append(("step", text))
        yield

    def progress(self, text: str) -> None:
        self.calls.append(("progress", text))

    def line(self, text: str = "") -> None:
        self.calls.append(("line", text))

    def warn(self, text: str, location: Location | None = None) -> None:
        self.calls.append(("warn", f"{location}: {text}" if location else text))

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.calls += [("table", " | ".join(row)) for row in (headers, *rows)]

    def phase(
        self, name: str, state: str, seconds: float | None = None, detail: str = "", host: str = ""
    ) -> None:
        self.calls.append(("phase", f"{host} {name} {state} {detail}".strip()))

    def timeline(self, phases: Sequence[Phase]) -> None:
        self.calls += [("timeline", f"{name} {state}") for name, state, _ in phases]

    def result(self, document: Mapping[str, object], text: str) -> None:
        self.document = document
        self.calls.append(("result", text))

    def error(self, error: FairleadError) -> None:
        self.failure = error
        self.calls.append(("error", error.what))

    def end(self, exit_code: int) -> None:
        self.calls.append(("end", str(exit_code)))

    def close(self) -> None:
        """Nothing to put back."""
