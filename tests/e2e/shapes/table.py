"""The table of the shapes in the docs: one row a step, one column each for what it ended with and what users saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.e2e.shapes.story import Cell

PAGE = Path(__file__).parents[3] / "docs" / "apps.md"
_BEGIN, _END = "<!-- shapes: written by `make shapes` -->", "<!-- end of shapes -->"


def write_table(cells: Mapping[str, Sequence[Cell]]) -> None:
    """Put what came of each step of each shape between the two marks of the page."""
    text = PAGE.read_text()
    before, rest = text.split(_BEGIN)
    _, after = rest.split(_END)
    PAGE.write_text(f"{before}{_BEGIN}\n\n{render(cells)}\n\n{_END}{after}")


def render(cells: Mapping[str, Sequence[Cell]]) -> str:
    """The table as Markdown."""
    lines = [
        "| shape | step | exit | requests answered meanwhile | served afterwards | data |",
        "|---|---|---|---|---|---|",
    ]
    for shape, steps in cells.items():
        lines += [
            f"| {shape} | {one.step} | {one.code} | {one.users} | {one.serves} | {one.data} |"
            for one in steps
        ]
    return "\n".join(lines)
