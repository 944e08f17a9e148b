"""What must hold for the source as a whole, and no linter says."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
AGENT = ROOT / "ci" / "fairlead" / "host"
HOST = sorted(file.relative_to(AGENT) for file in AGENT.rglob("*.py"))


def _foreign_imports(source: str, depth: int) -> Iterator[str]:
    """What a module of the agent imports from outside; ``depth`` is 1 for one directly in its folder."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if not _is_standard(one.name))
        elif isinstance(node, ast.ImportFrom) and not 1 <= node.level <= depth:
            if not node.level and _is_standard(node.module or ""):
                continue
            yield "." * node.level + (node.module or "")


def _is_standard(name: str) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names


@pytest.mark.parametrize("file", HOST, ids=str)
def test_the_agent_imports_itself_and_the_standard_library(file: Path) -> None:
    """Itself only by relative import: on the server it is a zipapp of another name."""
    assert list(_foreign_imports((AGENT / file).read_text(encoding="utf-8"), len(file.parts))) == []


@pytest.mark.parametrize(
    "line",
    [
        "import click",
        "from fairlead.host import lock",
        "from ..errors import InputError",
        "from yaml import load",
    ],
)
def test_a_foreign_import_would_be_seen(line: str) -> None:
    assert list(_foreign_imports(f"import os\nfrom . import lock\n{line}\n", depth=1))
