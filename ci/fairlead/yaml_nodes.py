"""Parser events to nodes: plain values that know where they stand.

The walk is iterative and counts what aliases expand to, so no input can exhaust memory or the stack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import yaml

from fairlead.findings import Finding, Location
from fairlead.yaml_scalars import resolve_scalar, tagged_scalar

MAX_NODES = 500_000
"""Most values in one document, aliases counted as often as they are used."""
MAX_DEPTH = 64
"""Deepest nesting of one document; compose files stay below 12."""

DOLLAR = 1
"""Flag of a node: a text in it holds a ``$``."""
TAGGED = 2
"""Flag of a node: ``!reset`` or ``!override`` stands on it or in it."""
_EDITING_TAGS = frozenset({"!reset", "!override"})

_LOADER = cast("type[yaml.SafeLoader]", getattr(yaml, "CSafeLoader", yaml.SafeLoader))


class Node:
    """A value and its place. ``entries`` holds the children: by key for a mapping, in order for a list.

    An alias shares the node of its anchor, so a tree of nodes is never larger than its text.
    ``path`` is the file; ``origin`` is, of a node that was made from a written one, that one.
    """

    __slots__ = (
        *("column", "depth", "entries", "flags", "line", "origin", "path"),
        *("plain", "size", "tag", "text", "value"),
    )

    def __init__(
        self,
        line: int,
        column: int,
        value: Any,
        *,
        text: str = "",
        plain: bool = False,
        tag: str = "",
        path: str = "",
    ) -> None:
        self.path = path
        self.origin: Node | None = None
        self.flags = TAGGED if tag in _EDITING_TAGS else 0
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
class Tree:
    """The nodes of one document, as far as it could be read, and what is wrong with it."""

    root: Node | None
    faults: tuple[Finding, ...]


def compose_trees(text: str, path: str) -> tuple[Tree, ...]:
    """The trees of all documents of a text; none for an empty text."""
    return _Composer(path).compose(text)


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

    def compose(self, text: str) -> tuple[Tree, ...]:
        documents: list[Tree] = []
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

    def _document(self) -> Tree:
        root = self._root if self._root is not None else (self._stack[0].node if self._stack else None)
        document = Tree(root, tuple(self._faults))
        self._faults, self._anchors, self._stack, self._root = [], {}, [], None
        return document

    def _take(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            node = self._scalar(event)
            self._add(node, node.line, node.column, event.anchor)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self._begin(event, {} if kind is yaml.MappingStartEvent else [])
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._end()
        elif kind is yaml.AliasEvent:
            self._alias(event)

    def _scalar(self, event: Any) -> Node:
        mark, text = event.start_mark, event.value
        plain = event.implicit[0]
        tag = "" if event.tag is None or event.tag == "!" else event.tag
        value = resolve_scalar(text) if plain and not tag else tagged_scalar(text, tag, plain=not event.style)
        node = Node(
            mark.line + 1, mark.column + 1, value, text=text, plain=not event.style, tag=tag, path=self._path
        )
        if "$" in text:
            node.flags |= DOLLAR
        return node

    def _begin(self, event: Any, value: Any) -> None:
        mark = event.start_mark
        if len(self._stack) >= MAX_DEPTH:
            raise _TooMuchError(f"nested deeper than {MAX_DEPTH} levels", mark.line + 1, mark.column + 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node = Node(mark.line + 1, mark.column + 1, value, tag=event.tag or "", path=self._path)
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
            node = Node(line, column, None, path=self._path)
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
        owner.flags |= node.flags
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
        if not isinstance(key.value, str):
            self._fault(f"the key {name} is no text: write it in quotes", key.line, key.column)
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
