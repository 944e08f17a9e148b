"""Plain scalars as go-yaml v3 decodes them into untyped values, because Compose does.

``yes`` and ``on`` are strings, so is ``22:22``; ``0755`` and ``0o755`` are octal; a date is its text (``is_date``).
Source: ``resolve.go`` of gopkg.in/yaml.v3.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INFINITE = float("inf")
_INFINITIES = {
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_KINDS: dict[str, type] = {
    "bool": bool,
    "int": int,
    "float": float,
    "null": type(None),
    "binary": str,
    "timestamp": str,
}
"""Standard tags that make something of a text, or demand something of it."""
_HINTS = frozenset({"", *"~nNtTfF+-.0123456789"})
"""First characters of what may be more than a text."""
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([1-9][0-9]*|0))")
_BASES = (16, 2, 8, 10)
_LEAST, _MOST = -(2**63), 2**64 - 1
"""Integers that go-yaml reads as such; others are floats, or text where they have another base."""
_MOST_DIGITS = 250
"""Of an integer: no value has as many, and Python refuses to print one of some thousands."""
_DATE = re.compile(
    r"\d{4}-(\d\d?)-(\d\d?)"
    r"(?:(?:[Tt](\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?(?:Z|[-+](?:[01]\d|2[0-4]):(?:[0-5]\d|60)))|(?: (\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?))?",
    re.ASCII,
)


_DAYS = {1: 31, 2: 28, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31}


def resolve_scalar(text: str) -> Any:
    """The value of a plain scalar, as go-yaml v3 decodes it into an untyped value.

    Raises:
        ValueError: it is a number that is longer than anything meant.
    """
    first = text[:1]
    if first not in _HINTS:
        return text
    if text in _NULLS:
        return None
    if first in "tTfF":
        return _BOOLEANS.get(text, text)
    if text in _INFINITIES:
        return _INFINITIES[text]
    digits = text if first == "." else text.replace("_", "")
    number = _INTEGER.fullmatch(digits)
    whole = _integer(number) if number is not None else None
    if whole is not None:
        return whole
    # What no float holds is text.
    value = float(digits) if _FLOAT.fullmatch(digits) else _INFINITE
    return value if -_INFINITE < value < _INFINITE else text


def is_date(text: str) -> bool:
    """Whether go-yaml reads a plain text as a date, with a time or without."""
    date = _DATE.fullmatch(text)
    if date is None:
        return False
    month, day, *clock = (int(part) for part in date.groups() if part is not None)
    year = int(text[:4])
    days = 29 if month == 2 and year % 4 == 0 and (year % 100 or year % 400 == 0) else _DAYS.get(month, 0)
    return 1 <= day <= days and all(part < most for part, most in zip(clock, (24, 60, 60), strict=False))


def tagged_scalar(text: str, tag: str) -> Any:
    """The value of a scalar with an explicit tag: a text, but for the standard tags of other types.

    Raises:
        ValueError: the text is no value of the type that a standard tag demands.
    """
    kind = tag.removeprefix("tag:yaml.org,2002:")
    if kind == tag or kind not in _KINDS:
        return text
    if kind == "binary":
        return _binary(text)
    value = resolve_scalar(text)
    if kind == "float" and type(value) is int:
        return float(value)
    if type(value) is _KINDS[kind] and (kind != "timestamp" or is_date(text)):
        return value
    raise ValueError(f"{text!r} is no {kind}")


def _binary(text: str) -> str:
    from base64 import b64decode

    return b64decode("".join(text.split()), validate=True).decode("utf-8", "replace")


def _integer(number: re.Match[str]) -> int | None:
    """The integer, or None where go-yaml has none for it."""
    if len(number[0]) > _MOST_DIGITS:
        raise ValueError(f"a number of {len(number[0]):,} digits, more than {_MOST_DIGITS}")
    sign = -1 if number[1] == "-" else 1
    value = next(
        sign * int(digits, base) for digits, base in zip(number.groups()[1:], _BASES, strict=True) if digits
    )
    return value if _LEAST <= value <= _MOST else None
