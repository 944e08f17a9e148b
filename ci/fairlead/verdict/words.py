"""What every form says in the same words: the counts, the layers, what it comes to. Pure."""

from __future__ import annotations

from collections import Counter

from fairlead.host.wire.visible import visible_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairlead.findings import Finding
    from fairlead.judge.verdict import Layer, Verdict

_MANY = 10
"""Findings: from here on the last lines say how often each rule was found."""
_MOST_RULES = 8
_OF_RANK = {
    1: ("does not run", "do not run"),
    2: ("gives away host or data", "give away host or data"),
    3: ("will fail you at night", "will fail you at night"),
}


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


def headline(verdict: Verdict) -> str:
    """What the findings come to, the gravest first: ``1 gives away host or data, 2 services could be hardened``."""
    from fairlead.judge.policy.rule import rank_of
    from fairlead.verdict.folded import is_folded, service_of

    ranks = Counter(rank_of(one) for one in verdict.findings)
    told = [f"{ranks[rank]} {words[ranks[rank] > 1]}" for rank, words in _OF_RANK.items() if ranks[rank]]
    light = [one for one in verdict.findings if is_folded(one)]
    services = len({service_of(one) for one in light} - {""})
    if services:
        told.append(f"{counted(services, 'service')} could be hardened")
    elif light:
        told.append("the file could be tidied")
    others = ranks[4] - len(light)
    return ", ".join([*told, *([f"{others} of hardening fail"] if others else [])])


def ways_on(verdict: Verdict) -> list[str]:
    """Where to go from here, of any verdict with findings; of many, first how often each rule, and what must be mended."""
    if not verdict.findings:
        return []
    found = verdict.in_order
    failing = [one for one in found if one.severity == "error"]
    lines = [_by_rule(found)] if len(found) >= _MANY else []
    rule = next((one.rule for one in found if one.rule), "RULE")
    mended = sum(one.repair is not None for one in found)
    fix = f"; `--fix` mends {mended} of {len(found)}" if mended else ""
    lines.append(f"next: `fairlead explain {rule}` tells why{fix}")
    held = [one for one in verdict.unsilenced if one.severity == "error"]
    if len(held) < len(failing):
        known = "`--write-baseline` accepts what is there today: then only new findings fail"
        is_dev = all(one.scope.is_development(one.model.value) for one in verdict.judged)
        lines.append(f"      {known}{'' if is_dev else '; `--profile dev`, if no server runs it'}")
    if held and len(failing) >= _MANY:
        lines.append(f"no baseline takes {len(held)} of them, without which nothing is released:")
        lines += [
            f"  {visible_line(f'{one.location}: ') if one.location else ''}{title_of(one)}" for one in held
        ]
    return lines


def _by_rule(found: Sequence[Finding]) -> str:
    """How often each rule, by rank: ``by rule: engine-socket 1; no-limits 4, unbounded-logs 2 and 3 more rules``."""
    from fairlead.judge.policy.rule import rank_of

    ranks: dict[str, int] = {}
    for one in found:
        ranks.setdefault(one.rule or "other", rank_of(one))
    counts = Counter(one.rule or "other" for one in found)
    rules = sorted(counts, key=lambda rule: (ranks[rule], -counts[rule]))
    text = ""
    for before, rule in zip(["", *rules], rules[:_MOST_RULES], strict=False):
        mark = "" if not before else "; " if ranks[before] != ranks[rule] else ", "
        text += f"{mark}{rule} {counts[rule]}"
    rest = f" and {counted(len(rules) - _MOST_RULES, 'more rule')}" if len(rules) > _MOST_RULES else ""
    return f"by rule: {text}{rest}"


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
