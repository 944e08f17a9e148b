"""The verdict on compose files: what was asked, what was found, and what it comes to. ``run.py`` makes one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from fairlead.findings import SEVERITIES, Finding, Location
from fairlead.quick.records import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairlead.app.layout import Layout
    from fairlead.app.model import Service
    from fairlead.composefile.loader import Model
    from fairlead.judge.baseline import Baseline
    from fairlead.judge.policy import Policy, Waived
    from fairlead.judge.scopes import Scope
    from fairlead.settings.values import Settings

UNSEEN = "unseen"
"""The rule of what could not be looked at."""
UNREAD = frozenset({UNSEEN, "yaml", "duplicate-key"})
"""Rules without which the others mean nothing."""
ALWAYS = UNREAD | {"reserved-name", "foreign-source"}
"""Rules that no baseline silences: what belongs to somebody else does so whoever knew of it."""
READING = UNREAD | {"interpolation", "include", "extends", "env-file"}
"""Rules of the first layer: no choice of rules silences them."""


@dataclass(frozen=True)
class Layer:
    """One way of looking at the files.

    Attributes:
        name: read, schema, model, policy, release, compose.
        ran: whether it looked at all of them.
        why_not: if it did not, in words.
        seconds: how long it took, over all combinations.
        note: what else is worth knowing: which docker-compose it was.
    """

    name: str
    ran: bool
    why_not: str = ""
    seconds: float = 0.0
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to judge, and by which measure.

    Attributes:
        scopes: the combinations of files; at least one.
        policy: severities and allowed lists.
        settings: fairlead.yaml, where there is one.
        compose_version: the oldest Compose that will run the files; empty for the oldest supported.
        ask: whether the docker-compose of this machine is asked.
        baseline: findings that were there before.
        rules: show only these; empty for all.
        strict: warnings fail as well.
        texts: by absolute path, what counts instead of what is on the disk: the texts that an editor has not saved yet.
    """

    scopes: tuple[Scope, ...]
    policy: Policy
    settings: Settings | None = None
    compose_version: str = ""
    ask: bool = True
    baseline: Baseline | None = None
    rules: frozenset[str] = frozenset()
    strict: bool = False
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One combination of files as it was seen.

    ``unreleasable`` are the findings without whose mending nothing is deployed. ``layout`` is what was made of the
    files to see that; None where they are not deployed, or do not hold.
    """

    scope: Scope
    model: Model = field(repr=False)
    services: Mapping[str, Service] = field(repr=False)
    findings: tuple[Finding, ...]
    waived: tuple[Waived, ...] = ()
    layers: tuple[Layer, ...] = ()
    unreleasable: tuple[Finding, ...] = ()
    layout: Layout | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What all layers say about all combinations.

    Attributes:
        findings: what counts, by rank, then in the order of the files.
        waived: what a waiver in the file takes out.
        baselined: what the baseline knows already.
        stale: what the baseline knows and nobody finds any more, in words.
        layers: each layer once, over all combinations.
        judged: the combinations, with their models.
        strict: warnings fail as well.
        chosen: only some rules were asked for.
    """

    findings: tuple[Finding, ...]
    waived: tuple[Waived, ...]
    baselined: tuple[Finding, ...]
    stale: tuple[str, ...]
    layers: tuple[Layer, ...]
    judged: tuple[Judged, ...]
    strict: bool = False
    chosen: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether every part of the files could be looked at."""
        return all(finding.rule != UNSEEN for finding in self.findings)

    @property
    def exit_code(self) -> int:
        """0: it passes; 11: a finding fails it; 12: nothing fails it, but a part could not be seen."""
        failing = ("error", "warning") if self.strict else ("error",)
        if any(finding.severity in failing and finding.rule != UNSEEN for finding in self.findings):
            return 11
        return 0 if self.is_complete else 12

    @property
    def passed(self) -> bool:
        return self.exit_code == 0

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that took part, as the user knows it, once."""
        return tuple(
            dict.fromkeys(document.path for judged in self.judged for document in judged.model.documents)
        )

    @property
    def unsilenced(self) -> tuple[Finding, ...]:
        """The findings that no baseline takes: what is somebody else's, and what cannot be released."""
        held = {place_of(finding) for judged in self.judged for finding in judged.unreleasable}
        return tuple(
            finding
            for finding in self.in_order
            if finding.rule in ALWAYS or (held and place_of(finding) in held)
        )

    @cached_property
    def in_order(self) -> tuple[Finding, ...]:
        """The findings as they are told: what matters most first, then as the files go."""
        return tuple(sorted(self.findings, key=order_of))

    @property
    def models(self) -> tuple[Model, ...]:
        return tuple(judged.model for judged in self.judged)

    def count(self, severity: str) -> int:
        """How many findings of a severity count."""
        return sum(finding.severity == severity for finding in self.findings)


def place_of(finding: Finding) -> tuple[str, Location | None, str]:
    """What tells a finding from others, whichever layer found it."""
    return finding.rule, finding.location, finding.what


def order_of(finding: Finding) -> tuple[Any, ...]:
    """By which findings are told: what matters most first, then as the files go."""
    from fairlead.judge.policy.rule import rank_of

    location = finding.location
    place = (location.path, location.line, location.column) if location is not None else ("", 0, 0)
    return (rank_of(finding), *place, SEVERITIES.index(finding.severity), finding.rule, finding.what)


def counts_document(verdict: Verdict) -> dict[str, int]:
    """How many findings of each kind there are."""
    return {
        "error": verdict.count("error"),
        "warning": verdict.count("warning"),
        "note": verdict.count("note"),
        "waived": len(verdict.waived),
        "baselined": len(verdict.baselined),
    }
