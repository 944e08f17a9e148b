"""Texts of others: what would steer the reader's eye, or is no text to the database, is written out."""

from __future__ import annotations

import unicodedata

_STEERING = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
"""Controls, formats (bidirectional, zero-width), lone surrogates, and separators of lines and paragraphs."""


def shown_line(text: str, most: int) -> str:
    r"""The beginning of the text on one line, with everything that steers written out (``\u202e``)."""
    return _written_out(text, kept="")[:most]


def shown_text(text: str, most: int) -> str:
    """The same for a text of several lines."""
    return _written_out(text, kept="\n\t")[:most]


def _written_out(text: str, kept: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        _escape(char) if unicodedata.category(char) in _STEERING and char not in kept else char
        for char in text
    )


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
