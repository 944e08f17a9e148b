"""Places of a text: as a finding tells them (YAML's lines, characters) and as an editor does (its lines, code units)."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from lsprotocol.types import Position, Range
from pygls.workspace import PositionCodec

_BREAKS_OF_YAML = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_BREAKS_OF_EDITORS = re.compile(r"\r\n|[\r\n]")
_TOKEN = re.compile(
    r"""
    "(?:[^"\\\r\n]|\\.)*" | '[^'\r\n]*'           # quoted
    | [^\s"'\[\]{},:] (?: [^\s,\]}:] | :(?=\S) )*  # a key, or the first word of a plain scalar
    """,
    re.VERBOSE,
)
_REST = re.compile(r"[^\r\n]*")


class Text:
    """A text and its places. Offsets count characters from 0.

    Args:
        text: without a byte order mark.
        codec: the units in which the editor counts.
        is_yaml: whether places in it are told by YAML's lines, which are more than an editor's.
    """

    def __init__(self, text: str, codec: PositionCodec, *, is_yaml: bool = True) -> None:
        self.text = text
        self._codec = codec
        self._told = [0, *_ends(_BREAKS_OF_YAML if is_yaml else _BREAKS_OF_EDITORS, text)]
        self._starts = [0, *_ends(_BREAKS_OF_EDITORS, text)]

    def offset_at(self, line: int, column: int) -> int:
        """Where a finding is; line and column count from 1, and 0 is none. Of a place behind the text, its end."""
        if line > len(self._told):
            return len(self.text)
        return min(self._told[max(line, 1) - 1] + max(column, 1) - 1, len(self.text))

    def token_at(self, line: int, column: int) -> tuple[int, int]:
        """What to underline for a place: the key or value that begins there; without a column the whole line."""
        start = self.offset_at(line, column)
        if column:
            token = _TOKEN.match(self.text, start)
            return start, token.end() if token is not None else min(start + 1, len(self.text))
        rest = _REST.match(self.text, start)
        return start, rest.end() if rest is not None else start

    def offset_of(self, position: Position) -> int:
        """Where an editor's position is."""
        if position.line >= len(self._starts):
            return len(self.text)
        start = self._starts[position.line]
        line = self._line(position.line)
        column = min(position.character, self._codec.client_num_units(line))
        return start + self._codec.position_from_client_units([line], Position(0, column)).character

    def position_of(self, offset: int) -> Position:
        """A place as an editor counts it."""
        line = bisect_right(self._starts, offset) - 1
        return Position(line, self._codec.client_num_units(self.text[self._starts[line] : offset]))

    def range_of(self, start: int, end: int) -> Range:
        """What lies from one place to another, as an editor counts it."""
        return Range(self.position_of(start), self.position_of(end))

    def line_around(self, offset: int) -> tuple[int, int]:
        """Where the line of a place begins, and where the next one does."""
        number = bisect_right(self._starts, offset) - 1
        return self._starts[number], self._end(number)

    def _line(self, number: int) -> str:
        return self.text[self._starts[number] : self._end(number)].rstrip("\r\n")

    def _end(self, number: int) -> int:
        return self._starts[number + 1] if number + 1 < len(self._starts) else len(self.text)


def _ends(breaks: re.Pattern[str], text: str) -> Iterator[int]:
    return (found.end() for found in breaks.finditer(text))
