"""``fairlead validate --fix --ask``: each repair is shown as a diff, and made where somebody says so."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from fairlead.cli.validate.mending import shown_diff
from fairlead.errors import InputError
from fairlead.host.wire.visible import visible_line
from fairlead.judge.fix import FixedText, Refused, fix_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.cli.validate.mending import Mend
    from fairlead.findings import Finding, Repair
    from fairlead.report.sink import Sink

_ANSWERS = {
    "yes": "make this change",
    "no": "leave it",
    "all": "make this change and all others",
    "quit": "no more",
}


def ask_for_each(sink: Sink) -> Mend:
    """What mends a text by asking; the files are written when everything was asked.

    Args:
        sink: where the changes are shown.

    Raises:
        InputError: there is nobody at a terminal to ask.
    """
    if not (sys.stdin.isatty() and sink.is_terminal):
        raise InputError(
            "--ask needs a terminal",
            why="there is nobody to ask",
            fix="leave it out, or say --diff, which shows all changes and makes none",
        )
    return _Questions(sink).mend


class _Questions:
    """The questions of one call, over all its files: an answer can be one to all that follow."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._last = ""
        self._asked: set[Repair | None] = set()

    def mend(self, file: str, text: str, findings: Sequence[Finding]) -> FixedText:
        mended: list[Finding] = []
        refused: list[Refused] = []
        for number, finding in enumerate(findings):
            if self._last in {"all", "quit"}:
                rest = fix_text(text, findings[number:] if self._last == "all" else ())
                return FixedText(rest.text, (*mended, *rest.mended), (*refused, *rest.refused))
            one = fix_text(text, [finding])
            refused += one.refused
            if one.text != text and finding.repair not in self._asked:
                self._asked.add(finding.repair)
                if self._is_wanted(finding, shown_diff({file: text}, {file: one.text})):
                    text = one.text
                    mended.append(finding)
        return FixedText(text, tuple(mended), tuple(refused))

    def _is_wanted(self, finding: Finding, diff: str) -> bool:
        import click

        self._sink.write(f"{visible_line(f'{finding.location}: {finding.what}')} [{finding.rule}]")
        self._sink.write(diff)
        while True:
            said = click.prompt("make this change? (yes, no, all, quit)", err=self._sink.stream is sys.stderr)
            found = [answer for answer in _ANSWERS if answer.startswith(str(said).lower())]
            if found:
                self._last = found[0]
                return self._last in {"yes", "all"}
            self._sink.write("; ".join(f"{answer}: {meaning}" for answer, meaning in _ANSWERS.items()))
