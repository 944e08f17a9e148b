"""No pattern takes a text with a line break at its end for one without: what is checked would not be what is used."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fairlead
from fairlead.schemas.forms import Checker

PACKAGE = Path(fairlead.__file__).parent
MODULES = sorted(file for file in PACKAGE.rglob("*.py") if "lab" not in file.relative_to(PACKAGE).parts)
SCHEMAS = sorted(PACKAGE.rglob("*.json"))


def _patterns(file: Path) -> Iterator[tuple[int, str]]:
    """The patterns of a module that are written where they are compiled or used, but those of many lines."""
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.Call) or not _is_of_re(node.func):
            continue
        if node.args and "MULTILINE" not in ast.unparse(node):
            parts = [part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)]
            yield from ((node.lineno, part) for part in parts if isinstance(part, str))


def _is_of_re(called: ast.expr) -> bool:
    return (
        isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "re"
    )


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_no_pattern_ends_before_a_line_break(file: Path) -> None:
    assert [(line, text) for line, text in _patterns(file) if _ends_early(text)] == []


def _ends_early(pattern: str) -> bool:
    """Whether a ``$`` ends it or a part of it; one that is escaped, or in a set, is a dollar."""
    plain = pattern.replace(r"\$", "")
    return plain.endswith("$") or "$)" in plain or "$|" in plain


def _of_schema(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            if key == "pattern" and isinstance(one, str):
                yield one
            if key == "patternProperties" and isinstance(one, dict):
                yield from one
            yield from _of_schema(one)
    elif isinstance(value, list):
        for one in value:
            yield from _of_schema(one)


@pytest.mark.parametrize("file", SCHEMAS, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_no_schema_takes_a_line_break_for_an_end(file: Path) -> None:
    """The checker reads ``$`` as the end, as the authors of schemas mean it."""
    checker = Checker({})
    samples = (
        "a",
        "1",
        "a.b",
        "web",
        "linux/amd64",
        "4G",
        "10s",
        "2027-01-31",
        "000001",
        "5%",
        "host",
        "always",
        "1.2",
    )
    for pattern in set(_of_schema(json.loads(file.read_text()))):
        assert "$|" not in pattern
        for text in samples:
            if pattern.endswith("$") and checker.fits(pattern, text):
                assert not checker.fits(pattern, f"{text}\n") or "[^" in pattern or "." in pattern, pattern
