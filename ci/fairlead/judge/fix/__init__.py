"""``--fix``: repairs of findings as small changes of the files' text, each checked before it counts. Pure.

Several repairs of a file are planned on one reading of it; those that need what another one makes wait for the
next round. After each round the text must say what the one before said, and the repairs, and nothing else.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path

from fairlead.judge.fix.edits import RefusedError, Splice, plan_splice
from fairlead.judge.fix.pieces import Pieces
from fairlead.judge.fix.spans import read_spans
from fairlead.quick.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairlead.findings import Finding, Repair

_ROUNDS = 8


@dataclass(frozen=True)
class Planned:
    """A repair as a change of one place: line and column count from 1, the end is behind the last character."""

    finding: Finding
    file: str
    start: tuple[int, int]
    end: tuple[int, int]
    text: str


@dataclass(frozen=True)
class Refused:
    """A repair that is left to a person, and why."""

    finding: Finding
    why: str


@dataclass(frozen=True)
class FixPlan:
    """What a first round would change."""

    planned: tuple[Planned, ...]
    refused: tuple[Refused, ...]


@dataclass(frozen=True)
class FixedText:
    """A text after all rounds, which findings it mends, and which it does not.

    ``changes`` are what makes it of the text before: in order, apart from each other, in that one's offsets.
    """

    text: str
    mended: tuple[Finding, ...]
    refused: tuple[Refused, ...]
    changes: tuple[Splice, ...] = ()


def by_file(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    """The findings with a repair, by the file that it changes."""
    files: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.repair is not None and finding.location is not None:
            files.setdefault(finding.location.path, []).append(finding)
    return files


def read_text(file: str) -> tuple[str, str]:
    """A file's text with its line ends, and the mark before it (empty, or a byte order mark).

    Raises:
        OSError: it can't be read.
        UnicodeDecodeError: it is not UTF-8.
    """
    text = Path(file).read_bytes().decode("utf-8")
    return (text[1:], text[0]) if text.startswith("\ufeff") else (text, "")


def plan_fixes(findings: Sequence[Finding]) -> FixPlan:
    """The first round for all files, as they are on disk."""
    planned: list[Planned] = []
    refused: list[Refused] = []
    for file, of_file in by_file(findings).items():
        try:
            text, _ = read_text(file)
        except (OSError, UnicodeDecodeError) as error:
            refused += [Refused(finding, str(error)) for finding in of_file]
            continue
        splices, told, _ = _plan_round(text, of_file)
        refused += told
        for finding, splice in splices:
            start, end = _place(text, splice.start), _place(text, splice.end)
            planned.append(Planned(finding, file, start, end, splice.text))
    return FixPlan(tuple(planned), tuple(refused))


def fix_text(text: str, findings: Sequence[Finding]) -> FixedText:
    """The text with all repairs that are safe."""
    waiting = list(findings)
    mended: list[Finding] = []
    refused: list[Refused] = []
    pieces = Pieces(text)
    for _ in range(_ROUNDS):
        splices, told, waiting = _plan_round(pieces.text, waiting)
        refused += told
        if not splices:
            break
        kept, told = _apply(pieces, splices)
        mended += kept
        refused += told
    refused += [Refused(finding, "it clashes with another repair") for finding in waiting]
    return FixedText(pieces.text, tuple(mended), tuple(refused), tuple(pieces.changes()))


def _plan_round(
    text: str, findings: Sequence[Finding]
) -> tuple[list[tuple[Finding, Splice]], list[Refused], list[Finding]]:
    """The splices of a round, what is refused, and what has to wait for the next one."""
    try:
        root = read_spans(text)
    except ValueError as error:
        return [], [Refused(finding, str(error)) for finding in findings], []
    if root is None or root.kind != "map":
        return [], [Refused(finding, "the file is no mapping") for finding in findings], []
    splices: list[tuple[Finding, Splice]] = []
    refused: list[Refused] = []
    waiting: list[Finding] = []
    taken: set[tuple[int, str]] = set()
    covered: list[tuple[int, int]] = []
    repairs: set[Repair] = set()
    for finding in findings:
        assert finding.repair is not None
        if finding.repair in repairs:
            continue
        repairs.add(finding.repair)
        try:
            splice = plan_splice(text, root, finding.repair)
        except RefusedError as error:
            refused.append(Refused(finding, str(error)))
            continue
        if splice.creates in taken or any(
            splice.start < end and start < splice.end for start, end in covered
        ):
            waiting.append(finding)
            continue
        if splice.creates[1]:
            taken.add(splice.creates)
        if splice.start < splice.end:
            covered.append((splice.start, splice.end))
        splices.append((finding, splice))
    return splices, refused, waiting


def _apply(pieces: Pieces, splices: Sequence[tuple[Finding, Splice]]) -> tuple[list[Finding], list[Refused]]:
    """Apply a round; where the result says something else than it should, each half is tried, down to one."""
    text = pieces.text
    findings = [finding for finding, _ in splices]
    done = pieces.spliced([splice for _, splice in splices])
    if _says(done.text) == _expected(text, findings):
        pieces.take(done)
        return findings, []
    if len(splices) == 1:
        return [], [Refused(findings[0], "the change would alter more than it")]
    mended: list[Finding] = []
    refused: list[Refused] = []
    for half in (findings[: len(findings) // 2], findings[len(findings) // 2 :]):
        again, told, _ = _plan_round(pieces.text, half)
        refused += told
        if again:
            kept, told = _apply(pieces, again)
            mended += kept
            refused += told
    return mended, refused


def _says(text: str) -> Any:
    from fairlead.positions import parse_yaml

    document = parse_yaml(text)
    return document.value if not document.faults else None


def _expected(text: str, findings: Sequence[Finding]) -> Any:
    """What the text says, with the repairs made in its values."""
    from fairlead.positions import parse_yaml

    value: Any = copy.deepcopy(parse_yaml(text).value)
    for finding in findings:
        repair = finding.repair
        assert repair is not None
        *parents, last = repair.path
        node = value
        for step, below in zip(parents, repair.path[1:], strict=True):
            node = _entered(node, step, below)
        if repair.text is None:
            del node[last]
        else:
            _put(node, last, parse_yaml(repair.text).value)
    return value


def _entered(node: Any, step: str | int, below: str | int) -> Any:
    if isinstance(node, dict) and node.get(str(step)) is None:
        node[str(step)] = [] if isinstance(below, int) else {}
    return node[step]


def _put(node: Any, step: str | int, value: Any) -> None:
    if isinstance(node, list) and step == len(node):
        node.append(value)
    else:
        node[step] = value


def _place(text: str, offset: int) -> tuple[int, int]:
    line = text.count("\n", 0, offset) + 1
    return line, offset - (text.rfind("\n", 0, offset) + 1) + 1


def render_diff(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """A unified diff of all files that changed."""
    import difflib

    lines: list[str] = []
    for file, old in before.items():
        new = after[file]
        if new != old:
            made = difflib.unified_diff(
                old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{file}", f"b/{file}"
            )
            for line in made:
                ended = line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
                lines.append(ended)
    return "".join(lines)
