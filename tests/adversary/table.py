"""The table of attacks in docs/security.md, from the docstrings of the tests.

``python -m tests.adversary.table`` says whether it is up to date, ``--write`` writes it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "security.md"
BEGIN = "<!-- attacks: written by `python -m tests.adversary.table --write` -->"
END = "<!-- attacks: end -->"

WHO = {
    "stranger": "a stranger on the internet",
    "author": "the author of a repository or pull request",
    "neighbour": "the owner of another app of the host",
    "deployer": "the holder of a restricted deploy key",
    "registry": "a writer to the package registry",
    "container": "a hostile container",
}


@dataclass(frozen=True)
class Attack:
    """A test: who tries, what, and what holds instead."""

    who: str
    tries: str
    holds: str


def read_attacks(folder: Path = HERE) -> list[Attack]:
    """Every attack below the folder, in the order of ``WHO``, files and lines.

    Raises:
        ValueError: a test does not say what is tried and what holds.
    """
    return [
        attack
        for who in WHO
        for file in sorted((folder / who).glob("test_*.py"))
        for attack in _attacks_of(file, who)
    ]


def render_table(attacks: list[Attack]) -> str:
    """The rows, those of one threat below its heading."""
    parts = []
    for who, name in WHO.items():
        rows = [f"| {one.tries} | {one.holds} |" for one in attacks if one.who == who]
        parts.append(
            f"### {name[0].upper()}{name[1:]}\n\n| tried | what holds |\n|---|---|\n" + "\n".join(rows)
        )
    return "\n\n".join(parts)


def render_page(page: str, table: str) -> str:
    """The page with this table between its marks.

    Raises:
        ValueError: the page has no marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} has no place for the table: {BEGIN} … {END}")
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def main(words: list[str]) -> int:
    """Write the table, or say whether it is up to date."""
    page = PAGE.read_text(encoding="utf-8")
    wanted = render_page(page, render_table(read_attacks()))
    if "--write" in words:
        PAGE.write_text(wanted, encoding="utf-8")
        return 0
    if wanted != page:
        print(f"{PAGE.name}: the table of attacks is out of date: python -m tests.adversary.table --write")
        return 1
    return 0


def _attacks_of(file: Path, who: str) -> Iterator[Attack]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
            paragraphs = [" ".join(one.split()) for one in (ast.get_docstring(node) or "").split("\n\n")]
            holds = [one.removeprefix("Holds:").strip() for one in paragraphs if one.startswith("Holds:")]
            if len(holds) != 1 or not paragraphs[0] or paragraphs[0].startswith("Holds:"):
                raise ValueError(
                    f"{file}:{node.lineno}: {node.name} does not say what is tried, then `Holds:`"
                )
            yield Attack(who, *(one.rstrip(".").replace("|", "\\|") for one in (paragraphs[0], holds[0])))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
