"""``--json``: one document on stdout, everything else on stderr."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from fairlead.report.failure import error_document
from fairlead.report.redact import masked_document
from fairlead.report.sink import Sink

if TYPE_CHECKING:
    from fairlead.errors import FairleadError
    from fairlead.findings import Location
    from fairlead.report.protocol import Phase, Reporter


class DocumentReporter:
    """Prints the result, or else the error, as one JSON document.

    Args:
        out: where the document goes.
        human: says everything else; it must write to stderr only.
    """

    def __init__(self, out: Sink, human: Reporter) -> None:
        self._out = out
        self._human = human
        self._printed = False

    def step(self, text: str) -> AbstractContextManager[None]:
        return self._human.step(text)

    def progress(self, text: str) -> None:
        self._human.progress(text)

    def line(self, text: str = "") -> None:
        self._human.line(text)

    def warn(self, text: str, location: Location | None = None) -> None:
        self._human.warn(text, location)

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self._human.table(headers, rows)

    def phase(
        self, name: str, state: str, seconds: float | None = None, detail: str = "", host: str = ""
    ) -> None:
        self._human.phase(name, state, seconds, detail, host)

    def timeline(self, phases: Sequence[Phase]) -> None:
        self._human.timeline(phases)

    def result(self, document: Mapping[str, object], text: str) -> None:
        self._human.result(document, text)
        self._print(document)

    def error(self, error: FairleadError) -> None:
        """The error's document; but a command that printed its result (a failing scan) has said it all."""
        self._human.error(error)
        if not self._printed:
            self._print(error_document(error))

    def end(self, exit_code: int) -> None:
        self._human.end(exit_code)

    def close(self) -> None:
        self._human.close()

    def _print(self, document: Mapping[str, object]) -> None:
        if self._printed:
            raise AssertionError("a command has one result")
        self._printed = True
        self._out.write_document(json.dumps(masked_document(dict(document)), indent=2, ensure_ascii=False))
