"""The verdict for a person: what matters most first, and the way on last. Pure, but for reading source lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fairlead.host.wire.visible import visible, visible_line
from fairlead.verdict.words import layers_line, sentence_of, unseen_line, ways_on

TYPE_CHECKING = False
if TYPE_CHECKING:
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
    """What the findings come to, the findings by rank (``most`` of them, where that is said), and the way on."""
    return "\n".join(_lines(verdict, _painted if colour else _plain, most))


def _lines(verdict: Verdict, paint: Paint, most: int | None) -> Iterator[str]:
    if verdict.findings:
        from fairlead.verdict.screen import finding_lines

        yield from finding_lines(verdict, paint, most)
    for line in verdict.stale:
        yield paint("note", "note: ") + visible_line(line)
    if unseen_line(verdict):
        yield paint("error", "error: ") + unseen_line(verdict)
    for line in ways_on(verdict):
        yield paint("fix", line)
    yield paint("pass" if verdict.passed else "error", sentence_of(verdict))
    yield paint("dim", visible(layers_line(verdict.layers)))


def _plain(_style: str, text: str) -> str:
    return text


def _painted(style: str, text: str) -> str:
    return f"{_COLOURS[style]}{text}{_END}"
