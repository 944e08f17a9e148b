"""What of a verdict a new baseline takes, and what has to be mended before anything is deployed.

A file that has grown without these rules breaks many of them, and runs. That is accepted, and told by rank. What would
not run, what a rolled service needs to be rolled, and what gives away the host is told as what to do first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fairlead.findings import Finding
from fairlead.judge.policy.rule import RANKS, rank_of
from fairlead.judge.verdict import Verdict

_DOES_NOT_RUN = 1
_GIVES_AWAY_HOST = (
    "privileged dangerous-capability confinement-off host-namespace engine-socket host-device sensitive-host-path"
    " host-driver foreign-resource"
)
GIVES_AWAY_HOST = frozenset(_GIVES_AWAY_HOST.split())
"""Of rank 2 what leads out of the containers: to root on the host, or to other apps."""


@dataclass(frozen=True)
class Accepted:
    """The findings that a baseline takes (``known``), and those that none takes (``first``), the worst first."""

    known: tuple[Finding, ...]
    first: tuple[Finding, ...]


def plan_accepted(verdict: Verdict) -> Accepted:
    """Part the findings."""
    held = set(verdict.unsilenced) | {finding for finding in verdict.findings if _is_grave(finding)}
    first = sorted((one for one in verdict.findings if one in held), key=rank_of)
    return Accepted(tuple(one for one in verdict.findings if one not in held), tuple(first))


def describe_known(known: Sequence[Finding]) -> Iterator[str]:
    """How many of which rank, and of which rules, a line each."""
    for rank, meaning in RANKS.items():
        rules = Counter(finding.rule for finding in known if rank_of(finding) == rank)
        if rules:
            told = ", ".join(f"{rule} {count}" for rule, count in rules.most_common())
            yield f"rank {rank}, {meaning}: {told}"


def describe_first(first: Sequence[Finding]) -> Iterator[str]:
    """What is to be mended, with where and how."""
    for finding in first:
        yield f"{finding.location}: {finding.what} [{finding.rule}]" if finding.location else finding.what
        if finding.fix:
            yield f"  -> {finding.fix}"


def _is_grave(finding: Finding) -> bool:
    return finding.severity == "error" and (
        rank_of(finding) == _DOES_NOT_RUN or finding.rule in GIVES_AWAY_HOST
    )
