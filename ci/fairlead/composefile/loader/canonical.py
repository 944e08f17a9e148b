"""Short forms made long, attribute by attribute. What can't be read as its short form stays as it is written.

Sources: the package ``transform`` of compose-go.
"""

from __future__ import annotations

from fairlead.composefile.loader.merging import SERVICE_UNIQUE, merged_names, unique_names
from fairlead.composefile.loader.ports import count_ports, parse_port
from fairlead.composefile.loader.tree import (
    applied,
    each,
    grown,
    is_list,
    is_mapping,
    mapping,
    replaced,
    scalar,
    sequence,
    with_values,
)
from fairlead.composefile.loader.values import go_text
from fairlead.composefile.loader.volumes import parse_volume
from fairlead.yaml_nodes import Entry, Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Transform = Callable[[Node], Node]

_STARTED = {"condition": "service_started", "required": True}
_MAX_DEVICE_PARTS = 3
MAX_PORTS = 20_000
"""Most published ports of one app."""


class PortRoom:
    """How many more published ports are made of ranges: a short line can name 65,535."""

    def __init__(self) -> None:
        self.left = MAX_PORTS
        self.refused: Node | None = None

    def take(self, count: int, node: Node) -> bool:
        """Whether there is room for so many ports of an entry."""
        if count > self.left:
            self.refused = self.refused or node
            return False
        self.left -= count
        return True


def settle(root: Node, room: PortRoom) -> Node:
    """A document with its duplicates resolved and its short forms long."""

    def services(node: Node) -> Node:
        return each(node, lambda service: _settle_service(service, room)) if is_mapping(node) else node

    return applied(root, {"services": services, "jobs": services, **_RESOURCES})


def _settle_service(node: Node, room: PortRoom) -> Node:
    if not is_mapping(node):
        return node
    changes: dict[str | int, Node | None] = {}
    for key, entry in node.entries.items():
        child = new = entry.node
        unique = SERVICE_UNIQUE.get(str(key))
        if unique is not None and len(child.entries) > 1:
            new = unique(new)
        transform = _SERVICE.get(str(key))
        if key == "pre_start" and is_list(new):
            new = each(new, lambda hook: _settle_service(hook, room))
        elif transform is not None or key == "ports":
            longer = _ports(new, room) if transform is None else transform(new)
            # A range of ports made long can meet another entry.
            new = unique(longer) if unique is not None and longer is not new else longer
        if new is not child:
            changes[key] = new
    return replaced(node, changes) if changes else node


def _strings(node: Node) -> Node:
    """A text as a list of it."""
    if isinstance(node.value, str):
        return sequence((Entry(node.line, node.column, node),), node)
    return node


def _strings_without_empty(node: Node) -> Node:
    node = _strings(node)
    if is_list(node) and any(item is None or item == "" for item in node.value):
        return sequence(
            (
                entry
                for entry in node.entries.values()
                if entry.node.value is not None and entry.node.value != ""
            ),
            node,
        )
    return node


def _text(node: Node) -> Node:
    """A number or boolean as Compose writes it into a text."""
    return node if isinstance(node.value, (str, dict, list)) else scalar(go_text(node.value), node)


def _build(node: Node) -> Node:
    if isinstance(node.value, str):
        return grown({"context": node.value}, node)
    return applied(node, _BUILD) if is_mapping(node) else node


def _key_values(node: Node) -> Node:
    """A list of ``key=value`` as a mapping; one without a value keeps it a list."""
    if not is_list(node) or any(not isinstance(item, str) or "=" not in item for item in node.value):
        return node
    entries: dict[str | int, Entry] = {}
    for entry in node.entries.values():
        key, _, value = entry.node.value.partition("=")
        entries[key] = Entry(entry.line, entry.column, scalar(value, entry.node))
    return mapping(entries, node)


def _ssh(node: Node) -> Node:
    if not is_list(node) or any(not isinstance(item, str) for item in node.value):
        return node
    entries: dict[str | int, Entry] = {}
    for entry in node.entries.values():
        key, equals, value = entry.node.value.partition("=")
        entries[key] = Entry(entry.line, entry.column, scalar(value if equals else None, entry.node))
    return mapping(entries, node)


def _names(node: Node) -> Node:
    """A list of names as a mapping to nothing."""
    if not is_list(node) or any(not isinstance(item, str) for item in node.value):
        return node
    return mapping(
        {
            entry.node.value: Entry(entry.line, entry.column, scalar(None, entry.node))
            for entry in node.entries.values()
        },
        node,
    )


def _networks(node: Node) -> Node:
    named = _names(node)
    return merged_names(named) if is_mapping(named) else named


def _depends_on(node: Node) -> Node:
    if is_list(node) and all(isinstance(item, str) for item in node.value):
        return mapping(
            {
                entry.node.value: Entry(entry.line, entry.column, grown(_STARTED, entry.node))
                for entry in node.entries.values()
            },
            node,
        )
    if not is_mapping(node):
        return node
    return each(node, lambda child: with_values(child, _STARTED) if is_mapping(child) else child)


def _env_file(node: Node) -> Node:
    return each(_strings(node), _env_file_item) if isinstance(node.value, (str, list)) else node


def _env_file_item(node: Node) -> Node:
    if isinstance(node.value, str):
        return grown({"path": node.value, "required": True}, node)
    return with_values(node, {"required": True}) if is_mapping(node) else node


def _extends(node: Node) -> Node:
    return grown({"service": node.value}, node) if isinstance(node.value, str) else node


def _gpus(node: Node) -> Node:
    return grown([{"count": "all"}], node) if isinstance(node.value, str) else node


def _mounts(node: Node) -> Node:
    """Secrets and configs by name."""
    if not is_list(node):
        return node
    return each(
        node, lambda item: grown({"source": item.value}, item) if isinstance(item.value, str) else item
    )


def _volumes(node: Node) -> Node:
    return each(node, _volume) if is_list(node) else node


def _volume(node: Node) -> Node:
    volume = parse_volume(node.value) if isinstance(node.value, str) else None
    return node if volume is None else grown(volume, node)


def _devices(node: Node) -> Node:
    return each(node, _device) if is_list(node) else node


def _device(node: Node) -> Node:
    parts = node.value.split(":") if isinstance(node.value, str) else []
    if not parts or len(parts) > _MAX_DEVICE_PARTS:
        return node
    target = parts[1] if len(parts) > 1 and parts[1] else parts[0]
    permissions = parts[2] if len(parts) > 2 else "rwm"
    return grown({"source": parts[0], "target": target, "permissions": permissions}, node)


def _ports(node: Node, room: PortRoom) -> Node:
    if not is_list(node) or all(isinstance(item, dict) for item in node.value):
        return node
    items: list[Entry] = []
    for entry in node.entries.values():
        value = entry.node.value
        is_short = isinstance(value, (str, int)) and not isinstance(value, bool)
        count = count_ports(str(value)) if is_short else 0
        parsed = parse_port(str(value)) if count and room.take(count, entry.node) else None
        if parsed is None:
            items.append(entry)
        else:
            items += [Entry(entry.line, entry.column, grown(port, entry.node)) for port in parsed]
    return sequence(items, node)


def _develop(node: Node) -> Node:
    watch = node.entries.get("watch") if is_mapping(node) else None
    if watch is None or not is_list(watch.node):
        return node
    lists = {"ignore": _strings, "include": _strings}
    new = each(watch.node, lambda item: applied(item, lists) if is_mapping(item) else item)
    return node if new is watch.node else replaced(node, {"watch": new})


def _external(node: Node) -> Node:
    """``external: {name: …}``, the form of long ago."""
    external = node.entries.get("external") if is_mapping(node) else None
    if external is None or not is_mapping(external.node):
        return node
    changes: dict[str | int, Node | None] = {"external": scalar(True, external.node)}
    named = external.node.entries.get("name")
    if named is not None and "name" in node.entries and named.node.value != node.value["name"]:
        # It stays as it is, which is refused.
        return node
    if named is not None and "name" not in node.entries:
        changes["name"] = named.node
    return replaced(node, changes)


def _resources(node: Node) -> Node:
    return each(node, _resource) if is_mapping(node) else node


def _resource(node: Node) -> Node:
    return applied(_external(node), {"labels": unique_names}) if is_mapping(node) else node


def _deploy(node: Node) -> Node:
    return applied(node, {"labels": unique_names}) if is_mapping(node) else node


_BUILD: dict[str, Transform] = {
    "additional_contexts": lambda node: _key_values(unique_names(node)),
    **dict.fromkeys(("args", "labels", "tags"), unique_names),
    **dict.fromkeys(("provenance", "sbom"), _text),
    "secrets": _mounts,
    "ssh": _ssh,
}
_SERVICE: dict[str, Transform] = {
    "build": _build,
    "configs": _mounts,
    "depends_on": _depends_on,
    "deploy": _deploy,
    "develop": _develop,
    "devices": _devices,
    "dns": _strings_without_empty,
    "env_file": _env_file,
    "extends": _extends,
    "gpus": _gpus,
    "label_file": _strings,
    "models": _names,
    "networks": _networks,
    "secrets": _mounts,
    "volumes": _volumes,
}
_RESOURCES: dict[str, Transform] = dict.fromkeys(("networks", "volumes", "secrets", "configs"), _resources)
