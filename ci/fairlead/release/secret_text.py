"""Many secrets in one text: the syntax of ``.env`` files, without a guess at what a value is. Pure.

Programs that read such files differ in what ``#``, ``$`` and a backslash do, and a value that is cut or expanded is a
wrong password that nobody sees. So what they read alike is read, and what they do not is refused, with the way to say it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.errors import InputError

_NAME = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z0-9_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*")
_SKIPPED = re.compile(r"(?:[ \t]*(?:#[^\n]*)?(?:\n|\Z))")
_SINGLE = re.compile(r"'([^']*)'")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_AFTER_QUOTES = re.compile(r"[ \t]*(?:[ \t]#[^\n]*)?(?:\n|\Z)")
_REST = re.compile(r"([^\n]*)(?:\n|\Z)")
_COMMENT = re.compile(r"[ \t]#")
_REFERENCE = re.compile(r"\$(?:\{|\()")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$"}


@dataclass(frozen=True)
class Line:
    """A value, by its name as it is written.

    ``fault``: why it is not taken, where others would read it otherwise; the value then is the text as it stands.
    """

    name: str
    value: str
    fault: InputError | None = None


def parse_lines(text: str, what: str) -> list[Line]:
    r"""The values in a text of ``NAME=value`` lines.

    ``export`` before a name, empty lines and lines that begin with ``#`` say nothing. In single quotes a value is as it
    stands, in double quotes ``\n``, ``\t``, ``\"``, ``\\`` and ``\$`` stand for one character; both may go on over
    several lines. Without quotes it is the rest of the line, without the blanks around it. Nothing is expanded.

    Args:
        text: the lines.
        what: the text's name, for messages; no value stands in one.

    Raises:
        InputError: a line is none of this.
    """
    return list(_lines(text.removeprefix("\ufeff").replace("\r\n", "\n"), what))


def _lines(text: str, what: str) -> Iterator[Line]:
    at = counted = 0
    number = 1
    while at < len(text):
        skipped = _SKIPPED.match(text, at)
        if skipped is not None:
            at = skipped.end()
            continue
        # From the last line on: the lines of half a megabyte are many.
        number, counted = number + text.count("\n", counted, at), at
        name = _NAME.match(text, at)
        if name is None:
            raise InputError(f"line {number} of {what} is not NAME=value", fix="write one secret a line")
        place = f"the value of {name[1]}, line {number} of {what},"
        quote = text[name.end() : name.end() + 1]
        if quote in ("'", '"'):
            line, at = _quoted(name[1], text, name.end(), place)
        else:
            rest = _REST.match(text, name.end())
            assert rest is not None
            # From the character before it: there may be nothing but a comment.
            has_comment = _COMMENT.search(text, name.end() - 1, rest.end()) is not None
            line, at = _unquoted(name[1], rest[1].strip(" \t"), place, has_comment=has_comment), rest.end()
        yield line


def _quoted(name: str, text: str, at: int, place: str) -> tuple[Line, int]:
    """The value whose opening quote stands there, and where the next line begins."""
    is_single = text[at] == "'"
    found = (_SINGLE if is_single else _DOUBLE).match(text, at)
    if found is None:
        raise InputError(
            f"{place} begins with a quote that is never closed",
            fix="close it; where the quote belongs to the value, put the value in quotes of the other kind",
        )
    end = _AFTER_QUOTES.match(text, found.end())
    if end is None:
        raise InputError(
            f"{place} goes on after its closing quote",
            fix="put the whole value in quotes, of the kind that does not occur in it",
        )
    if is_single:
        return Line(name, found[1]), end.end()
    value = _ESCAPED.sub(lambda one: _ESCAPES.get(one[1], one[0]), found[1])
    return Line(name, value, _reference_fault(_ESCAPED.sub("", found[1]), place)), end.end()


def _unquoted(name: str, value: str, place: str, *, has_comment: bool) -> Line:
    if not has_comment:
        return Line(name, value, _reference_fault(value, place))
    fault = InputError(
        f"{place} has a blank and a # in it",
        why="some programs read a comment there, others the value",
        fix="put the value in single quotes; a comment stands behind them, or in a line of its own",
    )
    return Line(name, value, fault)


def _reference_fault(value: str, place: str) -> InputError | None:
    if not _REFERENCE.search(value):
        return None
    return InputError(
        f"{place} has ${{ or $( in it",
        why="other programs put another variable's value there; here nothing is expanded",
        fix="write the value out; where it is meant as it stands, put it in single quotes",
    )
