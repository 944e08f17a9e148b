"""A pattern that is compiled late is the pattern."""

from __future__ import annotations

import re

import pytest

from fairlead.quick.patterns import compile_late


def test_it_matches_as_the_pattern_does() -> None:
    late = compile_late(r"a(b+)", re.IGNORECASE)
    for _ in range(2):
        assert late.sub("x", "AbB c ab") == "x c x"
        assert [found[1] for found in late.finditer("ab ABB")] == ["b", "BB"]
        assert late.pattern == r"a(b+)"


def test_nothing_is_compiled_before_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    monkeypatch.setattr(re, "compile", lambda text, _flags: compiled.append(text))
    compile_late("a")
    assert compiled == []
