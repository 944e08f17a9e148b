"""What the user should know about the compose files is told once, however many looks at them find it."""

from __future__ import annotations

from fairlead.findings import Finding, Location
from fairlead.rollout.show import show_remarks
from tests.recording import RecordingReporter


def test_a_remark_is_told_once() -> None:
    def found(line: int) -> Finding:
        return Finding("it is left out", Location("compose.yml", line, 3), rule="profile", severity="note")

    reporter = RecordingReporter()
    show_remarks(reporter, [found(3), found(9), found(3)])
    assert reporter.said("warn") == ["compose.yml:3:3: it is left out", "compose.yml:9:3: it is left out"]
