"""Plain scalars as go-yaml v3 decodes them into untyped values, because Compose does.

``yes`` and ``on`` are strings, so are ``22:22`` and dates; ``0755`` and ``0o755`` are octal.
Source: ``resolve.go`` of gopkg.in/yaml.v3.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INFINITIES = {
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_HINTS = frozenset({"", *"~nNtTfF+-.0123456789"})
"""First characters of what may be more than a text."""
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([1-9][0-9]*|0))")
_BASES = (16, 2, 8, 10)


def resolve_scalar(text: str) -> Any:
    """The value of a plain scalar, as go-yaml v3 decodes it into an untyped value."""
    first = text[:1]
    if first not in _HINTS:
        return text
    if text in _NULLS:
        return None
    if first in "tTfF":
        return _BOOLEANS.get(text, text)
    if text in _INFINITIES:
        return _INFINITIES[text]
    if first == ".":
        return float(text) if _FLOAT.fullmatch(text) else text
    digits = text.replace("_", "")
    number = _INTEGER.fullmatch(digits)
    if number is not None:
        return _integer(number)
    return float(digits) if _FLOAT.fullmatch(digits) else text


def tagged_scalar(text: str, tag: str, *, plain: bool) -> Any:
    """The value of a scalar with an explicit tag, or in quotes. Local tags such as ``!reset`` change nothing."""
    if not tag.startswith("tag:yaml.org,2002:"):
        return resolve_scalar(text) if plain and tag else text
    kind = tag.removeprefix("tag:yaml.org,2002:")
    if kind == "float":
        value = resolve_scalar(text)
        return float(value) if isinstance(value, int) else value
    return text if kind in {"str", "binary", "timestamp"} else resolve_scalar(text)


def _integer(number: re.Match[str]) -> int:
    sign = -1 if number[1] == "-" else 1
    return next(
        sign * int(digits, base) for digits, base in zip(number.groups()[1:], _BASES, strict=True) if digits
    )
