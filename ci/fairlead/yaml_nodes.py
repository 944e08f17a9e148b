"""Parser events to nodes: plain values that know where they stand.

The walk is iterative and counts what aliases expand to, so no input can exhaust memory or the stack.
"""

from __future__ import annotations

import sys

from fairlead.findings import Finding, Location
from fairlead.quick.patterns import compile_late
from fairlead.quick.records import dataclass
from fairlead.quick.yaml_events import event_parser
from fairlead.yaml_scalars import is_date, resolve_scalar, tagged_scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MAX_NODES = 200_000
"""Most values in one document, aliases counted as often as they are used: a file of 1,000 services has about 70,000."""
MAX_DEPTH = 64
"""Deepest nesting of one document; compose files stay below 12."""

DOLLAR = 1
"""Flag of a node: a text in it holds a ``$``."""
TAGGED = 2
"""Flag of a node: ``!reset`` or ``!override`` stands on it or in it."""
ODD = 4
"""Flag of a node: it is, or holds, a date without quotes (which is no text to Compose), ``.inf`` or ``.nan``."""
FILLED = 8
"""Flag of a node: merging has made something else of it, which holds: an empty value over another, a list of names."""
_INFINITE = float("inf")
_ODD_TAGS = frozenset({"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:float"})
_EDITING_TAGS = frozenset({"!reset", "!override"})


class Node:
    """A value and its place. ``entries`` holds the children: by key for a mapping, in order for a list.

    An alias shares the node of its anchor, so a tree of nodes is never larger than its text.
    ``path`` is the file; ``origin`` is, of a node that was made from a written one, that one.
    """

    __slots__ = (
        *("column", "entries", "flags", "line", "origin", "path"),
        *("plain", "tag", "text", "value"),
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
        self.line = line
        self.column = column
        self.value = value
        self.text = text
        self.plain = plain
        self.tag = tag
        self.path = path
        self.flags = 0
        self.origin: Node | None = None
        self.entries: dict[str | int, Entry] = {}


class Entry:
    """A child of a node: where its key (of a list: the item itself) stands, and the child.

    ``hides`` are the mappings that merge keys bring under the same key, of which nothing is left.
    """

    __slots__ = ("column", "hides", "line", "node")

    def __init__(self, line: int, column: int, node: Node, hides: tuple[Node, ...] = ()) -> None:
        self.line = line
        self.column = column
        self.node = node
        self.hides = hides


@dataclass(frozen=True)
class Tree:
    """The nodes of one document, as far as it could be read, and what is wrong with it."""

    root: Node | None
    faults: tuple[Finding, ...]


def compose_trees(text: str, path: str) -> tuple[Tree, ...]:
    """The trees of all documents of a text; none for an empty text."""
    try:
        return _Composer(path).compose(text)
    except _EscapedQuoteError as error:
        # No YAML, but go-yaml reads it. libyaml does where the backslash is a character that the text has not.
        held = set(text)
        stand_in = next(
            (character for character in map(chr, range(0xE000, 0xF8FF)) if character not in held), ""
        )
        if not stand_in:
            return error.trees
        return _Composer(path, stand_in).compose(_ESCAPED_QUOTE.sub(rf"\1{stand_in}'", text))


_ESCAPED_QUOTE = compile_late(r"(?<!\\)((?:\\\\)*)\\'")
_LINE_MARK = compile_late(r"(?<![^\n\r\x85\u2028\u2029])\ufeff")
_ESCAPED_SLASH = compile_late(r"(?<!\\)(?:\\\\)*\\/")


class _EscapedQuoteError(Exception):
    r"""A text in double quotes holds ``\'``; ``trees`` is what is said of that if it can't be read otherwise."""

    def __init__(self, trees: tuple[Tree, ...]) -> None:
        super().__init__()
        self.trees = trees


class _TooMuchError(Exception):
    """The document is deeper or larger than anything meant."""

    def __init__(self, what: str, line: int, column: int) -> None:
        super().__init__(what)
        self.what = what
        self.place = (line, column)


class _Anchor:
    """What an anchor stands for: its node, how many values it holds, and how deep they are."""

    __slots__ = ("depth", "node", "size")

    def __init__(self, node: Node, size: int, depth: int) -> None:
        self.node = node
        self.size = size
        self.depth = depth


class _Open:
    """A mapping or list whose end has not come yet."""

    __slots__ = (
        "anchor",
        "before",
        "depth",
        "entries",
        "is_flow",
        "is_list",
        "key",
        "merges",
        "node",
        "value",
    )

    def __init__(self, node: Node, anchor: str | None, before: int, *, is_flow: bool) -> None:
        self.is_flow = is_flow
        self.node = node
        self.entries = node.entries
        self.value = node.value
        self.is_list = isinstance(node.value, list)
        self.anchor = anchor
        self.before = before
        self.depth = 1
        self.key: Node | None = None
        self.merges: list[Entry] = []


class _Composer:
    """Builds nodes from parser events: one instance a text."""

    def __init__(self, path: str, stand_in: str = "") -> None:
        r"""Start with nothing read; ``stand_in`` is the character that stands for the backslash of each ``\'``."""
        self._path = path
        self._stand_in = stand_in
        self._text = ""
        self._slashed = ""
        # Where lines begin with a byte order mark, the last one first.
        self._marks: list[int] = []
        self._is_special = False
        self._documents: list[Tree] = []
        # An alias may name what stands in a document before.
        self._anchors: dict[str, _Anchor | _Open] = {}
        self._start()

    def _start(self) -> None:
        self._faults: list[Finding] = []
        self._stack: list[_Open] = []
        self._root: Node | None = None
        self._count = 0

    def compose(self, text: str) -> tuple[Tree, ...]:
        self._text = text
        self._slashed = text if "\\/" in text else ""
        if "\ufeff" in text:
            self._marks = [found.start() for found in _LINE_MARK.finditer(text)][::-1]
        self._is_special = bool(self._slashed or self._marks or self._stand_in)
        parser = event_parser()(text)
        kinds = sys.modules["yaml.events"]
        takers: dict[type, Callable[[Any], None]] = {
            kinds.ScalarEvent: self._scalar,
            kinds.MappingStartEvent: self._begin_mapping,
            kinds.SequenceStartEvent: self._begin_list,
            kinds.MappingEndEvent: self._end,
            kinds.SequenceEndEvent: self._end,
            kinds.AliasEvent: self._alias,
            kinds.DocumentStartEvent: self._begin_document,
            kinds.DocumentEndEvent: self._end_document,
            kinds.StreamEndEvent: self._end_stream,
        }
        ignored = _ignore
        try:
            for event in iter(parser.get_event, None):
                takers.get(event.__class__, ignored)(event)
        except (sys.modules["yaml.error"].YAMLError, _TooMuchError) as error:
            mark = getattr(error, "problem_mark", None)
            self._faults.append(self._syntax_fault(error, text))
            self._end_document(None)
            if not self._stand_in and mark is not None and text[mark.index : mark.index + 2] == "\\'":
                raise _EscapedQuoteError(tuple(self._documents)) from error
        finally:
            parser.dispose()
        return tuple(self._documents)

    def _begin_document(self, event: Any) -> None:
        if event.version is not None and tuple(event.version) != (1, 1):
            mark = event.start_mark
            what = f"Compose reads YAML 1.1 only, not {'.'.join(map(str, event.version))}"
            self._fault(what, mark.line + 1, mark.column + 1, "leave the line %YAML out")

    def _end_document(self, event: Any) -> None:
        if event is not None and self._marks:
            self._check_marks(event.start_mark.index, event.start_mark.index)
        root = self._root if self._root is not None else (self._stack[0].node if self._stack else None)
        self._documents.append(Tree(root, tuple(self._faults)))
        self._start()

    def _end_stream(self, event: Any) -> None:
        self._check_marks(event.start_mark.index, event.start_mark.index)
        if self._faults:
            # Behind the last document.
            self._end_document(None)

    def _scalar(self, event: Any) -> None:
        mark, text, tag = event.start_mark, event.value, event.tag
        is_plain = not event.style
        if self._is_special:
            text = self._unescaped(event)
            self._check_marks(mark.index, event.end_mark.index)
        if tag is None or tag == "!":
            value = self._plain(text, mark) if event.implicit[0] else text
            tag = ""
        else:
            value = self._tagged(text, tag, mark)
        line, column = mark.line + 1, mark.column + 1
        node = Node(line, column, value, text=text, plain=is_plain, tag=tag, path=self._path)
        self._count += 1
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(node, 1, 0)
        node.flags = (TAGGED if tag in _EDITING_TAGS else 0) | (DOLLAR if "$" in text else 0)
        if (tag in _ODD_TAGS if tag else is_plain) and _is_odd(value, text):
            node.flags |= ODD
        if self._stack:
            opened = self._stack[-1]
            if is_plain and opened.is_flow and "?" in text:
                self._check_question(text, line, column)
            if opened.key is None and not opened.is_list:
                opened.key = node
                opened.node.flags |= node.flags & DOLLAR
                return
            if node.flags:
                opened.node.flags |= node.flags
            self._attach(opened, node, line, column)
        else:
            self._root = node

    def _plain(self, text: str, mark: Any) -> Any:
        try:
            return resolve_scalar(text)
        except ValueError as error:
            # The rest is what it is: it is told too.
            self._fault(str(error), mark.line + 1, mark.column + 1, rule="schema")
            return text

    def _check_question(self, text: str, line: int, column: int) -> None:
        """Tell of a ``?`` in brackets without quotes, which begins a key to go-yaml v3."""
        if "?" in text[1:]:
            what = "not YAML to Compose before 5: a ? in brackets or braces without quotes"
            self._fault(what, line, column, "put it in quotes")

    def _check_marks(self, start: int, end: int) -> None:
        """Tell of the first byte order mark that begins a line, up to ``end``, and stands in no text from ``start`` on.

        libyaml passes it over, but go-yaml takes it for text, or for an indent at the start of the file.
        """
        while self._marks and self._marks[-1] < end:
            at = self._marks.pop()
            if at <= start:
                line = self._text.count("\n", 0, at) + 1
                self._fault(
                    "not YAML: a byte order mark behind the start of the file", line, 1, "take it out"
                )
                self._marks = []

    def _unescaped(self, event: Any) -> str:
        r"""The text of a scalar where libyaml and go-yaml differ: ``\/`` in double quotes is unknown, ``\'`` known."""
        text: str = event.value
        if self._stand_in:
            text = text.replace(self._stand_in, "" if event.style == '"' else "\\")
        if self._slashed and event.style == '"':
            mark = event.start_mark
            found = _ESCAPED_SLASH.search(self._slashed, mark.index, event.end_mark.index)
            if found is not None:
                # From the mark on: a look back at the text for each scalar would cost its square.
                before = self._slashed[mark.index : found.end() - 2]
                line = mark.line + 1 + before.count("\n")
                column = len(before) - before.rfind("\n") if "\n" in before else mark.column + 1 + len(before)
                what = "not YAML: found unknown escape character \\/ while parsing a quoted scalar"
                self._fault(what, line, column, "write / as it is")
                # Compose reads no further.
                self._slashed = ""
        return text

    def _tagged(self, text: str, tag: str, mark: Any) -> Any:
        try:
            return tagged_scalar(text, tag)
        except ValueError as error:
            self._fault(f"not YAML: {error}", mark.line + 1, mark.column + 1)
            return text

    def _begin_mapping(self, event: Any) -> None:
        self._begin(event, {})

    def _begin_list(self, event: Any) -> None:
        self._begin(event, [])

    def _begin(self, event: Any, value: Any) -> None:
        mark = event.start_mark
        line, column = mark.line + 1, mark.column + 1
        if len(self._stack) >= MAX_DEPTH:
            raise _TooMuchError(f"nested deeper than {MAX_DEPTH} levels", line, column)
        node = Node(line, column, value, tag=event.tag or "", path=self._path)
        if node.tag in _EDITING_TAGS:
            node.flags = TAGGED
        opened = _Open(node, event.anchor, self._count, is_flow=bool(event.flow_style))
        if event.anchor is not None:
            self._anchors[event.anchor] = opened
        self._stack.append(opened)
        self._count += 1

    def _end(self, _event: Any) -> None:
        done = self._stack.pop()
        node = done.node
        if done.merges:
            self._merge(done)
        # The last to begin has the name: one of the same name inside keeps it.
        if done.anchor is not None and self._anchors[done.anchor] is done:
            self._anchors[done.anchor] = _Anchor(node, self._count - done.before, done.depth)
        self._add(node, node.line, node.column, done.depth)

    def _alias(self, event: Any) -> None:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        anchor = self._anchors.get(event.anchor)
        if anchor.__class__ is not _Anchor:
            why = "has no anchor before it" if anchor is None else "stands inside its own anchor"
            self._fault(f"alias *{event.anchor} {why}", line, column)
            anchor = _Anchor(Node(line, column, None, path=self._path), 1, 0)
        self._count += anchor.size
        if len(self._stack) + anchor.depth > MAX_DEPTH:
            raise _TooMuchError(f"nested deeper than {MAX_DEPTH} levels", line, column)
        self._add(anchor.node, line, column, anchor.depth)

    def _add(self, node: Node, line: int, column: int, depth: int) -> None:
        """Put a finished mapping, list or alias into its parent; line and column are where it is used."""
        if not self._stack:
            self._root = node
            return
        opened = self._stack[-1]
        if depth >= opened.depth:
            opened.depth = depth + 1
        if opened.key is None and not opened.is_list:
            opened.key = node
            return
        opened.node.flags |= node.flags
        self._attach(opened, node, line, column)

    def _attach(self, opened: _Open, node: Node, line: int, column: int) -> None:
        """Put a value into the mapping or list that is open."""
        if self._count > MAX_NODES:
            raise _TooMuchError(f"more than {MAX_NODES:,} values", line, column)
        if opened.is_list:
            opened.entries[len(opened.value)] = Entry(line, column, node)
            opened.value.append(node.value)
            return
        key = opened.key
        assert key is not None
        opened.key = None
        name = key.value
        if (
            name.__class__ is str
            and name not in opened.entries
            and not key.flags & ODD
            and not (name == "<<" and key.plain)
        ):
            opened.entries[name] = Entry(key.line, key.column, node)
            opened.value[name] = node.value
        else:
            self._put_odd(opened, key, node)

    def _put_odd(self, opened: _Open, key: Node, node: Node) -> None:
        """A merge, a key that is there already, or one that is no text."""
        entry = Entry(key.line, key.column, node)
        if key.plain and key.text == "<<":
            if opened.merges:
                what = "the key << stands twice in one mapping"
                self._fault(what, key.line, key.column, "write one <<: [*a, *b]", "duplicate-key")
            opened.merges.append(entry)
            return
        if isinstance(key.value, (dict, list)):
            self._fault("a key must be a word, not a mapping or list", key.line, key.column)
            return
        name = key.text
        if not isinstance(key.value, str) or key.flags & ODD:
            self._fault(f"the key {name} is no text: write it in quotes", key.line, key.column)
        before = opened.entries.get(name)
        if before is not None:
            what = f"the key {name} stands twice: first at line {before.line}"
            self._fault(what, key.line, key.column, rule="duplicate-key")
        opened.entries[name] = entry
        opened.value[name] = node.value

    def _merge(self, done: _Open) -> None:
        """Take over what ``<<`` names: what the mapping says itself wins, and of several the first."""
        entries, value = done.entries, done.value
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
                    own = entries.get(name)
                    if own is None:
                        entries[name] = child
                        value[name] = child.node.value
                    elif own.node is not child.node and isinstance(child.node.value, dict):
                        # It may be another mapping's, which it hides nothing of.
                        hides = (*own.hides, child.node)
                        entries[name] = Entry(own.line, own.column, own.node, hides)

    def _fault(self, what: str, line: int, column: int, fix: str = "", rule: str = "yaml") -> None:
        self._faults.append(Finding(what, Location(self._path, line, column), fix, rule))

    def _syntax_fault(self, error: Any, text: str) -> Finding:
        if isinstance(error, _TooMuchError):
            return Finding(error.what, Location(self._path, *error.place), rule="yaml")
        if not isinstance(error, sys.modules["yaml.error"].MarkedYAMLError):
            return self._character_fault(text)
        mark = _place_of(error, text)
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        context = f" {error.context}" if error.context else ""
        return Finding(f"not YAML: {error.problem}{context}", Location(self._path, line, column), rule="yaml")

    def _character_fault(self, text: str) -> Finding:
        """The parser gives a byte offset at most for a character that YAML forbids: look for it ourselves."""
        from yaml.reader import Reader

        found = Reader.NON_PRINTABLE.search(text)
        offset = found.start() if found else 0
        line = text.count("\n", 0, offset) + 1
        column = offset - text.rfind("\n", 0, offset)
        what = f"not YAML: the character U+{ord(text[offset]):04X} is not allowed" if found else "not YAML"
        return Finding(what, Location(self._path, line, column), rule="yaml")


def _is_odd(value: Any, text: str) -> bool:
    if value.__class__ is float:
        return not -_INFINITE < value < _INFINITE
    return text[4:5] == "-" and is_date(text)


def _place_of(error: Any, text: str) -> Any:
    """Where a fault of the syntax is: of a quote or bracket that is not closed, where it opens."""
    problem, context = error.problem_mark, error.context_mark
    if problem is None or context is None or problem.line <= context.line:
        return problem or context
    if "quoted scalar" in str(error.context):
        return context
    # What stands no further to the right than the line of the bracket is not meant to be in it; else a comma is missing.
    lines = text.splitlines()[: problem.line + 1]
    is_outside = len(lines) <= problem.line or _indent(lines[problem.line]) <= _indent(lines[context.line])
    return context if "flow " in str(error.context) and is_outside else problem


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _ignore(_event: Any) -> None:
    """An event that says nothing."""
