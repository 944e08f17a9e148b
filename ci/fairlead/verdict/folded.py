"""What a reader is told of a verdict: by rank, and hardening as one finding a service. Pure.

Folded is only what fails nothing and gives nothing away; ``--strict`` and ``--rule`` unfold, and the forms that
programs read (JSON, SARIF, JUnit) have every finding of its own.
"""

from __future__ import annotations

from fairlead.findings import SEVERITIES, Finding
from fairlead.judge.policy.rule import HARDENING, is_fixed, rank_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairlead.judge.verdict import Verdict

_MOST_SETTINGS = 6


def folded(verdict: Verdict) -> list[Finding]:
    """The findings as they are told, each service's hardening as one."""
    found = verdict.in_order
    if verdict.strict or verdict.chosen:
        return list(found)
    groups: dict[object, list[Finding]] = {}
    for number, finding in enumerate(found):
        groups.setdefault(_group(finding) if is_folded(finding) else number, []).append(finding)
    return [_one(group) for group in groups.values()]


def is_folded(finding: Finding) -> bool:
    """Whether a finding is hardening that fails nothing."""
    return rank_of(finding) == HARDENING and finding.severity != "error" and not is_fixed(finding.rule)


def service_of(finding: Finding) -> str:
    """The service that a finding is about; empty for one of the file."""
    return str(finding.path[1]) if finding.path[:1] == ("services",) and len(finding.path) > 1 else ""


def _group(finding: Finding) -> tuple[str, str]:
    return (finding.location.path if finding.location is not None else ""), service_of(finding)


def _one(group: Sequence[Finding]) -> Finding:
    """What stands for a group; a single finding for itself."""
    first = group[0]
    if len(group) == 1:
        return first
    names = list(dict.fromkeys(setting_of(finding) for finding in group))
    shown = ", ".join(names[:_MOST_SETTINGS]) + (", …" if len(names) > _MOST_SETTINGS else "")
    what = f"{service_of(first) or 'the file'} could be hardened: {len(group)} settings ({shown})"
    mended = sum(finding.repair is not None for finding in group)
    fix = f"`--fix` writes {mended} of them; " if mended else ""
    fix += f"`--strict` shows each, `fairlead explain {first.rule}` tells why"
    severity = min((finding.severity for finding in group), key=SEVERITIES.index)
    return Finding(what, first.location, fix, "", severity, first.path[:2], rank=HARDENING)


def setting_of(finding: Finding) -> str:
    """The key that is to be written, where the fix begins with one; else the rule."""
    words = finding.fix.removeprefix("write ").split(maxsplit=1)
    key = words[0].removesuffix(":") if words and words[0].endswith(":") else ""
    return key if finding.fix.startswith("write ") and key.replace("_", "").isalpha() else finding.rule
