"""What every form says in the same words: the counts, the layers, what it comes to. Pure."""

from __future__ import annotations

from fairlead.host.visible import visible_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.compose.verdict import Layer, Verdict
    from fairlead.findings import Finding


def counted(number: int, noun: str) -> str:
    """``1 error``, ``2 errors``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def counts_of(verdict: Verdict) -> str:
    """``2 errors, 1 warning; 3 waived, 4 in the baseline``, or an empty text."""
    told = [
        counted(verdict.count(severity), severity)
        for severity in ("error", "warning", "note")
        if verdict.count(severity)
    ]
    known = [f"{len(verdict.waived)} waived"] if verdict.waived else []
    known += [f"{len(verdict.baselined)} in the baseline"] if verdict.baselined else []
    return "; ".join(part for part in (", ".join(told), ", ".join(known)) if part)


def sentence_of(verdict: Verdict) -> str:
    """What it comes to, in one line."""
    names = [visible_line(name) for name in verdict.files]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    counts = counts_of(verdict)
    if verdict.passed:
        services = {name for one in verdict.judged for name in one.services}
        return f"{shown} {'holds' if len(names) == 1 else 'hold'}: {counted(len(services), 'service')}" + (
            f" ({counts})" if counts else ""
        )
    return f"{shown}: {counts}"


def layers_line(layers: tuple[Layer, ...]) -> str:
    """Which layers looked, and why the others did not."""
    ran = ", ".join(
        f"{layer.name} ({layer.note})" if layer.note else layer.name for layer in layers if layer.ran
    )
    others = [f"{layer.name} did not run: {layer.why_not}" for layer in layers if not layer.ran]
    return "; ".join([f"checked: {ran or 'nothing'}", *others])


def unseen_line(verdict: Verdict) -> str:
    """What to say of a verdict that is not complete; empty for one that is."""
    return "" if verdict.is_complete else "the verdict is not complete: a part of the files could not be seen"


def title_of(finding: Finding) -> str:
    """What is wrong, in one line, and in brackets by which rule."""
    what = visible_line(finding.what)
    return f"{what} [{finding.rule}]" if finding.rule else what
