"""Which reporter a command gets: decided once, from the options, the environment and the streams."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from fairlead import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from fairlead.report import Reporter


class Output:
    """What was asked for so far; the root's options and a verb's own both count."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._json = False
        self._plain = False
        report.use(self._make)

    @property
    def is_json(self) -> bool:
        return self._json

    @property
    def is_plain(self) -> bool:
        return self._plain

    def ask(self, *, json: bool = False, plain: bool = False) -> None:
        """Ask for one JSON document, or for plain lines."""
        if (json and not self._json) or (plain and not self._plain):
            self._json = self._json or json
            self._plain = self._plain or plain
            report.use(self._make)

    def _make(self) -> Reporter:
        if not self._json:
            return self._human(sys.stdout)
        from fairlead.report.document import DocumentReporter
        from fairlead.report.sink import Sink

        return DocumentReporter(Sink(sys.stdout), self._human(sys.stderr))

    def _human(self, stream: TextIO) -> Reporter:
        """The reporter for people, on ``stream``; with ``--json`` that is stderr."""
        from fairlead.report.sink import Sink

        # Plain already; and whatever a job asks for, the next step needs this one's outputs.
        if self._environ.get("GITHUB_ACTIONS") == "true":
            from fairlead.github.reporter import ActionsReporter
            from fairlead.release.secrets import values_in

            reporter = ActionsReporter(Sink(stream), self._environ)
            # Before anything else is printed; those that lie in files follow as they are read.
            report.tell_values(reporter.hide)
            for value in values_in(self._environ):
                report.redact(value)
            return reporter
        if stream.isatty() and self._environ.get("TERM") != "dumb" and not self._plain:
            try:
                from fairlead.report.terminal import TerminalReporter

                return TerminalReporter(stream)
            except ImportError:
                # Where only what `validate` needs is installed, there is no rich.
                pass
        from fairlead.report.plain import PlainReporter

        return PlainReporter(Sink(stream), Sink(sys.stderr))
