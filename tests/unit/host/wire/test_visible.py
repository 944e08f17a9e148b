"""Foreign text is shown, not obeyed."""

from __future__ import annotations

import json
import sys
import unicodedata

import pytest

from fairlead.host.wire.visible import escaped, visible, visible_line
from tests.unit.host.texts import random_texts

STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""The categories of what is not seen and does something."""


def steers(char: str) -> bool:
    return unicodedata.category(char) in STEERING and char not in "\n\t"


def test_every_character_that_steers_is_written_out() -> None:
    """All of Unicode; and every character that is seen stays."""
    every = [chr(code) for code in range(sys.maxunicode + 1)]
    for char in filter(steers, every):
        assert not any(map(steers, visible(f"a{char}b"))), hex(ord(char))
    seen = "".join(char for char in every if unicodedata.category(char)[0] in "LNPSZ" and not steers(char))
    assert visible(seen) == seen


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\rb", "a\\rb"),
        ("a\r\nb\r", "a\nb"),
        ("\x1b[31mred\x1b[0m \x9b1;4mbold", "red bold"),
        (
            "\x1b]8;;https://evil.example\x07here\x1b]8;;\x07",
            "\\u001b]8;;https://evil.example\\u0007here\\u001b]8;;\\u0007",
        ),
        ("\x1b[2J", "\\u001b[2J"),
        ("a\u202eb", "a\\u202eb"),
        ("\U000e0041", "\\udb40\\udc41"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("naïve ✓ 漢字 🚀", "naïve ✓ 漢字 🚀"),
    ],
)
def test_how_it_is_written(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_json_document_stays_the_same_document() -> None:
    for text in random_texts(1):
        shown = escaped(json.dumps({"a": text}, ensure_ascii=False))
        assert json.loads(shown) == {"a": text}
        assert not any(map(steers, shown))


def test_a_line_stays_a_line() -> None:
    for text in random_texts(2):
        shown = visible_line(text)
        assert len(shown.splitlines()) <= 1
        assert visible_line(shown) == shown
