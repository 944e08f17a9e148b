"""The verdict as SARIF 2.1.0, for code scanning. Pure.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from fairlead import __version__
from fairlead.checkout import repository_root
from fairlead.findings import Finding, Location
from fairlead.github.place import repository_path
from fairlead.judge.baseline import dotted, fingerprint
from fairlead.judge.policy.rule import RANKS, rank_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairlead.judge.policy.pages import Rule
    from fairlead.judge.verdict import Verdict

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "%SRCROOT%"
_SCORES = {1: "9.5", 2: "8.5", 3: "5.5", 4: "2.5"}
"""By rank what code scanning sorts by and calls critical, high, medium and low."""
_OF_SECURITY = (2, 4)


def sarif_document(verdict: Verdict) -> dict[str, Any]:
    """One run with every finding; waived and known ones are there as well, suppressed."""
    from fairlead.judge.policy.grades import GRADES
    from fairlead.judge.policy.pages import read_rule

    results = _Results(verdict)
    told = [
        *(results.one(finding) for finding in verdict.in_order),
        *(results.waived(waived.finding, waived.reason, waived.until) for waived in verdict.waived),
        *(results.known(finding) for finding in verdict.baselined),
    ]
    driver = {
        "name": "Fairlead",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [
            _rule(name, read_rule(name) if name in GRADES else None, results.ranks[name])
            for name in results.rules
        ],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(verdict)],
        "results": told,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


class _Results:
    """Makes results, and counts the rules that they name."""

    def __init__(self, verdict: Verdict) -> None:
        self.rules: dict[str, int] = {}
        self.ranks: dict[str, int] = {}
        """By rule, how grave the gravest of its results is."""
        self._root = repository_root(Path.cwd()) or Path.cwd()
        self._fixes = _fixes(verdict)

    def one(self, finding: Finding) -> dict[str, Any]:
        name, rank = finding.rule or "finding", rank_of(finding)
        self.ranks[name] = min(rank, self.ranks.get(name, rank))
        mark = fingerprint(finding, self._root)
        result: dict[str, Any] = {
            "ruleId": name,
            "ruleIndex": self.rules.setdefault(name, len(self.rules)),
            "level": finding.severity,
            # Of 100, what is to be looked at first.
            "rank": float(125 - 25 * rank),
            "message": {"text": f"{finding.what}. {finding.fix}".strip() if finding.fix else finding.what},
            "partialFingerprints": {"fairlead/v2": mark},
        }
        if finding.location is not None:
            result["locations"] = [_location(finding.location, finding)]
        if finding in self._fixes:
            result["fixes"] = [self._fixes[finding]]
        return result

    def waived(self, finding: Finding, reason: str, until: str) -> dict[str, Any]:
        why = f"{reason} (until {until})" if until else reason
        suppression = {"kind": "inSource", "status": "accepted", "justification": why}
        return {**self.one(finding), "suppressions": [suppression]}

    def known(self, finding: Finding) -> dict[str, Any]:
        suppression = {"kind": "external", "status": "accepted", "justification": "it is in the baseline"}
        return {**self.one(finding), "baselineState": "unchanged", "suppressions": [suppression]}


def _location(place: Location, finding: Finding) -> dict[str, Any]:
    line = max(place.line, 1)
    region: dict[str, int] = {"startLine": line, "endLine": line}
    if place.column:
        region["startColumn"] = place.column
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": _artifact(place.path), "region": region}
    }
    if finding.path:
        location["logicalLocations"] = [{"fullyQualifiedName": dotted(finding.path)}]
    return location


def _artifact(shown: str) -> dict[str, str]:
    from urllib.parse import quote

    path = repository_path(shown)
    if path.startswith("/"):
        return {"uri": f"file://{quote(path)}"}
    return {"uri": quote(path), "uriBaseId": _ROOT}


def _rule(name: str, rule: Rule | None, rank: int) -> dict[str, Any]:
    tags = ["docker-compose", RANKS[rank].replace(" ", "-"), *(["security"] if rank in _OF_SECURITY else [])]
    properties = {"tags": tags, "precision": "high", "security-severity": _SCORES[rank]}
    if rule is None:
        return {"id": name, "properties": properties}
    sources = "\n".join(f"- {source}" for source in rule.sources)
    help_text = f"{rule.why}\n\nBad:\n\n{rule.bad}\n\nGood:\n\n{rule.good}\n"
    markdown = f"{rule.why}\n\n**Bad**\n\n```yaml\n{rule.bad}\n```\n\n**Good**\n\n```yaml\n{rule.good}\n```\n"
    return {
        "id": name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why or rule.title},
        "help": {"text": f"{help_text}\n{sources}".strip(), "markdown": f"{markdown}\n{sources}".strip()},
        "defaultConfiguration": {"level": rule.severity},
        "properties": properties,
    }


def _fixes(verdict: Verdict) -> Mapping[Finding, dict[str, Any]]:
    """What ``--fix`` would do about each finding, where it would."""
    if all(finding.repair is None for finding in verdict.findings):
        return {}
    from fairlead.judge.fix import plan_fixes

    plan = plan_fixes(verdict.findings)
    return {
        planned.finding: {
            "description": {"text": planned.finding.fix or planned.finding.what},
            "artifactChanges": [
                {
                    "artifactLocation": _artifact(planned.file),
                    "replacements": [
                        {
                            "deletedRegion": {
                                "startLine": planned.start[0],
                                "startColumn": planned.start[1],
                                "endLine": planned.end[0],
                                "endColumn": planned.end[1],
                            },
                            "insertedContent": {"text": planned.text},
                        }
                    ],
                }
            ],
        }
        for planned in plan.planned
    }


def _invocation(verdict: Verdict) -> dict[str, Any]:
    return {
        "executionSuccessful": verdict.is_complete,
        "exitCode": verdict.exit_code,
        "toolExecutionNotifications": list(_notifications(verdict)),
    }


def _notifications(verdict: Verdict) -> Iterator[dict[str, Any]]:
    """What is no result: layers that did not look, and what the baseline knows and nobody finds any more."""
    idle = (layer for layer in verdict.layers if not layer.ran)
    told = (f"the layer {layer.name} did not run: {layer.why_not}" for layer in idle)
    for text in (*told, *verdict.stale):
        yield {"level": "note", "message": {"text": text}}
