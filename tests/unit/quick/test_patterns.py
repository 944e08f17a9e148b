"""A pattern that is compiled late, or as a call before has compiled it, is the pattern."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fairlead.quick import patterns
from fairlead.quick.patterns import all_compiled, compile_late, use_compiled

PACKAGE = Path(patterns.__file__).parent.parent


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> dict[Any, Any]:
    """A process that keeps what it compiles, and in which nobody has imported ``re``."""
    known: dict[Any, Any] = {}
    monkeypatch.setattr(patterns._Table, "known", None)
    monkeypatch.setattr(patterns._Table, "has_more", False)
    monkeypatch.setattr(patterns._Table, "whole", None)
    monkeypatch.delitem(sys.modules, "re")
    use_compiled(known)
    return known


@cache
def expressions() -> tuple[str, ...]:
    """Every text of the package that is handed to a compiler of expressions."""
    return tuple(sorted({text for file in PACKAGE.rglob("*.py") for text in _said(file)}))


def _said(file: Path) -> Iterator[str]:
    source = file.read_text(encoding="utf-8")
    if "re.compile(" in source or "compile_late(" in source:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in {"compile", "compile_late"} and isinstance(node.args[0].value, str):
                    yield node.args[0].value


def test_it_matches_as_the_pattern_does() -> None:
    late = compile_late(r"a(b+)", re.IGNORECASE)
    for _ in range(2):
        assert late.sub("x", "AbB c ab") == "x c x"
        assert [found[1] for found in late.finditer("ab ABB")] == ["b", "BB"]
        assert late.pattern == r"a(b+)"


def test_nothing_is_compiled_before_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    monkeypatch.setattr(patterns, "_compiled", compiled.append)
    compile_late("a")
    assert compiled == []


@pytest.mark.parametrize(
    ("flags", "every"), [(re.NOFLAG, 1), (re.IGNORECASE | re.MULTILINE | re.DOTALL, 20), (re.ASCII, 20)]
)
def test_what_is_kept_is_the_very_pattern(table: dict[Any, Any], flags: re.RegexFlag, every: int) -> None:
    """Of every expression that the package holds: compared are the code of the engine, the flags and the groups."""
    texts = expressions()[::every]
    assert len(texts) > 5
    for text in texts:
        pattern = re.compile(text, flags)
        first = patterns._compiled((text, int(flags)))
        again = patterns._compiled((text, int(flags)))
        assert first == again == pattern
        assert again.groupindex == pattern.groupindex
        assert again.groups == pattern.groups
    assert len(table) == len(texts)
    assert all_compiled() == (table, True)


def test_the_module_is_re_whatever_is_asked_of_it(table: dict[Any, Any]) -> None:
    names: dict[str, Any] = {}
    exec(  # noqa: S102 - as a module does
        "import re\nA = re.compile('a+', re.IGNORECASE)\nfrom re import _parser, escape", names
    )
    assert names["re"] is not re
    assert names["A"] == re.compile("a+", re.IGNORECASE)
    assert ("a+", re.IGNORECASE) in table
    assert isinstance(names["A"], names["re"].Pattern)
    assert names["escape"]("a.b") == r"a\.b"
    assert names["re"].sub("(b)", r"\1\1", "abc") == "abbc"
    assert names["A"].sub(r"<\g<0>>", "Aab") == "<Aa>b"
    with pytest.raises(names["re"].error):
        names["re"].compile("(")
    with pytest.raises(AttributeError):
        names["re"].nothing  # noqa: B018


def test_what_stands_in_a_file_is_compiled_and_forgotten(table: dict[Any, Any]) -> None:
    names: dict[str, Any] = {}
    exec("import re\ndef found(name, text):\n    return re.compile(name + '!').search(text)", names)  # noqa: S102 - same
    assert names["found"]("a", "ba!")
    assert table == {}


def test_what_another_python_takes_differently_is_not_kept(
    table: dict[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = re.compile("another")
    monkeypatch.setattr(patterns, "_sre", SimpleNamespace(CODESIZE=4, compile=lambda *_: other))
    assert patterns._compiled(("[x-z]{3}", 0)).fullmatch("xyz")
    assert table == {}
