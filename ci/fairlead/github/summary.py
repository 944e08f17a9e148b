"""The summary of a step, in Markdown. All pure but for ``append_summary``.

Whatever comes from outside is escaped: a container's log line must not draw a table, load a picture or call somebody.
It is cleaned before that: a secret with a `_` in it would not be found afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from fairlead import files
from fairlead.findings import Finding
from fairlead.github.place import placed
from fairlead.report import layout
from fairlead.report.protocol import Phase
from fairlead.report.sink import clean

# GitHub drops the whole summary of a step above this.
LIMIT = 1024 * 1024

# So much is shown of what may be long: a page is read, and far below the limit. The log has all of it.
MOST_ROWS = 100
LAST_LINES = 20
_FOLDED_LINES = 200
_WIDEST_LINE = 400
_WIDEST_CELL = 400

_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")
_NO_WIDTH = "&#8203;"
_GITHUB_S = re.compile(
    r"(?<=@)(?=\w)(?<![A-Za-z0-9]@(?=sha256:))|(?<=#)(?=\d)|(?<=[Gg][Hh])(?=-\d)|(?<=[wW]{3})(?=\.)"
    r"|(?<=:)(?=//|(?:1234|100|[\w+\\-]*[A-Za-z_+-][\w+\\-]*):)"
)
"""Where a space keeps GitHub from what it looks for in a text: a name, an issue, an address, an emoji.

Markdown's signs have a backslash by then, also the `_` in the name of an emoji: GitHub looks when it is gone.
"""
_CUT = "\n\n_The summary was cut here: the log has all of it._\n"


def render_table(headers: Sequence[str], rows: Sequence[Sequence[str]], most: int = MOST_ROWS) -> str:
    """A Markdown table of text that is data; of many rows the first ones, and how many more there are."""
    shown = [_row([escape(shorten(cell, _WIDEST_CELL)) for cell in row]) for row in rows[:most]]
    head = [_row([escape(header) for header in headers]), _row(["---"] * len(headers))]
    more = len(rows) - most
    rest = [f"\n{more} more rows stand in the log."] if more > 0 else []
    return "\n".join([*head, *shown, *rest]) + "\n"


def render_timeline(phases: Sequence[Phase]) -> str:
    """The phases as a picture: bars, each of which begins where the one before ended."""
    return fence("\n".join(layout.render_timeline(phases))) + "\n"


def render_evidence(details: Sequence[str]) -> str:
    """The last lines of the evidence; those before them folded away, the first of very many left out."""
    lines = [shorten(line, _WIDEST_LINE) for detail in details for line in detail.splitlines() or [""]]
    earlier, last = lines[:-LAST_LINES], lines[-LAST_LINES:]
    if not earlier:
        return fence("\n".join(last))
    folded, left_out = earlier[-_FOLDED_LINES:], len(earlier) - _FOLDED_LINES
    said = f"{len(folded)} lines before these" + (
        f"; {left_out} more stand in the log" if left_out > 0 else ""
    )
    text = fence("\n".join(folded))
    return f"{fence(chr(10).join(last))}\n\n<details><summary>{said}</summary>\n\n{text}\n\n</details>"


def render_findings(findings: Sequence[Finding]) -> str:
    """The single faults of an input, each with its place in the repository."""
    places = [str(placed(finding.location) or "") for finding in findings]
    rows = [
        [place, f"{finding.what} [{finding.rule}]" if finding.rule else finding.what, finding.fix]
        for place, finding in zip(places, findings, strict=True)
    ]
    if not any(places):
        return render_table(["what", "fix"], [row[1:] for row in rows])
    return render_table(["where", "what", "fix"], rows)


def escape(text: str) -> str:
    """Text that Markdown, HTML and GitHub's own additions show as it is, on one line.

    A backslash keeps Markdown away, a space without a width what GitHub looks for afterwards: the name of somebody who
    would be notified, an issue, an emoji, an address that would become a link.
    """
    return re.sub(r"^([-+=]|\d{1,9}(?=[.)](?: |\Z)))", _unlisted, _escaped(_flat(text)))


def prose(text: str) -> str:
    """A sentence of ours about what may be anybody's: what stands between backticks is set as code."""
    parts = re.split(r"`([^`]+)`", _flat(text))
    first, *rest = (code(part) if number % 2 else _escaped(part) for number, part in enumerate(parts))
    return re.sub(r"^([-+=]|\d{1,9}(?=[.)](?: |\Z)))", _unlisted, first) + "".join(rest)


def _flat(text: str) -> str:
    return clean(text).replace("\n", " ").replace("\t", " ").strip()


def _escaped(flat: str) -> str:
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        flat = flat.replace(sign, entity)
    plain = _GITHUB_S.sub(_NO_WIDTH, re.sub(r"([\\`*_\[\]|!~#])", r"\\\1", flat))
    # https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting
    return plain.replace("$", "<span>$</span>")


def code(text: str) -> str:
    """Text in the type of code, as it is: nothing in it means anything to Markdown or GitHub; fit for a table."""
    flat = _flat(text)
    if re.fullmatch(r"[A-Za-z0-9 ._/@:,+=()-]+", flat):
        return f"`{flat}`"
    return f"<code>{re.sub('[!-/:-@[-`{-~]', lambda one: f'&#{ord(one[0])};', flat)}</code>" if flat else ""


def link(url: str) -> str:
    """A link to an address that is one and nothing else; any other text as it is."""
    return f"<{url}>" if _ADDRESS.fullmatch(url) else code(url)


def shorten(text: str, widest: int) -> str:
    """A text of at most so many characters, and a sign where there was more."""
    return text if len(text) <= widest else f"{text[: widest - 1]}…"


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
        data = files.encoded(markdown.rstrip("\n") + "\n\n")
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


def _unlisted(begin: re.Match[str]) -> str:
    """What would begin a list, or a heading, so that it does not."""
    return f"\\{begin[0]}" if not begin[0].isdigit() else f"{begin[0]}{_NO_WIDTH}"
