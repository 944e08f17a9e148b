"""The summary of a step, in Markdown. All pure but for ``append_summary``.

Whatever comes from outside is escaped: a container's log line must not draw a table, load a picture or call somebody.
It is cleaned before that: a secret with a `_` in it would not be found afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from fairlead import files
from fairlead.errors import FairleadError
from fairlead.github.place import placed
from fairlead.report.layout import render_seconds
from fairlead.report.protocol import Phase
from fairlead.report.sink import clean

# GitHub drops the whole summary of a step above this.
LIMIT = 1024 * 1024

_CUT = "\n\n_The summary was cut here: the log has all of it._\n"
_BAR = 30


def render_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [
        _row([escape(header) for header in headers]),
        _row(["---"] * len(headers)),
        *(_row([escape(cell) for cell in row]) for row in rows),
    ]
    return "\n".join(lines) + "\n"


def render_timeline(phases: Sequence[Phase]) -> str:
    """The phases as a table with bars."""
    longest = max((seconds for _, state, seconds in phases if state != "skipped"), default=0.0)
    rows = []
    for name, state, seconds in phases:
        bar = "█" * max(round(seconds / longest * _BAR), 1) if longest and state != "skipped" else ""
        mark = {"done": "✓", "failed": "✗", "skipped": "-"}.get(state, state)
        rows.append([f"{mark} {name}", "" if state == "skipped" else render_seconds(seconds), bar])
    return render_table(["phase", "time", ""], rows)


def render_error(error: FairleadError) -> str:
    """What went wrong, why, what to do; the evidence folded away."""
    parts = [f"### ✗ {escape(error.what)}"]
    if error.why:
        parts.append(escape(error.why))
    if error.findings:
        rows = [
            [str(placed(finding.location) or ""), finding.what, finding.fix] for finding in error.findings
        ]
        parts.append(render_table(["where", "what", "fix"], rows))
    if error.details:
        parts.append(
            f"<details><summary>Evidence</summary>\n\n{fence(chr(10).join(error.details))}\n\n</details>"
        )
    if error.fix:
        parts.append(f"**Fix:** {escape(error.fix)}")
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """Text that Markdown and HTML show as it is, on one line."""
    flat = clean(text).replace("\n", " ").replace("&", "&amp;").replace("<", "&lt;")
    # The space without a width keeps a name from being called: GitHub notifies whoever a comment mentions.
    plain = re.sub(r"([\\`*_\[\]|!~#])", r"\\\1", flat)
    return re.sub(r"(?<![A-Za-z0-9])@(?=\w)", "@&#8203;", plain)


def fence(text: str) -> str:
    """Text in a code block whose fence is longer than any in it."""
    shown = clean(text)
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}text\n{shown}\n{ticks}"


def append_summary(path: Path, markdown: str) -> str:
    """Append to the file GITHUB_STEP_SUMMARY: other tools of the step write there as well.

    Nothing is written once the limit is reached; what would cross it is cut.

    Returns:
        Why nothing could be written, empty where it could: no job fails for its summary.
    """
    try:
        taken = path.stat().st_size if path.exists() else 0
        room = LIMIT - taken
        data = (markdown.rstrip("\n") + "\n\n").encode()
        if len(data) > room:
            keep = room - len(_CUT.encode())
            if keep <= 0:
                return ""
            data = data[:keep].decode(errors="ignore").encode() + _CUT.encode()
        files.append(path, data)
    except OSError as error:
        return f"the summary of the step cannot be written: {error}"
    return ""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
