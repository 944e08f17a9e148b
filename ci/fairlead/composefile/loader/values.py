"""Scalars as Go prints and reads them: Compose's numbers, durations, sizes and booleans. Pure.

Each ``parse_*`` gives None for what Compose refuses.
"""

from __future__ import annotations

import re

from fairlead.quick.patterns import compile_late

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_UNITS = {
    "ns": 1,
    **dict.fromkeys(("us", "µs", "μs"), 1_000),
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
    "w": 604_800_000_000_000,
}
_MAX_NANOSECONDS = 2**63 - 1
_MOST_BYTES = 1 << 63
_INFINITE = float("inf")
_SIZE_POWERS = "kmgtp"
_MAX_INTEGER_DIGITS = 21
# Powers of ten between which Go writes a number out.
_SMALLEST_PLAIN, _FIRST_SHORTENED = -4, 6
_NUMBER = compile_late(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,4})?", re.ASCII)
_BYTES = compile_late(r"([-+0-9.eE_]*[0-9.]) ?(?:([kKmMgGtTpP])(?:[iI]?[bB])?|[bB])?")
_DURATION = compile_late(r"([0-9]{1,25}\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h|d|w)")
_TRUE = frozenset({"true", "y", "yes", "on"})
_FALSE = frozenset({"false", "n", "no", "off"})


def go_text(value: Any) -> str:
    """A value as Go's ``fmt.Sprint`` writes it: ``true``, ``1.5``, ``1e+06``."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "<nil>"
    if isinstance(value, float):
        return _go_float(value)
    if isinstance(value, list):
        return f"[{' '.join(go_text(item) for item in value)}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{go_text(item)}' for key, item in sorted(value.items()))}]"
    return str(value)


def _go_float(value: float) -> str:
    if not -_INFINITE < value < _INFINITE:
        return {"inf": "+Inf", "-inf": "-Inf"}.get(str(value), "NaN")
    digits, _, exponent = f"{value!r}".partition("e")
    sign, whole, fraction = _decimal(digits)
    power = int(exponent or 0) + len(whole)
    figures = (whole + fraction).lstrip("0")
    power -= len(whole + fraction) - len((whole + fraction).lstrip("0")) if figures else 0
    figures = figures.rstrip("0") or "0"
    if figures == "0":
        return f"{sign}0"
    if _SMALLEST_PLAIN <= power - 1 < _FIRST_SHORTENED:
        if power <= 0:
            return f"{sign}0.{'0' * -power}{figures}"
        padded = figures.ljust(power, "0")
        return f"{sign}{padded[:power]}{'.' + padded[power:] if len(padded) > power else ''}"
    mantissa = figures[0] + (f".{figures[1:]}" if len(figures) > 1 else "")
    return f"{sign}{mantissa}e{power - 1:+03d}"


def _decimal(digits: str) -> tuple[str, str, str]:
    sign = "-" if digits.startswith("-") else ""
    whole, _, fraction = digits.lstrip("-").partition(".")
    return sign, whole, fraction


def float32(value: float) -> float | int:
    """A number as Go prints it after it went through a 32-bit float: the shortest decimal; whole ones as integers."""
    try:
        packed = _single(value)
    except OverflowError:
        return value
    for precision in range(1, 10):
        shorter = float(f"{value:.{precision}g}")
        if _single(shorter) == packed:
            return int(shorter) if shorter.is_integer() else shorter
    return value


def _single(value: float) -> bytes:
    """A number as a 32-bit float, as ``struct.pack("f", …)`` writes it: that is a library to be loaded."""
    place = memoryview(bytearray(4)).cast("f")
    place[0] = value
    return place.tobytes()


def parse_integer(text: str) -> int | None:
    """A decimal integer, with a sign or without."""
    digits = text[1:] if text[:1] in {"+", "-"} else text
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < _MAX_INTEGER_DIGITS else None


def parse_number(text: str) -> float | None:
    """A decimal number that a float holds."""
    number = float(text) if _NUMBER.fullmatch(text) else None
    return number if number is not None and -_INFINITE < number < _INFINITE else None


def parse_boolean(text: str) -> bool | None:
    """A boolean after interpolation: YAML 1.1's words count here."""
    lower = text.lower()
    if lower in _TRUE:
        return True
    return False if lower in _FALSE else None


def parse_bytes(text: str) -> int | None:
    """A size such as ``10m``, ``1.5 GB`` or ``512`` in bytes. Source: ``RAMInBytes`` of go-units."""
    match = _BYTES.fullmatch(text)
    number = parse_number(match[1]) if match else None
    if match is None or number is None or number < 0:
        return None
    power = _SIZE_POWERS.index(match[2].lower()) + 1 if match[2] else 0
    size = number * 1024**power
    return int(size) if size < _MOST_BYTES else None


def parse_duration(text: str) -> int | None:
    """A duration such as ``1m30s`` in nanoseconds; days and weeks are known since Compose 2.30."""
    sign, rest = (-1, text[1:]) if text[:1] == "-" else (1, text.removeprefix("+"))
    if rest == "0":
        return 0
    parts = _DURATION.findall(rest)
    if not parts or "".join(number + unit for number, unit in parts) != rest:
        return None
    total = 0
    for number, unit in parts:
        whole, _, fraction = number.partition(".")
        total += int(whole or 0) * _UNITS[unit]
        if fraction:
            total += int(fraction[:18]) * _UNITS[unit] // 10 ** len(fraction[:18])
    return sign * total if total <= _MAX_NANOSECONDS else None


def duration_text(nanoseconds: int) -> str:
    """A duration as Compose prints it: ``1m30s``, ``500ms``, ``0s``."""
    if nanoseconds == 0:
        return "0s"
    sign, rest = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    for unit in ("ns", "µs", "ms"):
        if rest < _UNITS[unit] * 1000:
            return f"{sign}{_fraction(rest, _UNITS[unit])}{unit}"
    minutes, seconds = divmod(rest, _UNITS["m"])
    hours, minutes = divmod(minutes, 60)
    shown = f"{_fraction(seconds, _UNITS['s'])}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{shown}"
    return f"{sign}{minutes}m{shown}" if minutes else f"{sign}{shown}"


def _fraction(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    digits = str(rest).rjust(len(str(unit)) - 1, "0").rstrip("0") if rest else ""
    return f"{whole}.{digits}" if digits else str(whole)
