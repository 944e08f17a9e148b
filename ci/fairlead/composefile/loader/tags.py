"""``!reset`` and ``!override``: what a document takes away from the ones before it.

Source: ``loader/reset.go`` of compose-go. Neither reaches into lists: an item with ``!reset`` is only left out of its own.
"""

from __future__ import annotations

from fairlead.composefile.loader.tree import replaced
from fairlead.yaml_nodes import TAGGED, Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.positions import ValuePath


def take_tags(root: Node) -> tuple[Node | None, tuple[ValuePath, ...]]:
    """The document without what it resets, and the paths that are taken away from the documents before it."""
    if not root.flags & TAGGED:
        return root, ()
    paths: list[ValuePath] = []
    return _take(root, (), paths), tuple(paths)


def _take(node: Node, path: ValuePath, paths: list[ValuePath]) -> Node | None:
    if not node.flags & TAGGED:
        return node
    if node.tag in {"!reset", "!override"}:
        paths.append(path)
        return None if node.tag == "!reset" else node
    changes: dict[str | int, Node | None] = {}
    for key, entry in node.entries.items():
        child = entry.node
        new = _take(child, (*path, key), paths)
        if new is not child:
            changes[key] = new
    return replaced(node, changes)


def without(root: Node, paths: tuple[ValuePath, ...]) -> Node:
    """A tree without the values at these paths; ``*`` as a key stands for any."""
    for path in paths:
        if path:
            root = _without(root, path)
    return root


def _without(node: Node, path: ValuePath) -> Node:
    if not isinstance(node.value, dict):
        return node
    keys = list(node.entries) if path[0] == "*" else [key for key in (path[0],) if key in node.entries]
    changes: dict[str | int, Node | None] = {}
    for key in keys:
        child = node.entries[key].node
        new = None if len(path) == 1 else _without(child, path[1:])
        if new is not child:
            changes[key] = new
    return replaced(node, changes)
