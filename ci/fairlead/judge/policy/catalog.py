"""What each rule is for: title, reason, a bad and a good example, sources.

``fairlead explain``, the pages in docs/rules and SARIF are made from this. A file without a fault needs none of it,
so nothing here is loaded until it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from fairlead.findings import Severity
from fairlead.judge.policy.table import GRADES, is_fixable, severity_of
from fairlead.judge.policy.texts import (
    Text,
    data,
    file,
    foreign,
    health,
    host,
    images,
    lifecycle,
    network,
    privilege,
    reading,
    resources,
)

GROUPS: Mapping[str, tuple[Text, ...]] = {
    "Images": images.TEXTS,
    "Privilege": privilege.TEXTS,
    "The host": host.TEXTS,
    "What belongs to others": foreign.TEXTS,
    "Network": network.TEXTS,
    "Health": health.TEXTS,
    "Life cycle and jobs": lifecycle.TEXTS,
    "Resources and logs": resources.TEXTS,
    "Data and secrets": data.TEXTS,
    "The file itself": file.TEXTS,
    "Reading the files": reading.TEXTS,
}
"""The texts by what they are about, in the order in which a reader meets them."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule as a reader is told of it.

    Attributes:
        name: what stands in findings and waivers; it never changes.
        severity: of its findings, unless fairlead.yaml says otherwise.
        title: what is wrong, in a line.
        why: what happens because of it.
        bad: compose YAML in which it finds something.
        good: the same as it should be.
        sources: standards, documentation, and what was measured.
        group: what it is about.
        fixable: ``fairlead validate --fix`` mends it.
        development_note: it is a note in files that serve development only.
    """

    name: str
    severity: Severity
    title: str
    why: str
    bad: str
    good: str
    sources: tuple[str, ...]
    group: str
    fixable: bool
    development_note: bool

    @property
    def help_path(self) -> str:
        """Its page, from the root of the repository."""
        return f"docs/rules/{self.name}.md"


def _rule(text: Text, group: str) -> Rule:
    return Rule(
        name=text.name,
        severity=severity_of(text.name),
        title=text.title,
        why=text.why,
        bad=text.bad,
        good=text.good,
        sources=text.sources,
        group=group,
        fixable=is_fixable(text.name),
        development_note="d" in GRADES[text.name],
    )


RULES: Mapping[str, Rule] = MappingProxyType(
    {text.name: _rule(text, group) for group, texts in GROUPS.items() for text in texts}
)
"""Every rule that any layer can print, by name."""
