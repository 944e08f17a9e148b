"""YAML as Compose reads it, with the place of every key and value.

A file is read once, from the parser's events (libyaml where it is there), into a tree of nodes.
Each node knows its plain value and where it stands, so a finding can name ``file:line:column``.
The walk is iterative and counts what aliases expand to, so no input can exhaust memory or the stack.

Scalars are read as go-yaml v3 reads them, because Compose does (its ``resolve.go``):
``yes`` and ``on`` are strings, ``22:22`` is a string, a date is a string, ``0755`` is octal.
"""

from __future__ import annotations

from pathlib import Path

from fairlead.findings import Finding, Location
from fairlead.quick.records import dataclass, field
from fairlead.yaml_nodes import Node, compose_trees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

MAX_BYTES = 8 * 1024 * 1024
"""Longest file read, in bytes: a compose file of 1,000 services takes about 1 MB."""
ValuePath = tuple[str | int, ...]
"""Where a value stands: the keys and indexes that lead to it, e.g. ``("services", "web", "ports", 0)``."""


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
        text = _decoded(raw)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = len(raw[raw.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8", "replace")) + 1
        fault = Finding(
            f"the file is not {error.encoding.upper()} text", Location(name, line, column), rule="yaml"
        )
        return (Document(name, faults=(fault,)),)
    return parse_documents(text, name)


def _decoded(raw: bytes) -> str:
    """A file's text and its byte order mark, by which go-yaml reads it: UTF-8 where there is none."""
    if raw.startswith(b"\xff\xfe"):
        return raw.decode("utf-16-le")
    return raw.decode("utf-16-be" if raw.startswith(b"\xfe\xff") else "utf-8")


def parse_yaml(text: str, path: str = "") -> Document:
    """Parse one document; a second one in the text is a fault."""
    return _single(parse_documents(text, path))


def parse_documents(text: str, path: str = "") -> tuple[Document, ...]:
    """Parse all documents of a text. There is always at least one; faults stand in the document that they concern."""
    if len(text) > MAX_BYTES:
        return (_broken(path, f"the file is larger than {MAX_BYTES // 2**20} MiB"),)
    # Its first mark is no part of a text, a second is.
    trees = compose_trees(text.removeprefix("\ufeff"), path)
    documents = (
        Document(path, tree.root.value if tree.root is not None else None, tree.faults, tree.root)
        for tree in trees
    )
    return tuple(documents) or (Document(path),)


def _single(documents: tuple[Document, ...]) -> Document:
    first = documents[0]
    if len(documents) == 1:
        return first
    second = Finding("a second document starts here; one is expected", documents[1].location(), rule="yaml")
    return Document(first.path, first.value, (*first.faults, second), first.root)


def _broken(path: str, what: str, line: int = 1, column: int = 1) -> Document:
    return Document(path, faults=(Finding(what, Location(path, line, column), rule="yaml"),))


def plain(value: Any) -> Any:
    """A deep copy of a document's value that shares nothing, so that it may be changed."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def shown_path(path: Path) -> str:
    """A path as the user would write it: relative to the working directory where it lies below."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
