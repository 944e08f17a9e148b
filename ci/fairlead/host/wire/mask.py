"""Hide secret values in text, in every form in which programs print them. Pure.

This is against accidents: an app that logs its configuration, a tool that prints the address with the password in it.
Who wants to get a value out finds a form that nobody thought of.
"""

from __future__ import annotations

import base64
import bisect
import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Union
from urllib.parse import quote, quote_plus, urlsplit

from .cut import CUT
from .visible import visible

HIDDEN = "***"
SHORTEST = 5
"""A shorter value is not hidden: `1` or `true` would make stars of everything, and hide nothing worth hiding."""
_SHORTEST_PART = 8
_SHORTEST_CUT = 8
_LONGEST = 64 * 1024
_MOST_LINES = 1000
_WRAPPED = (64, 76)
_CUT_MARKS = (CUT, "...")
_LEVELS = 3
"""How often a text may be JSON in JSON."""
_ESCAPE = re.compile(
    r"\\(?:u(d[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|[0-9a-f]{4})|([\\/\"'bfnrt])"
    rf"|(?:u[0-9a-f]{{0,3}})?(?={'|'.join(map(re.escape, _CUT_MARKS))}|\Z))",
    re.IGNORECASE,
)
"""As JSON and its relatives write a character, or the part of it that stands before a cut."""
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_PEM_FRAME = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]+-----")
_PEM_BEGUN = re.compile(r"-----BEGIN( [A-Z0-9 ]*-{0,5})?")
"""The frame of a key, or its beginning: what says which kind of text is meant is no part of one that was cut."""

_MARKS = re.compile(r"[«»]|/srv/fairlead/|fairlead-edge-")
"""By these the door knows the names of other apps: whoever chooses a secret that has them would hide the mark, not the name."""

Value = Union[str, bytes]


class Mask:
    """Knows the forms of some secret values, and puts ``***`` in their place."""

    def __init__(self, values: Iterable[Value] = ()) -> None:
        found: dict[str, list[str]] = {}
        for form in {form for value in values for form in forms_of(value)}:
            found.setdefault(form[:SHORTEST], []).append(form)
        self._by_start = {start: _Forms(forms) for start, forms in found.items()}

    def text(self, text: str) -> str:
        """The text without any of the values, nor the beginning of one that was cut off, at its end or before a mark."""
        if not self._by_start:
            return text
        parts: list[str] = []
        kept = 0
        for start, end in _beside_marks(text, _joined([*self._hits(text), *self._escaped_hits(text)])):
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
        """Where values stand, by their beginning."""
        known = self._by_start
        for at in range(len(text) - SHORTEST + 1):
            forms = known.get(text[at : at + SHORTEST])
            if forms is not None:
                length = forms.length(text, at)
                if length:
                    yield at, at + length

    def _escaped_hits(self, text: str) -> Iterator[tuple[int, int]]:
        """The same in what the text says as JSON: each language escapes other characters, and in its own way."""
        places: Sequence[int] = range(len(text) + 1)
        for _ in range(_LEVELS):
            if "\\" not in text:
                return
            text, places = _unescaped(text, places)
            yield from ((places[start], places[end]) for start, end in self._hits(text))


class _Forms:
    """Forms with one beginning, in order: what a text goes on with is next to its place among them."""

    def __init__(self, forms: Iterable[str]) -> None:
        self._forms = sorted(forms)
        self._longest = max(map(len, self._forms))
        self._within: list[int] = []
        """By form: a bit for the length of each form that it begins with, its own included."""
        around: list[int] = []
        for number, form in enumerate(self._forms):
            while around and not form.startswith(self._forms[around[-1]]):
                around.pop()
            self._within.append(1 << len(form) | (self._within[around[-1]] if around else 0))
            around.append(number)

    def length(self, text: str, at: int) -> int:
        """How many characters from there on are a form, the longest, or the beginning of one that was cut; or 0."""
        place = bisect.bisect_right(self._forms, text[at : at + self._longest])
        whole, most = 0, 0
        for near in (place - 1, place):
            if not 0 <= near < len(self._forms):
                continue
            common = _common(self._forms[near], text, at)
            most = max(most, common)
            whole = max(whole, (self._within[near] & ((2 << common) - 1)).bit_length() - 1)
        is_cut = most > whole and most >= _SHORTEST_CUT and _is_cut(text, at, most)
        return most if is_cut and not _PEM_BEGUN.fullmatch(text, at, at + most) else max(whole, 0)


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


def _common(form: str, text: str, at: int) -> int:
    """How many characters the form and the text from there on have in common."""
    if text.startswith(form, at):
        return len(form)
    low, high = 0, SHORTEST
    while text.startswith(form[:high], at):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if text.startswith(form[low:middle], at + low) else (low, middle)
    return low


def _is_cut(text: str, at: int, length: int) -> bool:
    """Whether the text, or a mark of what is left out, says that there was more; the value may go on like the mark."""
    end = at + length
    return end == len(text) or any(
        text.find(mark, max(at + _SHORTEST_CUT, end - len(mark) + 1), end + len(mark)) >= 0
        for mark in _CUT_MARKS
    )


def _joined(hits: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """In order; what overlaps or touches is one hit."""
    begin, end = 0, 0
    for start, stop in sorted(hits):
        if start > end:
            if end > begin:
                yield begin, end
            begin = start
        end = max(end, stop)
    if end > begin:
        yield begin, end


def _beside_marks(text: str, hits: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The hits, in order, without what is a mark in them."""
    marks, first = [one.span() for one in _MARKS.finditer(text)], 0
    for start, end in hits:
        at = start
        while first < len(marks) and marks[first][0] < end:
            begin, over = marks[first]
            if begin > at:
                yield at, begin
            at = max(at, over)
            if over > end:
                break
            first += 1
        if at < end:
            yield at, end


def _unescaped(text: str, places: Sequence[int]) -> tuple[str, list[int]]:
    """What the text says, and where each character of that (and the end) stood."""
    parts: list[str] = []
    stood: list[int] = []
    kept = 0
    for match in _ESCAPE.finditer(text):
        decoded = _decoded(match)
        parts += [text[kept : match.start()], decoded]
        stood += [*places[kept : match.start()], *([places[match.start()]] * len(decoded))]
        kept = match.end()
    return "".join([*parts, text[kept:]]), [*stood, *places[kept:]]


def _decoded(match: re.Match[str]) -> str:
    code, short = match.groups()
    if code is None:
        return _SHORT.get(short, short) if short else ""
    if len(code) == 4:
        return chr(int(code, 16))
    return chr(0x10000 + ((int(code[:4], 16) - 0xD800) << 10) + int(code[6:], 16) - 0xDC00)
