"""What each rule is for: title, reason, a bad and a good example, sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fairlead.findings import Severity


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule as a reader is told of it."""

    name: str
    severity: Severity
    title: str


RULES: Mapping[str, Rule] = {}
