"""An error as text and as a document. Pure, but for reading the source lines it points to."""

from __future__ import annotations

from collections.abc import Callable

from fairlead.errors import FairleadError
from fairlead.findings import Finding, Location
from fairlead.host.wire.visible import visible_line
from fairlead.report.source import SourceLines, excerpt_lines, shown_source

SCHEMA = "fairlead.error/v1"

SourceLine = Callable[[Location], str | None]


def error_document(error: FairleadError) -> dict[str, object]:
    """The error as a ``fairlead.error/v1`` document."""
    return {
        "schema": SCHEMA,
        "exit_code": int(error.exit_code),
        "what": error.what,
        "why": error.why,
        "fix": error.fix,
        "findings": [_finding_document(finding) for finding in error.findings],
        "details": list(error.details),
    }


def render_error(error: FairleadError, source_line: SourceLine) -> list[str]:
    """The lines of an error, from what went wrong to what to do next.

    ``source_line`` gives the text of the line a location points to, or None where it can't be read.
    """
    lines = [f"error: {error.what}"]
    lines += [f"  {line}" for line in error.why.splitlines()]
    for finding in error.findings:
        lines.append("")
        lines += render_finding(finding, source_line)
    if error.details:
        lines.append("")
        lines += [f"  | {line}" for detail in error.details for line in (detail.splitlines() or [""])]
    if error.fix:
        first, *rest = error.fix.splitlines()
        if error.findings or error.details:
            lines.append("")
        lines.append(f"  fix: {first}")
        lines += [f"       {line}" for line in rest]
    return lines


def render_finding(finding: Finding, source_line: SourceLine) -> list[str]:
    """One fault: place and message, the source line with a caret, what to do."""
    # Each stays one line: a key with a line break in it must not begin a line that looks like ours.
    place = f"{visible_line(str(finding.location))}: " if finding.location else ""
    rule = f" [{finding.rule}]" if finding.rule else ""
    severity = "" if finding.severity == "error" else f"{finding.severity}: "
    lines = [f"  {place}{severity}{visible_line(finding.what)}{rule}"]
    if finding.location is not None:
        source = shown_source(source_line(finding.location), finding.location, finding.rule)
        if source:
            lines += excerpt_lines(source, finding.location)
    lines += [f"    {'   ' if index else '-> '}{line}" for index, line in enumerate(finding.fix.splitlines())]
    return lines


def read_source_line(location: Location) -> str | None:
    """The line of the file that ``location`` points to, without secrets; None if there is no such file or line."""
    return SourceLines().line(location)


def _finding_document(finding: Finding) -> dict[str, object]:
    location = finding.location
    return {
        "what": finding.what,
        "path": location.path if location else None,
        "line": (location.line or None) if location else None,
        "column": (location.column or None) if location else None,
        "fix": finding.fix,
        "rule": finding.rule,
        "severity": finding.severity,
    }
