"""What a ``.dockerignore`` leaves out of a build, as the builder reads it.

The rules are those of https://github.com/moby/patternmatcher: a pattern is of a path from the context's root, ``*`` ends at
a slash, ``**`` at none, ``!`` takes back in, the last line that fits decides, and what fits a folder fits what is in it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_STAR, _DEEP, _REST = "*", "**/", "**"
_PARTS = re.compile(r"\*\*/?|\*|\?|\[\^?(?:\\.|[^\]\\])+\]|\\.|[^\[\\]", re.DOTALL)


@dataclass(frozen=True)
class _Part:
    """A piece of a pattern: one sign, by its expression, or any number of them."""

    kind: str
    sign: re.Pattern[str] | None = None


@dataclass(frozen=True)
class _Line:
    parts: tuple[_Part, ...]
    takes_back: bool


def is_ignored(path: str, ignore: str) -> bool:
    """Whether it leaves a path out, by itself or with a folder above it. Pure.

    A line that the builder refuses leaves nothing out: it says so itself.

    Args:
        path: from the context's root, with ``/``.
        ignore: the text of the ``.dockerignore``.
    """
    lines = tuple(_parse_lines(ignore))
    steps = path.split("/")
    fits, ignored = [False] * len(lines), False
    # From the top down, as the builder walks: which lines fit is handed on to what is in a folder, and a line that changes
    # nothing at a folder is not looked at there.
    for end in range(1, len(steps) + 1):
        part, ignored = "/".join(steps[:end]), False
        for number, line in enumerate(lines):
            if not fits[number] and line.takes_back == ignored:
                fits[number] = _fits(line.parts, part)
            if fits[number]:
                ignored = not line.takes_back
    return ignored


def _parse_lines(text: str) -> Iterator[_Line]:
    for raw in text.removeprefix("\ufeff").split("\n"):
        line = "" if raw.startswith("#") else raw.strip()
        takes_back = line.startswith("!")
        pattern = line[takes_back:].strip()
        if not pattern:
            continue
        parts = _parse(posixpath.normpath(pattern).lstrip("/") or "/")
        if parts is not None:
            yield _Line(parts, takes_back)


def _parse(pattern: str) -> tuple[_Part, ...] | None:
    """The parts of a pattern; None for none."""
    parts, at = [], 0
    while at < len(pattern):
        found = _PARTS.match(pattern, at)
        if found is None:
            return None
        at, text = found.end(), found[0]
        if text.startswith("**"):
            # Before plain signs alone it is any beginning, not one of whole folders.
            is_plain = text == pattern[:at] == "**" and not re.search(r"[*?\[\]\\]", pattern[at:])
            parts.append(_Part(_REST if is_plain or at == len(pattern) else _DEEP))
        elif text == "*":
            parts.append(_Part(_STAR))
        else:
            try:
                parts.append(_Part("", _sign(text)))
            except re.error:
                return None
    return tuple(parts)


def _sign(text: str) -> re.Pattern[str]:
    if text == "?":
        return re.compile(r"[^/]")
    if text.startswith("["):
        return re.compile(text.replace("[", r"\[").replace(r"\[", "[", 1))
    return re.compile(re.escape(text.removeprefix("\\") or "\\"))


def _fits(parts: Sequence[_Part], path: str) -> bool:
    """Whether a pattern is of this path: sign by sign, at all places of the pattern at once, as no line may take for ever."""
    places = _opened({(0, False)}, parts)
    for sign in path:
        after = set()
        for place, inside in places:
            part = parts[place] if place < len(parts) else None
            if part is None:
                continue
            if part.kind == _REST or (part.kind == _STAR and sign != "/"):
                after.add((place, False))
            elif part.kind == _DEEP and inside:
                after.add((place, True))
                if sign == "/":
                    after.add((place + 1, False))
            elif part.sign is not None and part.sign.fullmatch(sign):
                after.add((place + 1, False))
        places = _opened(after, parts)
    return (len(parts), False) in places


def _opened(places: set[tuple[int, bool]], parts: Sequence[_Part]) -> set[tuple[int, bool]]:
    """With the places that follow what may be nothing; ``True``: within a ``**`` that goes on to a slash."""
    found, left = set(places), list(places)
    while left:
        place, inside = left.pop()
        if place < len(parts) and parts[place].kind and not inside:
            more = {(place + 1, False)} | ({(place, True)} if parts[place].kind == _DEEP else set())
            left += more - found
            found |= more
    return found
