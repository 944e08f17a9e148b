"""Where in a document somebody writes: read from what stands before the cursor, whatever comes behind it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fairlead.lsp.places import Text
from fairlead.positions import Document, ValuePath, parse_documents
from fairlead.quick.yaml_events import event_parser
from fairlead.yaml_nodes import MAX_DEPTH

_MARK = "fairlead-writes-here"
_WORD = re.compile(r"[A-Za-z0-9_./-]*\Z")
_AFTER_A_KEY = re.compile(r":[ \t]+\Z")


@dataclass(frozen=True)
class Cursor:
    """A place where a word begins.

    Attributes:
        start: the offset of the word that is being written.
        path: of the mapping that a key is written in, or of the value itself.
        is_key: whether it is a key.
    """

    start: int
    path: ValuePath
    is_key: bool


def cursors(text: Text, offset: int) -> Iterator[Cursor]:
    """What may be written at an offset: a key, a value, or either. Nothing within quotes and comments."""
    before = text.text[:offset]
    word = _WORD.search(before)
    start = word.start() if word is not None else offset
    before = before[:start]
    forms = [(f"{before}{_MARK}", False)]
    if not _AFTER_A_KEY.search(before):
        forms.insert(0, (f"{before}{_MARK}: x", True))
    for form, is_key in forms:
        path = _path_of_mark(form)
        if path is not None:
            yield Cursor(start, path[0], is_key or path[1])


def key_at(document: Document, text: Text, offset: int) -> ValuePath | None:
    """The path of the key that stands at an offset; None where none stands."""
    for path, _ in document.walk():
        if not path or not isinstance(path[-1], str):
            continue
        place = document.location(path, key=True)
        start, end = text.token_at(place.line, place.column)
        if start <= offset <= end and text.text[start:end].strip("'\"") == path[-1]:
            return path
    return None


def readings(text: Text, offset: int) -> tuple[Document, ...]:
    """The documents as far as they can be read: as they are, with a key where one is written, and without that line."""
    whole = text.text
    start, end = text.line_around(offset)
    texts = (whole, f"{whole[:offset]}{_MARK}: {whole[offset:]}", f"{whole[:start]}{whole[end:]}")
    return tuple(document for one in texts for document in parse_documents(one))


class _Open:
    """A mapping or list that has begun: where it stands, and what comes next in it."""

    def __init__(self, path: ValuePath, *, is_list: bool) -> None:
        self.path = path
        self.is_list = is_list
        self.index = 0
        self.key: str | None = None

    @property
    def awaits_key(self) -> bool:
        return not self.is_list and self.key is None

    def next_path(self) -> ValuePath:
        """Where the value that begins now stands."""
        step: str | int = self.index if self.is_list else self.key or ""
        return (*self.path, step)

    def take(self, word: str) -> None:
        """A key has come, or the end of a value."""
        if self.is_list:
            self.index += 1
        else:
            self.key = word if self.key is None else None


def _path_of_mark(text: str) -> tuple[ValuePath, bool] | None:
    """The path at which the mark stands, and whether as a key. What is wrong behind it does not count.

    None where it stands nowhere, or deeper than any document is read: each level costs the path to it.
    """
    import yaml.error

    parser = event_parser()(text)
    stack: list[_Open] = []
    try:
        for event in iter(parser.get_event, None):
            found = _step(stack, event)
            if found is not None:
                return found
            if len(stack) > MAX_DEPTH:
                return None
    except yaml.error.YAMLError:
        return None
    finally:
        parser.dispose()
    return None


def _step(stack: list[_Open], event: Any) -> tuple[ValuePath, bool] | None:
    kind = type(event).__name__
    top = stack[-1] if stack else None
    if kind in {"MappingStartEvent", "SequenceStartEvent"}:
        path = top.next_path() if top is not None and not top.awaits_key else ()
        stack.append(_Open(path, is_list=kind.startswith("Sequence")))
    elif kind in {"MappingEndEvent", "SequenceEndEvent"}:
        stack.pop()
        if stack:
            stack[-1].take("")
    elif kind in {"ScalarEvent", "AliasEvent"}:
        word = event.value if kind == "ScalarEvent" else ""
        if word == _MARK:
            if top is None:
                return (), True
            return (top.path, True) if top.awaits_key else (top.next_path(), False)
        if top is not None:
            top.take(word)
    elif kind == "DocumentStartEvent":
        stack.clear()
    return None
