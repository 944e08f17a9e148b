"""The findings of a verdict for a person: all that gives host or data away on the first screen, then the rest.

A finding takes its title, the source line with a caret, and what to do. Of the first two ranks as much of that is
shown as lets all of them stand on the first screen; what is the same for several findings is said once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fairlead.host.wire.visible import visible, visible_line
from fairlead.judge.policy.rule import GRAVE, rank_of
from fairlead.report.source import SourceLines
from fairlead.verdict.folded import folded
from fairlead.verdict.words import headline, title_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairlead.findings import Finding
    from fairlead.judge.verdict import Verdict

    Paint = Callable[[str, str], str]
    Form = Callable[[Finding], list[tuple[str, str]]]

SCREEN = 24
"""Lines of a terminal that nobody has made larger."""
WIDTH = 80


def finding_lines(verdict: Verdict, paint: Paint, most: int | None = None) -> Iterator[str]:
    """A headline with the counts, then every finding, or the first of them and how many there are more."""
    every = folded(verdict)
    found = every[:most]
    forms = _Forms(paint)
    grave = [one for one in found if rank_of(one) <= GRAVE]
    yield headline(verdict)
    yield ""
    form = forms.whole if verdict.chosen else _widest(forms, grave)
    for finding in grave:
        yield from _shown(form(finding))
        if form != forms.title:
            yield ""
    if grave and form == forms.title:
        yield paint("fix", "    -> `--rule RULE` shows these with their lines and what to do")
        yield ""
    said: set[tuple[str, str]] = set()
    for finding in found[len(grave) :]:
        key = (finding.rule, finding.fix)
        is_told = key in said and not verdict.chosen
        yield from _shown(forms.title(finding) if is_told else forms.whole(finding))
        said.add(key)
    if len(found) > len(grave):
        yield ""
    if len(every) > len(found):
        yield f"and {len(every) - len(found)} more findings: the output `document` has all, or the file that `document-file` names"
        yield ""


def _widest(forms: _Forms, grave: Sequence[Finding]) -> Form:
    """The form that says most of those with which all of them fit below the headline, at the usual width."""
    room = SCREEN - 3
    for form in (forms.whole, forms.brief):
        if sum(_height(form(one)) + 1 for one in grave) <= room:
            return form
    return forms.title


def _height(lines: Sequence[tuple[str, str]]) -> int:
    return sum(max(1, -(-len(bare) // WIDTH)) for bare, _ in lines)


def _shown(lines: Sequence[tuple[str, str]]) -> Iterator[str]:
    return (painted for _, painted in lines)


class _Forms:
    """Ways to show a finding, each a list of lines, bare and painted."""

    def __init__(self, paint: Paint) -> None:
        self._paint = paint
        self._source = SourceLines()

    def title(self, finding: Finding) -> list[tuple[str, str]]:
        """Place, severity, what is wrong and by which rule."""
        place = visible_line(f"{finding.location}: ") if finding.location is not None else ""
        severity, what = f"{finding.severity}: ", title_of(finding)
        painted = (
            (self._paint("place", place) if place else "") + self._paint(finding.severity, severity) + what
        )
        return [(f"{place}{severity}{what}", painted)]

    def brief(self, finding: Finding) -> list[tuple[str, str]]:
        """The title, and what to do."""
        return [*self.title(finding), *self._fix(finding)]

    def whole(self, finding: Finding) -> list[tuple[str, str]]:
        """The title, the source line, and what to do; of what is missing in a service its name shows nothing."""
        lines: list[str] = []
        if finding.location is not None and (len(finding.path) != 2 or rank_of(finding) <= GRAVE):
            lines = self._source.excerpt(finding.location, finding.rule)
        return [
            *self.title(finding),
            *((line, self._paint("dim", line)) for line in lines),
            *self._fix(finding),
        ]

    def _fix(self, finding: Finding) -> list[tuple[str, str]]:
        lines = [
            f"    {'   ' if number else '-> '}{line}"
            for number, line in enumerate(visible(finding.fix).splitlines())
        ]
        return [(line, self._paint("fix", line)) for line in lines]
