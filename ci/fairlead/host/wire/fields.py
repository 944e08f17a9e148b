"""Read the fields of a document that nobody vouches for, and collect every fault instead of the first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Optional

from .errors import InputFault

_MAX_FAULTS = 50


class Faults:
    """The faults found so far, one line each."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, where: str, what: str) -> None:
        if len(self.lines) < _MAX_FAULTS:
            self.lines.append(f"{where} {what}")

    def raise_if_any(self, what: str, fix: str) -> None:
        """Raise an InputFault that names them all."""
        if self.lines:
            raise InputFault(what, why=self.lines[0], fix=fix, details=tuple(self.lines))


class Fields:
    """One mapping of a document. A reader of a missing or wrong field notes the fault and returns a blank."""

    def __init__(self, raw: Mapping[str, Any], where: str, faults: Faults) -> None:
        self.raw = raw
        self._where = where
        self._faults = faults

    def fault(self, key: str, what: str) -> None:
        self._faults.add(f"{self._where}.{key}" if key else self._where, what)

    def name(self, key: str, pattern: re.Pattern[str]) -> str:
        """A text that matches the whole pattern."""
        value = self.raw.get(key)
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        self.fault(key, f"is {_show(value)}, expected {pattern.pattern}")
        return ""

    def text(self, key: str, limit: int, *, default: Optional[str] = None) -> str:
        """A text of printable characters."""
        value = self.raw.get(key, default)
        if value is None and default is not None:
            return default
        if isinstance(value, str) and len(value) <= limit and (value.isprintable() or not value):
            return value
        self.fault(key, f"is {_show(value)}, expected a line of at most {limit} characters")
        return default or ""

    def choice(self, key: str, choices: tuple[str, ...], *, default: Optional[str] = None) -> str:
        value = self.raw.get(key, default)
        if value in choices and isinstance(value, str):
            return value
        self.fault(key, f"is {_show(value)}, expected one of {', '.join(choices)}")
        return choices[0]

    def integer(self, key: str, low: int, high: int, *, default: Optional[int] = None) -> int:
        value = self.raw.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.fault(key, f"is {_show(value)}, expected a whole number from {low} to {high}")
        return low

    def status(self, key: str) -> Optional[int]:
        """An HTTP status, or None."""
        return self.integer(key, 100, 599) if self.raw.get(key) is not None else None

    def seconds(self, key: str, high: float, *, default: float) -> float:
        value = self.raw.get(key, default)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= high:
            return float(value)
        self.fault(key, f"is {_show(value)}, expected seconds from 0 to {high:g}")
        return default

    def share(self, key: str, *, default: float) -> float:
        """A part of a whole, from 0 to 1."""
        value = self.raw.get(key, default)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1:
            return float(value)
        self.fault(key, f"is {_show(value)}, expected a number from 0 to 1")
        return default

    def flag(self, key: str, *, default: bool = False) -> bool:
        value = self.raw.get(key, default)
        if isinstance(value, bool):
            return value
        self.fault(key, f"is {_show(value)}, expected true or false")
        return default

    def mapping(self, key: str, *, optional: bool = False) -> Mapping[str, Any]:
        value = self.raw.get(key)
        if isinstance(value, Mapping):
            return value
        if not (optional and value is None):
            self.fault(key, f"is {_show(value)}, expected a mapping")
        return {}

    def fields(self, key: str, *, optional: bool = False) -> Fields:
        return Fields(self.mapping(key, optional=optional), f"{self._where}.{key}", self._faults)

    def keys(self, key: str, pattern: re.Pattern[str]) -> list[str]:
        """The keys of a mapping, each matching the pattern; a missing mapping has none."""
        inner = self.fields(key, optional=True)
        return [name for name in inner.raw if inner.is_key(name, pattern)]

    def table(
        self, key: str, pattern: Optional[re.Pattern[str]], *, limit: int
    ) -> Iterator[tuple[str, Fields]]:
        """The entries of a mapping of mappings."""
        inner = self.fields(key, optional=True)
        if len(inner.raw) > limit:
            self.fault(key, f"has more than {limit} entries")
            return
        for name in inner.raw:
            if inner.is_key(name, pattern):
                yield name, inner.fields(name)

    def pairs(self, key: str, pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
        """The entries of a mapping of texts that match the pattern."""
        inner = self.fields(key, optional=True)
        for name in inner.raw:
            if inner.is_key(name, None):
                yield name, inner.name(name, pattern)

    def names(self, key: str, pattern: re.Pattern[str], *, limit: int) -> tuple[str, ...]:
        """A list of texts that match; a missing one is empty."""
        value = self.raw.get(key, [])
        good = isinstance(value, list) and len(value) <= limit
        if not good or not all(isinstance(name, str) and pattern.fullmatch(name) for name in value):
            self.fault(key, f"is no list of at most {limit} names")
            return ()
        return tuple(value)

    def rows(self, key: str, *, limit: int) -> list[Fields]:
        """The entries of a list of mappings; a missing list has none."""
        value = self.raw.get(key)
        if value is None:
            return []
        if (
            not isinstance(value, list)
            or len(value) > limit
            or not all(isinstance(row, Mapping) for row in value)
        ):
            self.fault(key, f"is no list of at most {limit} mappings")
            return []
        return [Fields(row, f"{self._where}.{key}[{index}]", self._faults) for index, row in enumerate(value)]

    def is_key(self, name: object, pattern: Optional[re.Pattern[str]]) -> bool:
        """Whether a key of this mapping is a text that matches; a fault is noted if not."""
        fits = isinstance(name, str) and (pattern is None or pattern.fullmatch(name) is not None)
        if not fits:
            self._faults.add(
                self._where, f"has the key {_show(name)}, expected {pattern.pattern if pattern else 'a text'}"
            )
        return fits


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
