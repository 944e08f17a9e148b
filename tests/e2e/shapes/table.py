"""The table of the shapes in the docs: one row a step, one column each for what it ended with and what users saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.e2e.shapes.story import Cell

DOCS = Path(__file__).parents[3] / "docs"
PAGE = DOCS / "apps.md"
COMPARISON = DOCS / "comparison.md"
_BEGIN, _END = "<!-- {0}: written by `make shapes` -->", "<!-- end of {0} -->"
_HEAD = """\
| shape | step | exit | requests answered meanwhile | served afterwards | data |
|---|---|---|---|---|---|
"""


def write_table(
    page: Path, order: Sequence[str], cells: Mapping[str, Sequence[Cell]], *, name: str = "shapes"
) -> None:
    """Put what came of each step of each shape between the two marks of the page; shapes that did not run stay."""
    begin, end = _BEGIN.format(name), _END.format(name)
    before, rest = page.read_text().split(begin)
    table, after = rest.split(end)
    rows = {**parse(table), **{shape: render(shape, steps) for shape, steps in cells.items()}}
    text = "".join(rows[shape] for shape in order if shape in rows)
    page.write_text(f"{before}{begin}\n\n{_HEAD}{text}\n{end}{after}")


def parse(table: str) -> dict[str, str]:
    """The rows of each shape, as they stand."""
    rows: dict[str, str] = {}
    for line in table.splitlines():
        if line.startswith("| ") and not line.startswith("| shape "):
            shape = line.split(" | ")[0].removeprefix("| ")
            rows[shape] = f"{rows.get(shape, '')}{line}\n"
    return rows


def render(shape: str, steps: Sequence[Cell]) -> str:
    """The rows of one shape."""
    return "".join(
        f"| {shape} | {one.step} | {one.code} | {one.users} | {one.serves} | {one.data} |\n" for one in steps
    )
