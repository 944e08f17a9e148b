"""What every form says in the same words: the counts, the layers, what it comes to. Pure."""

from __future__ import annotations

from collections import Counter

from fairlead.host.wire.visible import visible_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.findings import Finding
    from fairlead.judge.verdict import Layer, Verdict

_MANY = 10
"""Findings that fail: from here on the last lines say where to begin."""
_MOST_RULES = 8


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


def ways_on(verdict: Verdict) -> list[str]:
    """Where to begin with more findings than anybody reads: how often each rule, the way on, and what must be mended.

    None for a verdict that passes, or that a screen holds.
    """
    failing = [one for one in verdict.findings if one.severity == "error"]
    if verdict.passed or len(failing) < _MANY:
        return []
    rules = Counter(one.rule for one in failing).most_common()
    most = ", ".join(f"{rule} {number}" for rule, number in rules[:_MOST_RULES])
    rest = f" and {counted(len(rules) - _MOST_RULES, 'more rule')}" if len(rules) > _MOST_RULES else ""
    mended = sum(one.repair is not None for one in verdict.findings)
    first = f"`--fix` mends {mended}; then " if mended else ""
    accepted = f"{first}`fairlead validate --write-baseline` accepts what is there today"
    lines = [
        f"by rule: {most}{rest}",
        f"an app that has grown without these rules: {accepted}, and from then on only new findings fail",
    ]
    held = [one for one in verdict.unsilenced if one.severity == "error"]
    if held:
        lines.append(f"no baseline takes {len(held)} of them, without which nothing is released:")
        lines += [
            f"  {visible_line(f'{one.location}: ') if one.location else ''}{title_of(one)}" for one in held
        ]
    return lines


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
