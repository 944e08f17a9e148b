"""Findings as diagnostics, and what an editor shows where the pointer is. Pure, but for the pages of the rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from lsprotocol.types import CodeDescription, Diagnostic, DiagnosticSeverity

from fairlead.findings import Finding
from fairlead.host.wire.visible import visible
from fairlead.judge.policy.grades import GRADES
from fairlead.judge.policy.pages import FOLDER, Rule, read_rule
from fairlead.judge.policy.rule import RANKS, rank_of
from fairlead.judge.verdict import order_of
from fairlead.lsp.places import Text
from fairlead.verdict.folded import is_folded

_SEVERITIES = {
    "error": DiagnosticSeverity.Error,
    "warning": DiagnosticSeverity.Warning,
    "note": DiagnosticSeverity.Information,
}


def diagnostics(findings: Iterable[Finding], text: Text) -> list[Diagnostic]:
    """The findings of a file, what matters most first, each at its place in the words of the command."""
    return [diagnostic(finding, text) for finding in sorted(findings, key=order_of)]


def diagnostic(finding: Finding, text: Text) -> Diagnostic:
    """One finding; hardening that fails nothing, of which the command makes a line a service, is a hint."""
    start, end = span_of(finding, text)
    href = page_of(finding.rule)
    return Diagnostic(
        range=text.range_of(start, end),
        message=visible(f"{finding.what}\n{finding.fix}" if finding.fix else finding.what),
        severity=DiagnosticSeverity.Hint if is_folded(finding) else _SEVERITIES[finding.severity],
        code=finding.rule or None,
        code_description=CodeDescription(href) if href else None,
        source="fairlead",
        data={"rank": rank_of(finding), "fixable": finding.repair is not None},
    )


def span_of(finding: Finding, text: Text) -> tuple[int, int]:
    """What of the text a finding is about; without a place, the first line."""
    place = finding.location
    return text.token_at(place.line, place.column) if place is not None else text.token_at(1, 0)


def page_of(rule: str) -> str:
    """The address of a rule's page, in the package; empty for what has none."""
    return (FOLDER / f"{rule}.md").as_uri() if rule in GRADES else ""


def rule_text(rule: str) -> str:
    """What ``fairlead explain`` tells of a rule, in Markdown; empty for what has no page."""
    return "\n\n".join(_told(_page(rule))) if rule in GRADES else ""


@cache
def _page(rule: str) -> Rule:
    return read_rule(rule)


def _told(rule: Rule) -> Iterator[str]:
    grade = f"rank {rule.rank}, {RANKS[rule.rank]}" + ("; `--fix` mends it" if rule.fixable else "")
    yield f"**{rule.name}**: {rule.title} ({grade})"
    yield rule.why.strip()
    if rule.good:
        yield f"But so:\n\n```yaml\n{rule.good.strip()}\n```"
    yield f"[The page of the rule]({page_of(rule.name)})"
