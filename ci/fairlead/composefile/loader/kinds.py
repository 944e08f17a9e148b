"""The types that Compose gives attributes: each makes of a written value the one that ``config`` prints.

Source: the package ``types`` of compose-go. A value that is not of its type stays as it is written.
"""

from __future__ import annotations

from fairlead.composefile.loader.shell import split_words
from fairlead.composefile.loader.tree import (
    child,
    each,
    grown,
    is_list,
    is_mapping,
    mapping,
    scalar,
    sequence,
)
from fairlead.composefile.loader.values import (
    duration_text,
    float32,
    go_text,
    parse_boolean,
    parse_bytes,
    parse_duration,
    parse_integer,
    parse_number,
)
from fairlead.yaml_nodes import Entry, Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Kind = Callable[[Node], Node | None]
    """Gives the printed value; None where it is left out."""


def struct(fields: dict[str, Kind], *, optional: bool = False) -> Kind:
    """A mapping of known attributes. One that holds nothing is left out where ``optional``."""

    def kind(node: Node) -> Node | None:
        if node.value is None:
            return None
        if not is_mapping(node):
            return node
        entries: dict[str | int, Entry] = {}
        changed = False
        for key, entry in node.entries.items():
            field = fields.get(str(key))
            if field is None:
                entries[key] = entry
                continue
            new = field(entry.node)
            if new is entry.node:
                entries[key] = entry
                continue
            changed = True
            if new is not None:
                entries[key] = Entry(entry.line, entry.column, new)
        if optional and not entries:
            return None
        return mapping(entries, node) if changed else node

    return kind


def items(item: Kind) -> Kind:
    """A list; an empty one is left out."""

    def kind(node: Node) -> Node | None:
        if not node.value:
            return None
        return each(node, item) if is_list(node) else node

    return kind


def values(item: Kind, *, keep_null: bool = False) -> Kind:
    """A mapping by name; an empty one is left out."""

    def kept(node: Node) -> Node | None:
        return node if node.value is None else item(node)

    def kind(node: Node) -> Node | None:
        if not node.value:
            return None
        return each(node, kept if keep_null else item) if is_mapping(node) else node

    return kind


def string(node: Node) -> Node | None:
    """A text; an empty one is left out."""
    value = node.value
    if type(value) is str:
        return node if value else None
    if value is None:
        return None
    return scalar(str(value), node) if type(value) is int else node


def flag(node: Node) -> Node | None:
    """A boolean that is left out when false."""
    new = choice(node)
    return None if new is None or new.value is False else new


def choice(node: Node) -> Node | None:
    """A boolean that is printed either way."""
    if node.value is None:
        return None
    value = parse_boolean(node.value) if isinstance(node.value, str) else None
    return node if value is None else scalar(value, node)


def integer(node: Node) -> Node | None:
    """An integer that is left out when zero."""
    new = count(node)
    return None if new is None or (new.value == 0 and not isinstance(new.value, str)) else new


def count(node: Node) -> Node | None:
    """An integer that is printed when zero too."""
    if node.value is None:
        return None
    if isinstance(node.value, str):
        value = parse_integer(node.value)
        return node if value is None else scalar(value, node)
    if isinstance(node.value, float) and node.value.is_integer():
        return scalar(int(node.value), node)
    return node


def number(node: Node) -> Node | None:
    """A number of 32 bits that is left out when zero."""
    value = node.value
    if isinstance(value, str):
        value = parse_number(value)
        if value is None:
            return node
    if value is None or value == 0:
        return None
    return scalar(float32(value), node) if isinstance(value, (int, float)) else node


def size(node: Node) -> Node | None:
    """Bytes, printed as a text; left out when zero."""
    value = node.value
    if isinstance(value, str):
        value = parse_bytes(value)
        if value is None:
            return node
    if value is None or value == 0:
        return None
    return scalar(str(value), node) if type(value) is int else node


def duration(node: Node) -> Node | None:
    """A duration as Go prints it."""
    if node.value is None:
        return None
    nanoseconds = parse_duration(go_text(node.value))
    return node if nanoseconds is None else scalar(duration_text(nanoseconds), node)


def duration_or_none(node: Node) -> Node | None:
    """A duration that is left out when zero."""
    new = duration(node)
    return None if new is None or new.value == "0s" else new


def words(node: Node) -> Node | None:
    """A command: a text is split as a shell does."""
    if node.value is None:
        return None
    words = split_words(node.value) if isinstance(node.value, str) else None
    return node if words is None else grown(words, node)


def health_test(node: Node) -> Node | None:
    """The test of a health check: a text is a command for the shell."""
    if isinstance(node.value, str):
        return grown(["CMD-SHELL", node.value], node)
    return None if not node.value else node


def strings(node: Node) -> Node | None:
    """A list of texts: a text is a list of it."""
    if isinstance(node.value, str):
        return sequence((Entry(node.line, node.column, node),), node)
    return None if not node.value else node


def texts(node: Node) -> Node | None:
    """A list of texts or numbers as texts."""
    if isinstance(node.value, str):
        return sequence((Entry(node.line, node.column, node),), node)
    return items(printed)(node)


def printed(node: Node) -> Node:
    """A value as Go prints it."""
    return node if isinstance(node.value, str) else scalar(go_text(node.value), node)


def empty_text(node: Node) -> Node:
    """A value as Go prints it; nothing is an empty text."""
    return scalar("", node) if node.value is None else printed(node)


def null_or_printed(node: Node) -> Node:
    """A value as Go prints it, or nothing."""
    return node if node.value is None else printed(node)


def mapped(value: Kind, *, bare: str | None) -> Kind:
    """A mapping of texts, or a list of ``key=value``; ``bare`` is the value of a key that has none."""

    def kind(node: Node) -> Node | None:
        if is_list(node):
            return _pairs(node, bare)
        return None if not node.value else (each(node, value) if is_mapping(node) else node)

    return kind


def _pairs(node: Node, bare: str | None) -> Node | None:
    entries: dict[str | int, Entry] = {}
    for entry in node.entries.values():
        key, equals, value = go_text(entry.node.value).partition("=")
        entries[key] = Entry(entry.line, entry.column, scalar(value if equals else bare, entry.node))
    return mapping(entries, node) if entries else None


def hosts(node: Node) -> Node | None:
    """Extra hosts as a sorted list of ``host=address``."""
    if not node.value:
        return None
    pairs: list[tuple[str, Entry]] = []
    for key, entry in node.entries.items():
        for text, place in _host_texts(key, entry.node):
            host, separator, addresses = text.partition("=") if "=" in text else text.partition(":")
            if not separator:
                return node
            for address in addresses.split(",") if is_list(node) else (addresses,):
                bare = (
                    address[1:-1]
                    if len(address) > 2 and address[0] == "[" and address[-1] == "]"
                    else address
                )
                line = f"{host}={bare}"
                pairs.append((line, Entry(entry.line, entry.column, scalar(line, place))))
    return sequence((entry for _, entry in sorted(pairs, key=lambda pair: pair[0])), node)


def _host_texts(key: str | int, node: Node) -> list[tuple[str, Node]]:
    if isinstance(key, int):
        return [(go_text(node.value), node)]
    values = [entry.node for entry in node.entries.values()] if is_list(node) else [node]
    return [(f"{key}={'' if one.value is None else go_text(one.value)}", one) for one in values]


def keys(node: Node) -> Node | None:
    """SSH keys: ``id`` or ``id: path``."""
    if not node.value:
        return None
    if not is_mapping(node):
        return node
    lines = []
    for key, entry in node.entries.items():
        path = entry.node.value
        shown = str(key) if path is None or path == "" else f"{key}: {go_text(path)}"
        lines.append(Entry(entry.line, entry.column, scalar(shown, entry.node)))
    return sequence(lines, node)


def ulimit(node: Node) -> Node | None:
    """One number for both limits, or both."""
    if isinstance(node.value, float):
        # Compose refuses even 1.0 here.
        return node
    if node.value == 0 and node.value is not False:
        return grown({"soft": 0, "hard": 0}, node)
    if not is_mapping(node):
        return count(node)
    soft, hard = child(node, "soft"), child(node, "hard")
    zero = scalar(0, node)
    return mapping(
        {
            name: Entry(one.line, one.column, one)
            for name, one in (("soft", soft or zero), ("hard", hard or zero))
        },
        node,
    )


def mode(node: Node) -> Node | None:
    """A file mode: a text is octal."""
    if isinstance(node.value, str):
        try:
            return scalar(int(node.value, 8), node)
        except ValueError:
            return node
    return None if node.value is None else node


def device_count(node: Node) -> Node | None:
    """A number of devices; all of them is -1."""
    if isinstance(node.value, str) and node.value.lower() == "all":
        return scalar(-1, node)
    return integer(node)


def repeated(node: Node) -> Node:
    """A list of texts: anything else is a list of it."""
    return each(node, printed) if is_list(node) else grown([go_text(node.value)], node)


def dropped(node: Node) -> None:
    """What has done its work when the model is printed."""
