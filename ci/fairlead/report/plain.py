"""Plain lines, for logs and pipes: no colour, nothing that moves."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fairlead.report import layout
from fairlead.report.failure import read_source_line, render_error
from fairlead.report.sink import Sink

if TYPE_CHECKING:
    from fairlead.errors import FairleadError
    from fairlead.findings import Location
    from fairlead.report.protocol import Phase


class PlainReporter:
    """Says each thing once, when it has happened.

    What the command says goes to ``out``; warnings and errors to ``err``.
    """

    def __init__(self, out: Sink, err: Sink, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.out = out
        self.err = err
        self._clock = clock
        self._marks = layout.MARKS if out.unicode else layout.ASCII_MARKS

    @classmethod
    def standard(cls) -> PlainReporter:
        """On the process's own two streams."""
        return cls(Sink(sys.stdout), Sink(sys.stderr))

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        start = self._clock()
        try:
            yield
        except BaseException:
            self.out.write(self._ended("failed", text, self._clock() - start))
            raise
        self.out.write(self._ended("done", text, self._clock() - start))

    def progress(self, text: str) -> None:
        """Nothing: passing lines are for a terminal."""

    def line(self, text: str = "") -> None:
        self.out.write(text)

    def warn(self, text: str, location: Location | None = None) -> None:
        place = f"{location}: " if location else ""
        self.err.write(f"warning: {place}{text}")

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        for line in layout.render_table(headers, rows):
            self.out.write(line)

    def phase(
        self, name: str, state: str, seconds: float | None = None, detail: str = "", host: str = ""
    ) -> None:
        if state == "begin":
            return
        text = layout.phase_text(name, detail, host)
        self.out.write(self._ended(state, text, seconds if state != "skipped" else None))

    def timeline(self, phases: Sequence[Phase]) -> None:
        for line in layout.render_timeline(phases, fill="█" if self.out.unicode else "#"):
            self.out.write(line)

    def result(self, document: Mapping[str, object], text: str) -> None:
        if text:
            self.out.write(text)

    def error(self, error: FairleadError) -> None:
        for line in render_error(error, read_source_line):
            self.err.write(line)

    def end(self, exit_code: int) -> None:
        """Nothing more to say."""

    def close(self) -> None:
        """Nothing to put back."""

    def _ended(self, state: str, text: str, seconds: float | None) -> str:
        took = f"  {layout.render_seconds(seconds)}" if seconds is not None else ""
        return f"{self._marks.get(state, state)} {text}{took}"
