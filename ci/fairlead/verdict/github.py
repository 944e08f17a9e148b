"""The verdict in a job of GitHub Actions: annotations, the worst first, under GitHub's caps. Pure."""

from __future__ import annotations

from fairlead.findings import SEVERITIES
from fairlead.github.annotations import Annotation, annotation_of, cap_annotations, neutral, render_annotation
from fairlead.report.redact import masked
from fairlead.verdict.words import sentence_of, unseen_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.judge.verdict import Verdict


def render_github(verdict: Verdict) -> str:
    """Workflow commands: what GitHub will show of the findings, how many more there are, what it comes to."""
    ordered = sorted(verdict.findings, key=lambda finding: SEVERITIES.index(finding.severity))
    headline = [] if verdict.passed else [Annotation("error", sentence_of(verdict), title="Fairlead")]
    shown, rest = cap_annotations([*headline, *(annotation_of(finding) for finding in ordered)])
    lines = [render_annotation(annotation) for annotation in shown]
    told = [neutral(line) for line in filter(None, [*rest, unseen_line(verdict), sentence_of(verdict)])]
    return masked("\n".join([*lines, *told]))
