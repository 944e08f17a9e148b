"""The verdict as Markdown: the summary of a step, or a page of its own."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.github.place import placed
from fairlead.github.summary import escape, prose, render_table
from fairlead.verdict.folded import folded
from fairlead.verdict.words import headline, layers_line, sentence_of, unseen_line, ways_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.judge.verdict import Verdict

# GitHub drops a summary above 1 MiB: rows are at most about 1 KiB.
_MOST_WAYS = 10
_MOST_ROWS = 300


def render_markdown(verdict: Verdict) -> str:
    """A heading, the findings as a table by rank, waivers, the way on, and which layers looked."""
    return "\n\n".join(_parts(verdict)) + "\n"


def _parts(verdict: Verdict) -> Iterator[str]:
    yield f"### {'✓' if verdict.passed else '✗'} {escape(sentence_of(verdict))}"
    if unseen_line(verdict):
        yield f"**{escape(unseen_line(verdict))}**"
    ordered = folded(verdict)
    if ordered:
        yield escape(headline(verdict))
        rows = [
            [finding.severity, str(placed(finding.location) or ""), finding.rule, finding.what, finding.fix]
            for finding in ordered[:_MOST_ROWS]
        ]
        yield render_table(["", "where", "rule", "what", "fix"], rows, _MOST_ROWS).rstrip()
    if len(ordered) > _MOST_ROWS:
        yield f"{len(ordered) - _MOST_ROWS} more stand in the JSON document."
    if verdict.waived:
        waivers = [
            [waived.finding.rule, str(placed(waived.finding.location) or ""), waived.reason, waived.until]
            for waived in verdict.waived[:_MOST_ROWS]
        ]
        table = render_table(["waived", "where", "reason", "until"], waivers, _MOST_ROWS).rstrip()
        yield f"<details><summary>{len(verdict.waived)} waived</summary>\n\n{table}\n\n</details>"
    yield from (f"- {escape(line)}" for line in verdict.stale[:_MOST_ROWS])
    yield from (prose(line.strip()) for line in ways_on(verdict)[:_MOST_WAYS])
    yield escape(layers_line(verdict.layers))
