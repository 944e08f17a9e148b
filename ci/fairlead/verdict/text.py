"""The verdict for a person: each finding with its source line and a caret. Pure, but for reading those lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fairlead.host.wire.visible import visible, visible_line
from fairlead.verdict.words import layers_line, sentence_of, title_of, unseen_line, ways_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.findings import Finding, Location
    from fairlead.judge.verdict import Verdict

    Paint = Callable[[str, str], str]

_COLOURS = {
    "error": "\x1b[1;31m",
    "warning": "\x1b[1;33m",
    "note": "\x1b[1;36m",
    "place": "\x1b[1m",
    "dim": "\x1b[2m",
    "fix": "\x1b[32m",
    "pass": "\x1b[1;32m",
}
_END = "\x1b[0m"


def render_text(verdict: Verdict, *, colour: bool = False, most: int | None = None) -> str:
    """The findings in the order of the files (``most`` of them, where that is said), then what they come to."""
    return "\n".join(_lines(verdict, _painted if colour else _plain, most))


def _lines(verdict: Verdict, paint: Paint, most: int | None) -> Iterator[str]:
    if verdict.findings:
        from fairlead.report.source import SourceLines

        source = SourceLines()
        for finding in verdict.findings[:most]:
            yield from _finding_lines(finding, source.excerpt, paint)
            yield ""
    if most is not None and len(verdict.findings) > most:
        yield f"and {len(verdict.findings) - most} more findings: the output `document` has all, or the file that `document-file` names"
        yield ""
    for line in verdict.stale:
        yield paint("note", "note: ") + visible_line(line)
    if unseen_line(verdict):
        yield paint("error", "error: ") + unseen_line(verdict)
    for line in ways_on(verdict):
        yield paint("fix", line)
    yield paint("pass" if verdict.passed else "error", sentence_of(verdict))
    yield paint("dim", visible(layers_line(verdict.layers)))


def _finding_lines(
    finding: Finding, excerpt: Callable[[Location, str], list[str]], paint: Paint
) -> Iterator[str]:
    place = paint("place", visible_line(f"{finding.location}: ")) if finding.location is not None else ""
    yield f"{place}{paint(finding.severity, f'{finding.severity}: ')}{title_of(finding)}"
    if finding.location is not None:
        for line in excerpt(finding.location, finding.rule):
            yield paint("dim", line)
    for number, line in enumerate(visible(finding.fix).splitlines()):
        yield paint("fix", f"    {'   ' if number else '-> '}{line}")


def _plain(_style: str, text: str) -> str:
    return text


def _painted(style: str, text: str) -> str:
    return f"{_COLOURS[style]}{text}{_END}"
