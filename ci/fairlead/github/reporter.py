"""The reporter of a GitHub job: groups in the log, annotations, the step's page and outputs."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.github import summary
from fairlead.github.annotations import (
    Annotation,
    annotations_of,
    cap_annotations,
    escape_data,
    neutral,
    render_annotation,
    render_masks,
)
from fairlead.github.outputs import DOCUMENT, append_outputs, outputs_of
from fairlead.github.page import Told, render_page
from fairlead.github.place import placed
from fairlead.github.words import speak, tell_in_a_job, without_own_files
from fairlead.report import layout
from fairlead.report.failure import error_document, read_source_line, render_error
from fairlead.report.redact import masked_document
from fairlead.report.sink import clean

if TYPE_CHECKING:
    from fairlead.errors import FairleadError
    from fairlead.findings import Location
    from fairlead.github.headline import Headline
    from fairlead.report.protocol import Phase
    from fairlead.report.sink import Sink

MOST_FINDINGS = 200
"""So many faults are told in the log."""


class ActionsReporter:
    """Says everything in one stream, which the runner keeps as the log of the step.

    A step is a group, folded once it has ended, with the output of the tools in it. Groups don't nest:
    a step within a step is a line.

    Args:
        sink: the log. With ``--json`` that is stderr: the runner obeys commands in either stream.
        environ: tells the files GITHUB_STEP_SUMMARY and GITHUB_OUTPUT.
        clock: seconds, for the durations.
    """

    def __init__(
        self, sink: Sink, environ: Mapping[str, str], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sink = sink
        self._summary = _file(environ, "GITHUB_STEP_SUMMARY")
        self._output = _file(environ, "GITHUB_OUTPUT")
        self._temporary = _file(environ, "RUNNER_TEMP")
        self._clock = clock
        self._depth = 0
        self._annotations: list[Annotation] = []
        self._told = Told()

    def hide(self, value: str) -> None:
        """Have the runner hide a secret in the rest of the log, whoever prints it."""
        for command in render_masks(value):
            self._sink.write_command(command)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        start = self._clock()
        self._enter(text)
        try:
            yield
        except BaseException:
            self._leave("failed", text, self._clock() - start)
            raise
        self._leave("done", text, self._clock() - start)

    def progress(self, text: str) -> None:
        """The line, when it stands in a group: there it disturbs nobody."""
        if self._depth:
            self._say(text)

    def line(self, text: str = "") -> None:
        self._say(text)

    def warn(self, text: str, location: Location | None = None) -> None:
        """The line at once; the annotation at the end, when it is known which ten are shown."""
        text = speak(text)
        self._say(f"warning: {location}: {text}" if location else f"warning: {text}")
        self._annotations.append(Annotation("warning", text, location))
        self._told.warnings.append(f"{placed(location)}: {text}" if placed(location) else text)

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        for line in layout.render_table(headers, rows):
            self._say(line)
        self._told.tables.append((headers, rows))

    def phase(
        self, name: str, state: str, seconds: float | None = None, detail: str = "", host: str = ""
    ) -> None:
        text = layout.phase_text(name, detail, host)
        if state != "begin":
            self._say(_ended(state, text, seconds if state != "skipped" else None))

    def timeline(self, phases: Sequence[Phase]) -> None:
        """Kept for the end, where it comes after what went wrong."""
        self._told.phases = list(phases)

    def result(self, document: Mapping[str, object], text: str) -> None:
        self._told.document, self._told.said = document, text
        self._say_timeline()
        if text:
            self._say(text)

    def error(self, error: FairleadError) -> None:
        """The headline first, then why, the evidence and what to do, then where the time went."""
        error = tell_in_a_job(error)
        self._told.error = error
        if error.document is not None:
            self._told.document = error.document
        headline = self._headline(int(error.exit_code))
        shown = copy.copy(error)
        shown.findings = error.findings[:MOST_FINDINGS]
        _, *rest = render_error(shown, read_source_line)
        if len(error.findings) > MOST_FINDINGS:
            rest.append(
                f"and {len(error.findings) - MOST_FINDINGS} more faults: the output `document` has all"
            )
        said = [] if error.what.rstrip(".") in headline.text else [f"  {error.what}"]
        note = [headline.note] if headline.note else []
        for line in [f"error: {headline.text}", *note, *said, *rest]:
            self._say(line)
        self._say_timeline()

    def end(self, exit_code: int) -> None:
        """Annotations, page and outputs: only now it is known how it ended."""
        told, headline = self._told, self._headline(exit_code)
        if told.error is not None:
            self._annotations += annotations_of(told.error, headline.text)
        self._annotate()
        if self._summary is not None:
            self._write_page(self._summary, told, exit_code)
        if self._output is not None and (told.document is not None or told.error is not None):
            outputs = self._outputs_of(told)
            outputs["exit-code"] = str(exit_code)
            if exit_code:
                outputs["error"] = clean(headline.text)
            append_outputs(self._output, outputs, self._temporary)
        self._told = Told()

    def close(self) -> None:
        """Close a group that an error left open."""
        if self._depth:
            self._depth = 0
            self._sink.write("::endgroup::")

    def _enter(self, text: str) -> None:
        self._depth += 1
        if self._depth == 1:
            self._sink.write(f"::group::{escape_data(clean(text))}")

    def _leave(self, state: str, text: str, seconds: float) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._sink.write("::endgroup::")
        self._say(_ended(state, text, seconds))

    def _annotate(self) -> None:
        worst, rest = cap_annotations(self._annotations)
        self._annotations.clear()
        for annotation in worst:
            # Cleaned before it is escaped: a secret with a `%` in it would not be found afterwards.
            shown = Annotation(
                annotation.level, clean(annotation.message), annotation.location, clean(annotation.title)
            )
            self._sink.write(render_annotation(shown))
        for line in rest:
            self._say(line)

    def _say(self, text: str) -> None:
        self._sink.write(neutral(without_own_files(text)))

    def _write_page(self, file: Path, told: Told, exit_code: int) -> None:
        """No job fails for its page: what a server told may be of a form that nobody thought of."""
        try:
            page = clean(render_page(told, exit_code))
            fault = summary.append_summary(file, page) if page else ""
        except Exception as error:  # noqa: BLE001 - the work is done
            fault = f"the page of this step cannot be made: {type(error).__name__}: {error}"
        if fault:
            self._say(f"warning: {fault}")

    def _outputs_of(self, told: Told) -> dict[str, str]:
        """Those of the document; without one the error is the document, and nothing else of it an output."""
        if told.document is not None:
            return outputs_of(_masked(told.document))
        assert told.error is not None
        return {DOCUMENT: outputs_of(_masked(error_document(told.error)))[DOCUMENT]}

    def _say_timeline(self) -> None:
        for line in layout.render_timeline(self._told.phases):
            self._say(line)

    def _headline(self, exit_code: int) -> Headline:
        return self._told.headline(exit_code)


def _ended(state: str, text: str, seconds: float | None) -> str:
    took = f"  {layout.render_seconds(seconds)}" if seconds is not None else ""
    return f"{layout.MARKS.get(state, state)} {text}{took}"


def _file(environ: Mapping[str, str], name: str) -> Path | None:
    return Path(environ[name]) if environ.get(name) else None


def _masked(document: Mapping[str, object]) -> dict[str, Any]:
    clean = masked_document(dict(document))
    assert isinstance(clean, dict)
    return clean
