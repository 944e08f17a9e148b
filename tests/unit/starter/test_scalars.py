"""Texts of others in a YAML file."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from fairlead.starter.scalars import comment, quoted, scalar


@given(st.text() | st.text("._-/+0123456789eEinfaxob~:#", max_size=6))
@example(".5")
@example(".inf")
@example(".NaN")
@example("..")
@example("\U0001f600/x")
@example("a\u2028b\x85c\x7f\ufeff")
def test_what_is_written_is_read_back_as_it_was(text: str) -> None:
    for written in (scalar(text), quoted(text)):
        assert yaml.safe_load(f"a: {written}\n") == {"a": text}
        assert yaml.safe_load(f"a: [{written}] # {comment(text)}\nb: 1\n") == {"a": [text], "b": 1}


@pytest.mark.parametrize("text", [".", "./app", "/srv/app", "compose.yaml", "deploy/Dockerfile", "main"])
def test_what_cannot_be_misread_has_no_quotes(text: str) -> None:
    assert scalar(text) == text
