"""The maps of ARCHITECTURE.md, made from what holds: the import contracts, the packages' own words, the table of phases.

``python -m tests.architecture`` writes them; with ``--check`` it only says whether they are current.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import grimp

from fairlead.host.run.table import PHASES

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "ARCHITECTURE.md"
SOURCE = ROOT / "ci"


def read_layers(container: str) -> list[list[str]]:
    """The rows of the contract for what is in a package, the uppermost first; in a row, nobody imports another."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts: Sequence[Mapping[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    [found] = [one for one in contracts if one["type"] == "layers" and one.get("containers") == [container]]
    return [[name.strip(" ()") for name in row.split("|")] for row in found["layers"]]


def words_of(module: str) -> str:
    """What a module says of itself, in its first line."""
    path = SOURCE / module.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def render_packages() -> Iterator[str]:
    """The rows of packages, and what each is."""
    yield "| row | package | |"
    yield "|---|---|---|"
    rows = read_layers("fairlead")
    for number, row in zip(range(len(rows), 0, -1), rows, strict=True):
        for name in sorted(row):
            yield f"| {number} | `{name}` | {words_of(f'fairlead.{name}')} |"


def render_rooms() -> Iterator[str]:
    """The rooms of the agent: what each is, what stands in it, and which others it imports."""
    yield "| room | | modules | imports |"
    yield "|---|---|---|---|"
    graph = grimp.build_graph("fairlead")
    rooms = [name for [name] in read_layers("fairlead.host")]
    for name in rooms:
        package = f"fairlead.host.{name}"
        inside = {package, *graph.find_descendants(package)}
        used = {other for one in inside for other in graph.find_modules_directly_imported_by(one)}
        others = [one for one in rooms if one != name and any(_is_in(other, one) for other in used)]
        modules = ", ".join(sorted(one.rpartition(".")[2] for one in graph.find_children(package)))
        yield f"| `{name}` | {words_of(package)} | {modules} | {', '.join(others)} |"


def _is_in(module: str, room: str) -> bool:
    return f"{module}.".startswith(f"fairlead.host.{room}.")


def render_phases() -> Iterator[str]:
    """The phases of a transaction in their order: the file of each, and what it says of itself."""
    yield "| phase | file | |"
    yield "|---|---|---|"
    for phase in PHASES:
        module = sys.modules[phase.run.__module__]
        file = Path(inspect.getfile(module)).relative_to(SOURCE / "fairlead")
        told = (inspect.getdoc(module) or "").partition("\n")[0].removeprefix(f"{phase.name}: ")
        yield f"| `{phase.name}` | [{file}](ci/fairlead/{file}) | {told[0].upper()}{told[1:]} |"


MAPS = {"packages": render_packages, "rooms": render_rooms, "phases": render_phases}


def with_maps(page: str) -> str:
    """The page with each map between its two marks made anew."""
    for name, render in MAPS.items():
        begin, end = f"<!-- {name}: made by `python -m tests.architecture` -->\n", f"<!-- {name} end -->"
        before, rest = page.split(begin)
        page = "".join((before, begin, *(f"{line}\n" for line in render()), end, rest.split(end)[1]))
    return page


def find_lost(page: str) -> list[str]:
    """The files that the page names and that are not there, and the functions that are not in the file before them."""
    every = [path for top in ("ci", "docs", "tests") for path in (ROOT / top).rglob("*.py")]
    lost = []
    for name, function in re.findall(r"`((?:[\w-]+/)+\w+\.py)`(?:, `(\w+)`)?", page):
        found = [path for path in every if path.as_posix().endswith(f"/{name}")]
        defined = re.compile(rf"^ *(def|class) {function}\b" if function else "", re.MULTILINE)
        if not any(defined.search(path.read_text(encoding="utf-8")) for path in found):
            lost.append(f"{name} {function}".strip())
    return lost


def main() -> int:
    """Write the maps, or say whether they are current."""
    page = PAGE.read_text(encoding="utf-8")
    lost = find_lost(page)
    if lost:
        print(f"ARCHITECTURE.md leads to what is not there: {', '.join(lost)}", file=sys.stderr)
        return 1
    made = with_maps(page)
    if made == page:
        return 0
    if "--check" in sys.argv:
        print(
            "ARCHITECTURE.md is not current: `python -m tests.architecture` writes its maps", file=sys.stderr
        )
        return 1
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
