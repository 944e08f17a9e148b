"""Nodes that nobody wrote as such: made from written ones, and standing where those stand."""

from __future__ import annotations

from fairlead.yaml_nodes import DOLLAR, Entry, Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any


def scalar(value: Any, like: Node) -> Node:
    """A value that was made from what is written at ``like``."""
    node = Node(like.line, like.column, value, text=like.text, plain=like.plain, tag=like.tag, path=like.path)
    node.origin = like.origin or like
    if isinstance(value, str) and "$" in value:
        node.flags = DOLLAR
    return node


def mapping(entries: dict[str | int, Entry], like: Node) -> Node:
    """A mapping of these entries that stands at ``like``. The entries are kept, not copied."""
    value: dict[str | int, Any] = {}
    # A key that holds a $ is not among the children's flags, so that of the origin is kept.
    flags = like.flags & DOLLAR
    for key, entry in entries.items():
        child = entry.node
        value[key] = child.value
        flags |= child.flags
    node = Node(like.line, like.column, value, path=like.path)
    node.origin = like.origin or like
    node.entries = entries
    node.flags = flags
    return node


def sequence(items: Iterable[Entry], like: Node) -> Node:
    """A list of these items that stands at ``like``."""
    value: list[Any] = []
    entries: dict[str | int, Entry] = {}
    flags = 0
    for number, entry in enumerate(items):
        child = entry.node
        entries[number] = entry
        value.append(child.value)
        flags |= child.flags
    node = Node(like.line, like.column, value, path=like.path)
    node.origin = like.origin or like
    node.entries = entries
    node.flags = flags
    return node


def grown(value: Any, like: Node) -> Node:
    """A plain value as nodes that all stand at ``like``: a short form made long, or a default."""
    if isinstance(value, dict):
        return mapping(
            {key: Entry(like.line, like.column, grown(item, like)) for key, item in value.items()}, like
        )
    if isinstance(value, list):
        return sequence((Entry(like.line, like.column, grown(item, like)) for item in value), like)
    return scalar(value, like)


def replaced(node: Node, changes: Mapping[str | int, Node | None]) -> Node:
    """A mapping or list with some children changed, added, or (None) taken away; the node itself if none is."""
    if not changes:
        return node
    entries = dict(node.entries)
    for key, child in changes.items():
        before = entries.get(key)
        if child is None:
            entries.pop(key, None)
        elif before is None:
            entries[key] = Entry(child.line, child.column, child)
        else:
            entries[key] = Entry(before.line, before.column, child)
    if isinstance(node.value, list):
        return sequence(entries.values(), node)
    return mapping(entries, node)


def applied(node: Node, table: Mapping[Any, Callable[[Node], Node | None]]) -> Node:
    """A mapping with each child that a table names put through its function; None takes the child away."""
    changes: dict[str | int, Node | None] = {}
    for key, entry in node.entries.items():
        function = table.get(key)
        if function is not None:
            child = entry.node
            new = function(child)
            if new is not child:
                changes[key] = new
    return replaced(node, changes) if changes else node


def each(node: Node, function: Callable[[Node], Node | None]) -> Node:
    """A mapping or list with each child put through a function; None takes the child away."""
    changes: dict[str | int, Node | None] = {}
    for key, entry in node.entries.items():
        child = entry.node
        new = function(child)
        if new is not child:
            changes[key] = new
    return replaced(node, changes) if changes else node


def with_values(node: Node, values: Mapping[str, Any], like: Node | None = None) -> Node:
    """A mapping with these plain values where it has none of its own: defaults, which stand where it stands."""
    missing: dict[str | int, Node | None] = {
        key: grown(value, like or node) for key, value in values.items() if key not in node.entries
    }
    return replaced(node, missing) if missing else node


def is_mapping(node: Node | None) -> bool:
    """Whether a node is there and a mapping."""
    return node is not None and isinstance(node.value, dict)


def is_list(node: Node | None) -> bool:
    """Whether a node is there and a list."""
    return node is not None and isinstance(node.value, list)


def child(node: Node | None, *steps: str | int) -> Node | None:
    """The node below these keys, or None."""
    for step in steps:
        entry = node.entries.get(step) if node is not None else None
        if entry is None:
            return None
        node = entry.node
    return node
