"""What is installed with Fairlead is what it imports: nothing is missing, and nothing comes along for nobody."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.locks import FOLDER

PACKAGE = FOLDER.parent / "ci" / "fairlead"
MODULES = {"pyyaml": "yaml"}
"""Where a module is called otherwise than what it comes in."""
WITH = {"urllib3"}
"""What `requests` is made of, and brings for whoever has to name one of its errors."""


EXTRAS = {"lsp": ("lsp", "cli/lsp.py")}
"""By extra the only parts of the package that import what it brings."""
BROUGHT = {"lsprotocol"}
"""What `pygls` speaks by, and brings."""


def test_what_is_asked_for_is_what_is_imported() -> None:
    optional = {file for places in EXTRAS.values() for place in places for file in under(place)}
    imported = {module for file in PACKAGE.rglob("*.py") if file not in optional for module in imports(file)}
    assert asked_for("runtime") == foreign(imported) - WITH


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_is_what_its_part_imports(extra: str) -> None:
    imported = {module for place in EXTRAS[extra] for file in under(place) for module in imports(file)}
    assert asked_for(extra) == foreign(imported) - asked_for("runtime") - BROUGHT


def asked_for(name: str) -> set[str]:
    named = re.findall(r"^[a-z0-9-]+", (FOLDER / f"{name}.in").read_text(), re.MULTILINE)
    return {MODULES.get(one, one) for one in named}


def foreign(imported: set[str]) -> set[str]:
    return imported - sys.stdlib_module_names - {"fairlead"}


def under(place: str) -> list[Path]:
    return sorted((PACKAGE / place).rglob("*.py")) or [PACKAGE / place]


def imports(file: Path) -> Iterator[str]:
    """The first names of what a module imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]
