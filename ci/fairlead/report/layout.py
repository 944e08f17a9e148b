"""Pure text layout: seconds, tables, the timeline. No colour, no stream."""

from __future__ import annotations

from collections.abc import Sequence

from fairlead.host.wire.visible import visible_line
from fairlead.report.protocol import Phase

MARKS = {"done": "✓", "failed": "✗", "skipped": "-", "begin": "…"}
ASCII_MARKS = {"done": "ok", "failed": "FAILED", "skipped": "-", "begin": "..."}

_BAR_WIDTH = 40


def render_seconds(seconds: float) -> str:
    """A duration as people read it: ``0.3s``, ``12.4s``, ``3m 07s``, ``1h 02m``."""
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02d}m"


def phase_text(name: str, detail: str, host: str) -> str:
    """A phase in one line: ``app1.example.com  verify: 3 services``."""
    text = f"{name}: {detail}" if detail else name
    return f"{host}  {text}" if host else text


def render_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table with aligned columns, two spaces between them, no border."""
    cells = [[visible_line(cell) for cell in row] for row in (headers, *rows)]
    widths = [
        max((len(row[column]) for row in cells if column < len(row)), default=0)
        for column in range(len(headers))
    ]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()
        for row in cells
    ]


def render_timeline(phases: Sequence[Phase], *, fill: str = "█") -> list[str]:
    """One line a phase: name, seconds, and a bar that begins where the phase before ended.

    ``fill`` is the character of the bars. A phase that was skipped has no bar; one that failed says so.
    """
    total = sum(seconds for _, state, seconds in phases if state != "skipped")
    width = max((len(name) for name, _, _ in phases), default=0)
    lines = []
    elapsed = 0.0
    for name, state, seconds in phases:
        if state == "skipped":
            lines.append(f"{name:<{width}}        -")
            continue
        bar = _bar(elapsed, seconds, total, fill)
        note = " FAILED" if state == "failed" else ""
        lines.append(f"{name:<{width}}  {render_seconds(seconds):>7}  {bar}{note}".rstrip())
        elapsed += seconds
    if phases:
        lines.append(f"{'total':<{width}}  {render_seconds(total):>7}")
    return lines


def _bar(start: float, seconds: float, total: float, fill: str) -> str:
    if total <= 0:
        return ""
    left = min(round(start / total * _BAR_WIDTH), _BAR_WIDTH - 1)
    right = max(round((start + seconds) / total * _BAR_WIDTH), left + 1)
    return " " * left + fill * (right - left)
