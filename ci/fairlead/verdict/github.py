"""The verdict in a job of GitHub Actions: annotations by rank, hardening folded, under GitHub's caps. Pure."""

from __future__ import annotations

from fairlead.github.annotations import Annotation, annotation_of, cap_annotations, neutral, render_annotation
from fairlead.report.redact import masked
from fairlead.verdict.folded import folded
from fairlead.verdict.words import sentence_of, unseen_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.judge.verdict import Verdict


def render_github(verdict: Verdict) -> str:
    """Workflow commands: what GitHub will show of the findings, how many more there are, what it comes to."""
    annotations = [] if verdict.passed else [Annotation("error", sentence_of(verdict), title="Fairlead")]
    annotations += [annotation_of(finding) for finding in folded(verdict)]
    annotations += [Annotation("notice", line, title="baseline") for line in verdict.stale]
    shown, rest = cap_annotations(annotations)
    lines = [render_annotation(annotation) for annotation in sorted(shown, key=annotations.index)]
    told = [neutral(line) for line in filter(None, [*rest, unseen_line(verdict), sentence_of(verdict)])]
    return masked("\n".join([*lines, *told]))
