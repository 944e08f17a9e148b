"""What is installed with Fairlead is what it imports: nothing is missing, and nothing comes along for nobody."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.locks import FOLDER

PACKAGE = FOLDER.parent / "ci" / "fairlead"
MODULES = {"pyyaml": "yaml"}
"""Where a module is called otherwise than what it comes in."""
WITH = {"urllib3"}
"""What `requests` is made of, and brings for whoever has to name one of its errors."""


def test_what_is_asked_for_is_what_is_imported() -> None:
    named = re.findall(r"^[a-z0-9-]+", (FOLDER / "runtime.in").read_text(), re.MULTILINE)
    imported = {module for file in PACKAGE.rglob("*.py") for module in imports(file)}
    foreign = imported - sys.stdlib_module_names - {"fairlead"} - WITH
    assert {MODULES.get(name, name) for name in named} == foreign


def imports(file: Path) -> Iterator[str]:
    """The first names of what a module imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]
