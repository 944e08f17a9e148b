"""Hide secret values in text, in every form in which programs print them. Pure.

This is against accidents: an app that logs its configuration, a tool that prints the address with the password in it.
Who wants to get a value out finds a form that nobody thought of.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Union
from urllib.parse import quote, quote_plus, urlsplit

from .visible import visible

HIDDEN = "***"
SHORTEST = 5
"""A shorter value is not hidden: `1` or `true` would make stars of everything, and hide nothing worth hiding."""
_SHORTEST_PART = 8
_SHORTEST_CUT = 8
_LONGEST = 64 * 1024
_MOST_LINES = 1000
_WRAPPED = (64, 76)
_PEM_FRAME = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]+-----")

Value = Union[str, bytes]


class Mask:
    """Knows the forms of some secret values, and puts ``***`` in their place."""

    def __init__(self, values: Iterable[Value] = ()) -> None:
        self._by_start: dict[str, list[str]] = {}
        forms = {form for value in values for form in forms_of(value)}
        # The longest first: a value that contains another one is hidden whole.
        for form in sorted(forms, key=len, reverse=True):
            self._by_start.setdefault(form[:SHORTEST], []).append(form)

    def text(self, text: str) -> str:
        """The text without any of the values, nor the beginning of one that was cut off at its end."""
        if not self._by_start:
            return text
        parts: list[str] = []
        kept = 0
        for start, end in self._hits(text):
            parts += [text[kept:start], HIDDEN]
            kept = end
        return "".join([*parts, text[kept:]]) if parts else text

    def document(self, value: Any, spared: frozenset[str] = frozenset()) -> Any:
        """A JSON value without them, keys included; what stands below a key of ``spared`` stays as it is."""
        if not self._by_start:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {
                self.text(str(key)): item
                if key in spared and isinstance(item, str)
                else self.document(item, spared)
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.document(item, spared) for item in value]
        return value

    def _hits(self, text: str) -> Iterator[tuple[int, int]]:
        """Where values stand, in order; what overlaps is one hit."""
        begin, end = 0, -1
        known = self._by_start
        for at in range(len(text) - SHORTEST + 1):
            forms = known.get(text[at : at + SHORTEST])
            if forms is None:
                continue
            length = _longest(forms, text, at)
            if not length:
                continue
            if at > end:
                if end > begin:
                    yield begin, end
                begin = at
            end = max(end, at + length)
        if end > begin:
            yield begin, end


def forms_of(value: Value) -> set[str]:
    """Every text by which a value is known again: encoded, escaped, a line of it, a part that says much by itself."""
    raw = value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
    text = raw.decode("utf-8", "replace")
    found: set[str] = set()
    for piece in _pieces(text):
        found |= {piece, *_escaped(piece), *_encoded(piece.encode("utf-8", "replace"))}
    if SHORTEST <= len(raw) <= _LONGEST:
        found |= set(_encoded(raw))
    return {form for form in found if len(form) >= SHORTEST}


def lines_of(text: str) -> list[str]:
    """The lines that a value shows in a log, where each stands for itself; without the frame of a key."""
    lines = [line.strip() for part in text.splitlines() for line in part.split("\\n")]
    return [line for line in dict.fromkeys(lines) if len(line) >= SHORTEST and not _PEM_FRAME.fullmatch(line)]


def _pieces(text: str) -> set[str]:
    lines = lines_of(text)[:_MOST_LINES]
    whole = {text, text.strip()} if len(text) <= _LONGEST else set()
    parts = {part for line in (text, *lines) for part in _parts(line)} if len(text) <= _LONGEST else set()
    found = {piece for piece in {*whole, *lines} if len(piece) >= SHORTEST}
    return found | {part for part in parts if len(part) >= _SHORTEST_PART and not part.isalpha()}


def _parts(text: str) -> Iterator[str]:
    """What is secret in a value with a structure: the texts of a JSON document, NAME=value, the password of a URL."""
    if text.lstrip()[:1] in ("{", "["):
        with contextlib.suppress(ValueError, RecursionError):
            yield from _leaves(json.loads(text))
    name, equals, given = text.partition("=")
    if equals and re.fullmatch(r"\s*(export\s+)?[A-Za-z_][A-Za-z0-9_.-]*\s*", name):
        yield given.strip().strip("\"'")
    if "://" in text and "@" in text:
        with contextlib.suppress(ValueError):
            yield urlsplit(text.strip()).password or ""


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from (value, *lines_of(value))
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item)


def _escaped(text: str) -> Iterator[str]:
    """As JSON, a URL, HTML, a shell, Python and our own output would write it."""
    for ascii_only in (True, False):
        once = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield from (once, json.dumps(once, ensure_ascii=ascii_only)[1:-1])
    for encoded in (quote(text, safe=""), quote(text), quote_plus(text)):
        yield from (encoded, re.sub("%[0-9A-F]{2}", lambda match: match.group().lower(), encoded))
    marked_up = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    yield from (marked_up, marked_up.replace('"', "&quot;").replace("'", "&#x27;"))
    yield marked_up.replace('"', "&#34;").replace("'", "&#39;")
    yield from (visible(text), repr(text)[1:-1])
    yield from (text.replace("'", "'\\''"), text.replace("'", "'\"'\"'"))
    yield re.sub(r"([^A-Za-z0-9_@%+=:,./-])", r"\\\1", text)


def _encoded(raw: bytes) -> Iterator[str]:
    """As base64 and hexadecimal digits, alone or in the middle of something else that is encoded with it."""
    yield from (raw.hex(), raw.hex().upper())
    for before in range(3):
        code = base64.b64encode(bytes(before) + raw).decode()
        # Of the characters at both ends some bits are the neighbours': they are left out.
        inner = code[(0, 2, 3)[before] : (before + len(raw)) * 8 // 6]
        whole = (code, code.rstrip("=")) if before == 0 else ()
        for form in (inner, *whole):
            yield from (form, form.replace("+", "-").replace("/", "_"))
        if before == 0:
            yield from (
                code[at : at + width]
                for width in _WRAPPED
                if len(code) > width
                for at in range(0, len(code), width)
            )


def _longest(forms: list[str], text: str, at: int) -> int:
    """How many characters from there on are a value, or the beginning of one at the end of the text; 0 where none is."""
    left = len(text) - at
    for form in forms:
        if text.startswith(form, at):
            return len(form)
        if _SHORTEST_CUT <= left < len(form) and form.startswith(text[at:]):
            return left
    return 0
