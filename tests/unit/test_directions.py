"""No advice points up or down: the evidence stands before it on a terminal, after it on a server, beside it on GitHub."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import fairlead

PACKAGE = Path(fairlead.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
_DIRECTION = re.compile(r"\b(above|below)\b(?! /)")
_POINTS = re.compile(r"\b(stands?|lines?|named|shown|see|reasons?) (above|below)\b")


def _advice(file: Path) -> Iterator[tuple[int, str]]:
    """The texts that a module gives as ``fix``, or as the name of what is given as one."""
    tree = ast.parse(file.read_text())
    values = [
        keyword.value
        for keyword in ast.walk(tree)
        if isinstance(keyword, ast.keyword) and keyword.arg == "fix"
    ]
    values += [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]).rpartition(".")[2].lower().strip("_").startswith("fix")
    ]
    for value in values:
        yield from _texts(value)


def _texts(node: ast.AST) -> Iterator[tuple[int, str]]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.lineno, part.value


def _docstrings(tree: ast.AST) -> set[int]:
    """The lines of texts that stand for themselves."""
    return {
        node.value.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_advice_points_in_no_direction(file: Path) -> None:
    assert [(line, text) for line, text in _advice(file) if _DIRECTION.search(text)] == []


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_no_text_sends_its_reader_up_or_down(file: Path) -> None:
    tree = ast.parse(file.read_text())
    own = _docstrings(tree)
    assert [(line, text) for line, text in _texts(tree) if line not in own and _POINTS.search(text)] == []
