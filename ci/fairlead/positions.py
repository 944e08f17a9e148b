"""YAML as Compose reads it, with the place of every key and value.

A file is read once, from the parser's events (libyaml where it is there), into a tree of nodes.
Each node knows its plain value and where it stands, so a finding can name ``file:line:column``.
The walk is iterative and counts what aliases expand to, so no input can exhaust memory or the stack.

Scalars are read as go-yaml v3 reads them, because Compose does (its ``resolve.go``):
``yes`` and ``on`` are strings, ``22:22`` is a string, a date is a string, ``0755`` is octal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from fairlead.errors import Finding, Location

MAX_BYTES = 8 * 1024 * 1024
"""Longest file read, in bytes: a compose file of 1,000 services takes about 1 MB."""
MAX_NODES = 500_000
"""Most values in one document, aliases counted as often as they are used."""
MAX_DEPTH = 64
"""Deepest nesting of one document; compose files stay below 12."""

ValuePath = tuple[str | int, ...]
"""Where a value stands: the keys and indexes that lead to it, e.g. ``("services", "web", "ports", 0)``."""

_LOADER = cast("type[yaml.SafeLoader]", getattr(yaml, "CSafeLoader", yaml.SafeLoader))
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INFINITIES = {
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([1-9][0-9]*|0))")
_BASES = (16, 2, 8, 10)


class Node:
    """A value and its place. ``entries`` holds the children: by key for a mapping, in order for a list.

    An alias shares the node of its anchor, so a tree of nodes is never larger than its text.
    """

    __slots__ = ("column", "depth", "entries", "line", "plain", "size", "tag", "text", "value")

    def __init__(
        self, line: int, column: int, value: Any, *, text: str = "", plain: bool = False, tag: str = ""
    ) -> None:
        self.line = line
        self.column = column
        self.value = value
        self.text = text
        self.plain = plain
        self.tag = tag
        self.size = 1
        self.depth = 1
        self.entries: dict[str | int, Entry] = {}


class Entry:
    """A child of a node: where its key (of a list: the item itself) stands, and the child."""

    __slots__ = ("column", "line", "node")

    def __init__(self, line: int, column: int, node: Node) -> None:
        self.line = line
        self.column = column
        self.node = node


@dataclass(frozen=True)
class Document:
    """A parsed document.

    Attributes:
        path: the file, as the user knows it.
        value: dicts, lists and scalars. Parts that are used through an alias are shared: do not change them.
        faults: what is wrong with the YAML itself; with any, ``value`` holds what could be read.
    """

    path: str
    value: Any = None
    faults: tuple[Finding, ...] = ()
    root: Node | None = field(default=None, repr=False)

    def location(self, path: ValuePath = (), *, key: bool = False) -> Location:
        """The place of the value at ``path`` or, with ``key``, of its key; of its nearest parent if it is not there."""
        node = self.root
        if node is None:
            return Location(self.path, 1, 1)
        place = (node.line, node.column)
        for number, step in enumerate(path, start=1):
            entry = node.entries.get(step)
            if entry is None:
                break
            node = entry.node
            key_wanted = key and number == len(path)
            place = (
                (entry.line, entry.column) if key_wanted or number < len(path) else (node.line, node.column)
            )
        return Location(self.path, *place)

    def node(self, path: ValuePath) -> Node | None:
        """The node at ``path``, or None."""
        node = self.root
        for step in path:
            entry = node.entries.get(step) if node is not None else None
            if entry is None:
                return None
            node = entry.node
        return node

    def has(self, path: ValuePath) -> bool:
        """Whether a value stands at ``path``."""
        return self.node(path) is not None

    def text(self, path: ValuePath) -> str:
        """The scalar at ``path`` as it is written, without quotes: ``1.10`` keeps its zero."""
        node = self.node(path)
        return node.text if node is not None else ""

    def tag(self, path: ValuePath) -> str:
        """The explicit tag of the value at ``path`` (``!reset``, ``!override``), or an empty string."""
        node = self.node(path)
        return node.tag if node is not None else ""

    def walk(self) -> Iterator[tuple[ValuePath, Node]]:
        """Every value with its path, parents first, in the order of the file, aliases followed."""
        stack: list[tuple[ValuePath, Node]] = [((), self.root)] if self.root is not None else []
        while stack:
            path, node = stack.pop()
            yield path, node
            stack.extend(((*path, step), entry.node) for step, entry in reversed(node.entries.items()))


def load_yaml(path: Path, shown: str = "") -> Document:
    """Read a file that holds one YAML document.

    Args:
        path: the file.
        shown: how to name it in findings; its path if empty.

    Raises:
        OSError: the file can't be read.
    """
    documents = load_documents(path, shown)
    return _single(documents)


def load_documents(path: Path, shown: str = "") -> tuple[Document, ...]:
    """Read a file that may hold several YAML documents, as Compose does. There is always at least one.

    Raises:
        OSError: the file can't be read.
    """
    name = shown or str(path)
    with path.open("rb") as stream:
        raw = stream.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        return (_broken(name, f"the file is larger than {MAX_BYTES // 2**20} MiB"),)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = len(raw[raw.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8", "replace")) + 1
        fault = Finding("the file is not UTF-8 text", Location(name, line, column), rule="yaml")
        return (Document(name, faults=(fault,)),)
    return parse_documents(text, name)


def parse_yaml(text: str, path: str = "") -> Document:
    """Parse one document; a second one in the text is a fault."""
    return _single(parse_documents(text, path))


def parse_documents(text: str, path: str = "") -> tuple[Document, ...]:
    """Parse all documents of a text. There is always at least one; faults stand in the document that they concern."""
    if len(text) > MAX_BYTES:
        return (_broken(path, f"the file is larger than {MAX_BYTES // 2**20} MiB"),)
    return _Composer(path).compose(text) or (Document(path),)


def resolve_scalar(text: str) -> Any:
    """The value of a plain scalar, as go-yaml v3 decodes it into an untyped value."""
    if text in _NULLS:
        return None
    first = text[0]
    if first in "tTfF":
        return _BOOLEANS.get(text, text)
    if first not in "+-.0123456789":
        return text
    if text in _INFINITIES:
        return _INFINITIES[text]
    digits = text.replace("_", "")
    number = _INTEGER.fullmatch(digits)
    if number is not None:
        return _integer(number)
    return float(digits) if _FLOAT.fullmatch(digits) else text


def _integer(number: re.Match[str]) -> int:
    sign = -1 if number[1] == "-" else 1
    return next(
        sign * int(digits, base) for digits, base in zip(number.groups()[1:], _BASES, strict=True) if digits
    )


def _single(documents: tuple[Document, ...]) -> Document:
    first = documents[0]
    if len(documents) == 1:
        return first
    second = Finding("a second document starts here; one is expected", documents[1].location(), rule="yaml")
    return Document(first.path, first.value, (*first.faults, second), first.root)


def _broken(path: str, what: str, line: int = 1, column: int = 1) -> Document:
    return Document(path, faults=(Finding(what, Location(path, line, column), rule="yaml"),))


class _TooMuchError(Exception):
    """The document is deeper or larger than anything meant."""

    def __init__(self, what: str, line: int, column: int) -> None:
        super().__init__(what)
        self.what = what
        self.place = (line, column)


class _Open:
    """A mapping or list whose end has not come yet."""

    __slots__ = ("anchor", "key", "merges", "node")

    def __init__(self, node: Node, anchor: str | None) -> None:
        self.node = node
        self.anchor = anchor
        self.key: Node | None = None
        self.merges: list[Entry] = []


class _Composer:
    """Builds nodes from parser events: one instance a text."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._faults: list[Finding] = []
        self._anchors: dict[str, Node | None] = {}
        self._stack: list[_Open] = []
        self._root: Node | None = None

    def compose(self, text: str) -> tuple[Document, ...]:
        documents: list[Document] = []
        loader = _LOADER(text)
        try:
            for event in iter(loader.get_event, None):
                if isinstance(event, yaml.DocumentEndEvent):
                    documents.append(self._document())
                else:
                    self._take(event)
        except (yaml.MarkedYAMLError, yaml.reader.ReaderError, _TooMuchError) as error:
            self._faults.append(self._syntax_fault(error, text))
            documents.append(self._document())
        finally:
            loader.dispose()
        return tuple(documents)

    def _document(self) -> Document:
        root = self._root if self._root is not None else (self._stack[0].node if self._stack else None)
        document = Document(self._path, root.value if root is not None else None, tuple(self._faults), root)
        self._faults, self._anchors, self._stack, self._root = [], {}, [], None
        return document

    def _take(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            node = _scalar(event)
            self._add(node, node.line, node.column, event.anchor)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self._begin(event, {} if kind is yaml.MappingStartEvent else [])
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._end()
        elif kind is yaml.AliasEvent:
            self._alias(event)

    def _begin(self, event: Any, value: Any) -> None:
        mark = event.start_mark
        if len(self._stack) >= MAX_DEPTH:
            raise _TooMuchError(f"nested deeper than {MAX_DEPTH} levels", mark.line + 1, mark.column + 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node = Node(mark.line + 1, mark.column + 1, value, tag=event.tag or "")
        self._stack.append(_Open(node, event.anchor))

    def _end(self) -> None:
        done = self._stack.pop()
        if done.merges:
            self._merge(done)
        self._add(done.node, done.node.line, done.node.column, done.anchor)

    def _alias(self, event: Any) -> None:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        node = self._anchors.get(event.anchor)
        if node is None:
            inside = event.anchor in self._anchors
            why = "stands inside its own anchor" if inside else "has no anchor before it"
            self._fault(f"alias *{event.anchor} {why}", line, column)
            node = Node(line, column, None)
        self._add(node, line, column, None)

    def _add(self, node: Node, line: int, column: int, anchor: str | None) -> None:
        """Put a finished node into its parent; line and column are where it is used."""
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._stack:
            self._root = node
            return
        parent = self._stack[-1]
        owner = parent.node
        owner.size += node.size
        owner.depth = max(owner.depth, node.depth + 1)
        if owner.size > MAX_NODES or len(self._stack) + node.depth > MAX_DEPTH + 1:
            raise _TooMuchError(f"more than {MAX_NODES:,} values or {MAX_DEPTH} levels", line, column)
        if isinstance(owner.value, list):
            owner.entries[len(owner.value)] = Entry(line, column, node)
            owner.value.append(node.value)
        elif parent.key is None:
            parent.key = node
        else:
            self._put(parent, parent.key, node)
            parent.key = None

    def _put(self, parent: _Open, key: Node, node: Node) -> None:
        entry = Entry(key.line, key.column, node)
        if key.plain and key.text == "<<":
            if parent.merges:
                self._fault(
                    "the key << stands twice in one mapping", key.line, key.column, "write one <<: [*a, *b]"
                )
            parent.merges.append(entry)
            return
        if key.entries or isinstance(key.value, (dict, list)):
            self._fault("a key must be a word, not a mapping or list", key.line, key.column)
            return
        name = key.text
        before = parent.node.entries.get(name)
        if before is not None:
            self._fault(f"the key {name} stands twice: first at line {before.line}", key.line, key.column)
        parent.node.entries[name] = entry
        parent.node.value[name] = node.value

    def _merge(self, done: _Open) -> None:
        """Take over what ``<<`` names: what the mapping says itself wins, and of several the first."""
        own = done.node
        for entry in done.merges:
            source = entry.node
            parts = (
                [child.node for child in source.entries.values()]
                if isinstance(source.value, list)
                else [source]
            )
            for part in parts:
                if not isinstance(part.value, dict):
                    self._fault("<< takes a mapping or a list of mappings", entry.line, entry.column)
                    continue
                for name, child in part.entries.items():
                    if name not in own.entries:
                        own.entries[name] = child
                        own.value[name] = child.node.value

    def _fault(self, what: str, line: int, column: int, fix: str = "") -> None:
        rule = "duplicate-key" if "twice" in what else "yaml"
        self._faults.append(Finding(what, Location(self._path, line, column), fix, rule))

    def _syntax_fault(self, error: Exception, text: str) -> Finding:
        if isinstance(error, _TooMuchError):
            return Finding(error.what, Location(self._path, *error.place), rule="yaml")
        if isinstance(error, yaml.MarkedYAMLError):
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
            context = f" {error.context}" if error.context else ""
            return Finding(
                f"not YAML: {error.problem}{context}", Location(self._path, line, column), rule="yaml"
            )
        return self._character_fault(text)

    def _character_fault(self, text: str) -> Finding:
        """The parser gives a byte offset at most for a character that YAML forbids: look for it ourselves."""
        found = yaml.reader.Reader.NON_PRINTABLE.search(text)
        offset = found.start() if found else 0
        line = text.count("\n", 0, offset) + 1
        column = offset - text.rfind("\n", 0, offset)
        what = f"not YAML: the character U+{ord(text[offset]):04X} is not allowed" if found else "not YAML"
        return Finding(what, Location(self._path, line, column), rule="yaml")


def _scalar(event: Any) -> Node:
    mark, text = event.start_mark, event.value
    plain = event.implicit[0]
    tag = "" if event.tag is None or event.tag == "!" else event.tag
    value = resolve_scalar(text) if plain and not tag else _tagged(text, tag, plain=not event.style)
    return Node(mark.line + 1, mark.column + 1, value, text=text, plain=not event.style, tag=tag)


def _tagged(text: str, tag: str, *, plain: bool) -> Any:
    """The value of a scalar with an explicit tag, or in quotes. Local tags such as ``!reset`` change nothing."""
    if not tag.startswith("tag:yaml.org,2002:"):
        return resolve_scalar(text) if plain and tag else text
    kind = tag.removeprefix("tag:yaml.org,2002:")
    if kind == "float":
        value = resolve_scalar(text)
        return float(value) if isinstance(value, int) else value
    return text if kind in {"str", "binary", "timestamp"} else resolve_scalar(text)


def plain(value: Any) -> Any:
    """A deep copy of a document's value that shares nothing, so that it may be changed."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
