"""Places: an editor counts in code units and its own lines, a finding in characters and YAML's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import Position, PositionEncodingKind
from pygls.workspace import PositionCodec

from fairlead.lsp.places import Text

UTF_16 = PositionCodec(PositionEncodingKind.Utf16)
WIDTHS = {"utf-8": 1, "utf-16-le": 2, "utf-32-le": 4}
KINDS = dict(zip(WIDTHS, PositionEncodingKind, strict=True))
TEXTS = st.text(st.sampled_from("ab: 🚀é\n\r\u2028\u0085\x0b\"'"), max_size=40)


@pytest.mark.parametrize("encoding", WIDTHS)
@given(text=TEXTS)
def test_a_place_comes_back(encoding: str, text: str) -> None:
    """Whatever the units: a place is so many of them behind the line's begin, and found again by that."""
    kind = {"utf-8": "utf-8", "utf-16-le": "utf-16", "utf-32-le": "utf-32"}[encoding]
    places = Text(text, PositionCodec(kind))
    for offset in range(len(text) + 1):
        if text[offset - 1 : offset + 1] == "\r\n":
            continue
        position = places.position_of(offset)
        before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
        line = before.rpartition("\n")[2]
        assert position == Position(before.count("\n"), len(line.encode(encoding)) // WIDTHS[encoding])
        assert places.offset_of(position) == offset


def test_a_place_that_is_not_there_is_the_nearest() -> None:
    text = Text("a: b\nc", UTF_16)
    assert text.offset_of(Position(0, 99)) == 4
    assert text.offset_of(Position(99, 0)) == 6
    assert text.offset_at(9, 9) == 6
    assert text.offset_at(0, 0) == 0


@pytest.mark.parametrize(
    ("text", "line", "column", "token"),
    [
        ("services:\n  web:\n", 2, 3, "web"),
        ("a: 'x: y' # z\n", 1, 4, "'x: y'"),
        ("a: /var/run/docker.sock:/s:ro # z\n", 1, 4, "/var/run/docker.sock:/s:ro"),
        ("a: [80:80, x]\n", 1, 5, "80:80"),
        ("GREETING=hello you\nX=1\n", 1, 0, "GREETING=hello you"),
        ("a:\n", 1, 3, "\n"),
        ("", 1, 1, ""),
        ("# \u2028a: b\n", 2, 1, "a"),
    ],
)
def test_what_is_underlined(text: str, line: int, column: int, token: str) -> None:
    start, end = Text(text, UTF_16).token_at(line, column)
    assert text[start:end] == token
