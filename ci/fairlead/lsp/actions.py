"""Quick fixes: what ``fairlead validate --fix`` would write, one finding or a whole file at a time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lsprotocol.types import CodeAction, CodeActionKind, Range, TextEdit, WorkspaceEdit

from fairlead.findings import Finding
from fairlead.judge.fix import fix_text
from fairlead.lsp.places import Text
from fairlead.lsp.telling import diagnostic, span_of

FIX_ALL = "source.fixAll.fairlead"
KINDS: tuple[CodeActionKind | str, ...] = (CodeActionKind.QuickFix, FIX_ALL)


def code_actions(
    text: Text, uri: str, findings: Iterable[Finding], asked: Range, only: Sequence[str] | None
) -> list[CodeAction]:
    """What can be done about the findings on some lines of a file, and about all of them.

    Args:
        text: of the file, as it is in the editor.
        uri: of the file, as the editor writes it.
        findings: those of the file.
        asked: the lines.
        only: the kinds that are asked for; None for every one, but for that of the whole file, which is made when it is
            asked for.
    """
    mendable = [finding for finding in findings if finding.repair is not None]
    actions = []
    if _is_wanted(CodeActionKind.QuickFix, only):
        here = [one for one in mendable if _touches(text.range_of(*span_of(one, text)), asked)]
        actions = [action for one in here if (action := _action(text, uri, [one], _title(one)))]
    # Nobody waits for a whole file while he looks at one line.
    if only is not None and _is_wanted(FIX_ALL, only):
        every = _action(text, uri, mendable, "Mend all that `fairlead validate --fix` mends in this file")
        if every is not None:
            every.kind = FIX_ALL
            actions.append(every)
    return actions


def _is_wanted(kind: str, only: Sequence[str] | None) -> bool:
    return only is None or any(kind == one or kind.startswith(f"{one}.") for one in only)


def _touches(one: Range, other: Range) -> bool:
    return one.start.line <= other.end.line and other.start.line <= one.end.line


def _title(finding: Finding) -> str:
    return f"{(finding.fix or finding.what).splitlines()[0]} [{finding.rule}]"


def _action(text: Text, uri: str, findings: Sequence[Finding], title: str) -> CodeAction | None:
    """The action that mends these; None where nothing of them is mended safely."""
    fixed = fix_text(text.text, findings)
    if not fixed.mended:
        return None
    return CodeAction(
        title=title,
        kind=CodeActionKind.QuickFix,
        diagnostics=[diagnostic(finding, text) for finding in fixed.mended],
        edit=WorkspaceEdit(
            changes={uri: [TextEdit(text.range_of(one.start, one.end), one.text) for one in fixed.changes]}
        ),
    )
