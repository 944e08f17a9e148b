"""The table of docs/changes.md is the one that is tested."""

from __future__ import annotations

from pathlib import Path

from tests.integration.host.transitions import rows

PAGE = Path(__file__).parents[3] / "docs" / "changes.md"


def test_each_row_of_the_page_is_tested_and_each_tested_row_is_on_it() -> None:
    """In the same order, by the words of the first column."""
    table = [line.split("|") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    assert [cells[1].strip() for cells in table[1:]] == [row.what for row in rows(1, "name")]
    assert all(len(cells) == 6 and all(cell.strip() for cell in cells[1:5]) for cells in table)
