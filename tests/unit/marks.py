"""Expected findings that stand in an example file itself, on the line that they are about.

``key: value  #! 3: unknown key`` expects a finding at column 3 of that line whose text holds "unknown key";
several are written one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from fairlead.findings import Finding

_MARK = re.compile(r"#! (\d+): (.*?)(?=\s+#! |\s*$)")


def expected(file: Path) -> list[tuple[int, int, str]]:
    """Line, column and words of each finding that a file expects."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [
        (number, int(column), words)
        for number, line in enumerate(lines, start=1)
        for column, words in _MARK.findall(line)
    ]


def assert_expected(file: Path, findings: Iterable[Finding]) -> None:
    """Every expected finding is there at its place, and no other."""
    left = [
        (finding.location.line, finding.location.column, str(finding))
        for finding in findings
        if finding.location
    ]
    for line, column, words in expected(file):
        match = next((found for found in left if found[:2] == (line, column) and words in found[2]), None)
        assert match is not None, f"{file.name}:{line}:{column}: {words!r} is not among {left}"
        left.remove(match)
    assert left == []
