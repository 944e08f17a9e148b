"""Several files into one: Compose's rules, attribute by attribute.

Sources: ``override/merge.go`` and ``override/uncity.go`` of compose-go.
"""

from __future__ import annotations

from fairlead.composefile.loader.ports import port_key
from fairlead.composefile.loader.tree import grown, is_list, is_mapping, mapping, replaced, scalar, sequence
from fairlead.composefile.loader.values import go_text
from fairlead.composefile.loader.volumes import volume_target
from fairlead.findings import Finding, Location
from fairlead.yaml_nodes import FILLED, Entry, Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fairlead.positions import ValuePath

    Rules = dict[str, Any]
    Merger = Callable[["Merging", Node, Node, Rules, ValuePath], Node]

_STARTED = {"condition": "service_started", "required": True}


class Merging:
    """Merges documents, and remembers what does not fit."""

    def __init__(self) -> None:
        self.faults: list[Finding] = []

    def merge(self, base: Node, over: Node) -> Node:
        """The later document over the earlier ones."""
        return self._merge(base, over, RULES, ())

    def extend(self, base: Node, over: Node, name: str) -> Node:
        """A service over the one that it extends."""
        return self._merge(base, over, RULES["services"]["*"], ("services", name))

    def _merge(self, base: Node, over: Node, rules: Rules, path: ValuePath) -> Node:
        special: Merger | None = rules.get("")
        return (
            self.plain(base, over, rules, path) if special is None else special(self, base, over, rules, path)
        )

    def plain(self, base: Node, over: Node, rules: Rules, path: ValuePath) -> Node:
        """What has no rule of its own."""
        if over.value is None:
            return base
        if is_mapping(base):
            return (
                self.mappings(base, over, rules, path) if is_mapping(over) else self._clash(base, over, path)
            )
        if is_list(base):
            if not is_list(over):
                return self._clash(base, over, path)
            return sequence((*base.entries.values(), *over.entries.values()), over)
        return over

    def mappings(self, base: Node, over: Node, rules: Rules, path: ValuePath) -> Node:
        """Two mappings, key by key."""
        every: Rules = rules.get("*", _NO_RULES)
        entries = dict(base.entries)
        for key, entry in over.entries.items():
            before = entries.get(key)
            if before is None:
                entries[key] = entry
                continue
            inner = self._merge(before.node, entry.node, rules.get(str(key), every), (*path, key))
            if entry.node.value is None and inner.value is not None:
                entry.node.flags |= FILLED
            # What the later file does not change stands where the earlier one wrote it.
            entries[key] = before if inner is before.node else Entry(entry.line, entry.column, inner)
        return mapping(entries, over)

    def note_twice(self, base: Node, over: Node, path: ValuePath) -> None:
        """Tell of items that two lists share."""
        first = {go_text(entry.node.value): entry for entry in base.entries.values()}
        for entry in over.entries.values():
            before = first.get(go_text(entry.node.value))
            if before is not None:
                what = f"{path[-1]} holds {go_text(entry.node.value)} twice: {before.node.path}:{before.line} has it too"
                place = Location(entry.node.path, entry.line, entry.column)
                fix = "leave it out of one of the two, or put !override before the list"
                self.faults.append(Finding(what, place, fix, "schema", path=path))

    def _clash(self, base: Node, over: Node, path: ValuePath) -> Node:
        wanted = "a mapping" if is_mapping(base) else "a list"
        dotted = ".".join(str(step) for step in path)
        what = f"{dotted} can't be merged: {base.path}:{base.line} has {wanted} here"
        place = Location(over.path, over.line, over.column)
        fix = f"write {wanted}, or put !override before it"
        if any(str(step).startswith("x-") for step in path):
            what = f"{what}; Compose refuses it since 2.35"
            self.faults.append(Finding(what, place, fix, "model", severity="warning", path=path))
            return over
        self.faults.append(Finding(what, place, fix, "model", path=path))
        return base


def _to_sequence(_merging: Merging, base: Node, over: Node, _rules: Rules, _path: ValuePath) -> Node:
    first, second = as_items(base), as_items(over)
    return sequence((*first, *second), over if second else base)


def as_items(node: Node) -> list[Entry]:
    """A list's items; a mapping's entries as ``key=value``; a text alone."""
    if is_list(node):
        return list(node.entries.values())
    if isinstance(node.value, str):
        return [Entry(node.line, node.column, node)]
    items: list[Entry] = []
    for key, entry in node.entries.items():
        child = entry.node
        if child.value is None:
            items.append(Entry(entry.line, entry.column, scalar(str(key), child)))
            continue
        values = [inner.node for inner in child.entries.values()] if is_list(child) else [child]
        items += [
            Entry(entry.line, entry.column, scalar(f"{key}={go_text(one.value)}", one)) for one in values
        ]
    return items


def _hosts(_merging: Merging, base: Node, over: Node, _rules: Rules, _path: ValuePath) -> Node:
    first = as_items(base)
    known = {go_text(entry.node.value) for entry in first}
    second = [entry for entry in as_items(over) if go_text(entry.node.value) not in known]
    return sequence((*first, *second), over if second else base)


def _override(_merging: Merging, _base: Node, over: Node, _rules: Rules, _path: ValuePath) -> Node:
    return over


def _build(merging: Merging, base: Node, over: Node, rules: Rules, path: ValuePath) -> Node:
    return _mappings(merging, _long_build(base), _long_build(over), rules, path)


def _long_build(node: Node) -> Node:
    return grown({"context": node.value}, node) if isinstance(node.value, str) else node


def _keyed(default: dict[str, Any] | None) -> Merger:
    def merge(merging: Merging, base: Node, over: Node, rules: Rules, path: ValuePath) -> Node:
        # As names of a mapping none stands twice.
        over.flags |= FILLED
        return _mappings(merging, _named(base, default), _named(over, default), rules, path)

    return merge


def _named(node: Node, default: dict[str, Any] | None) -> Node:
    """A list of names as a mapping of them."""
    if not is_list(node):
        return node
    entries: dict[str | int, Entry] = {}
    for entry in node.entries.values():
        if isinstance(entry.node.value, str):
            entries[entry.node.value] = Entry(entry.line, entry.column, grown(default, entry.node))
    return mapping(entries, node)


def _mappings(merging: Merging, base: Node, over: Node, rules: Rules, path: ValuePath) -> Node:
    if not is_mapping(over):
        return base
    return merging.mappings(base, over, rules, path) if is_mapping(base) else over


def _logging(merging: Merging, base: Node, over: Node, rules: Rules, path: ValuePath) -> Node:
    """Options are merged for one driver only."""
    if is_mapping(base) and is_mapping(over):
        first, second = base.value.get("driver"), over.value.get("driver")
        if first is not None and second is not None and first != second:
            return over
    return _mappings(merging, base, over, rules, path)


def _address_pools(merging: Merging, base: Node, over: Node, _rules: Rules, path: ValuePath) -> Node:
    """Pools of one subnet are merged, others put side by side: step by step as Compose does, which loses some."""
    if not is_list(base) or not is_list(over):
        return over if over.value is not None else base
    # A cell is a pool that Compose changes in place, where it may already be among the results.
    pools: list[list[Entry]] = []
    for original in base.entries.values():
        right = [original]
        for left in over.entries.values():
            subnets = [_subnet(pool[0]) for pool in pools]
            if _subnet(left) != _subnet(right[0]) and _subnet(left) not in subnets:
                pools.append([left])
                continue
            right[0] = Entry(
                left.line, left.column, _mappings(merging, right[0].node, left.node, _NO_RULES, path)
            )
            subnets = [_subnet(pool[0]) for pool in pools]
            if _subnet(right[0]) in subnets:
                pools[subnets.index(_subnet(right[0]))] = right
            else:
                pools.append(right)
    return sequence((pool[0] for pool in pools), over)


def _subnet(pool: Entry) -> Any:
    return pool.node.value.get("subnet") if is_mapping(pool.node) else None


def _no_twice(merging: Merging, base: Node, over: Node, _rules: Rules, path: ValuePath) -> Node:
    """Lists put one after the other: Compose refuses them when they then hold an item twice."""
    if not (is_list(base) and is_list(over)):
        return merging.plain(base, over, _NO_RULES, path)
    merging.note_twice(base, over, path)
    return sequence((*base.entries.values(), *over.entries.values()), over)


def _labels(merging: Merging, base: Node, over: Node, rules: Rules, path: ValuePath) -> Node:
    result = _to_sequence(merging, base, over, rules, path)
    merging.note_twice(sequence(as_items(base), base), sequence(as_items(over), over), path)
    return result


_NO_RULES: Rules = {}
_SEQUENCE: Rules = {"": _to_sequence}
_LAST: Rules = {"": _override}
_ONCE: Rules = {"": _no_twice}
RULES: Rules = {
    "networks": {"*": {"labels": _SEQUENCE, "ipam": {"config": {"": _address_pools}}}},
    "volumes": {"*": {"labels": {"": _labels}}},
    **{kind: {"*": {"labels": _ONCE}} for kind in ("secrets", "configs")},
    "services": {
        "*": {
            **dict.fromkeys(
                ("annotations", "dns", "dns_opt", "dns_search", "env_file", "label_file"), _SEQUENCE
            ),
            **dict.fromkeys(("environment", "labels", "sysctls", "tmpfs"), _SEQUENCE),
            **dict.fromkeys(("command", "entrypoint"), _LAST),
            **dict.fromkeys(
                ("device_cgroup_rules", "external_links", "group_add", "security_opt", "volumes_from"), _ONCE
            ),
            "build": {
                "": _build,
                **dict.fromkeys(("args", "additional_contexts", "labels"), _SEQUENCE),
                "extra_hosts": {"": _hosts},
            },
            "depends_on": {"": _keyed(_STARTED)},
            "deploy": {"labels": _SEQUENCE},
            "extra_hosts": {"": _hosts},
            "healthcheck": {"test": _LAST},
            "logging": {"": _logging},
            "models": {"": _keyed(None)},
            "networks": {"": _keyed(None)},
            "ulimits": {"*": _LAST},
        }
    },
}
"""By attribute; ``*`` is any key, an empty key the rule for the value itself. Without a rule: mappings are merged, lists
put one after the other, and of all else the later wins."""


def _by_name(node: Node) -> str | None:
    return node.value.partition("=")[0] if isinstance(node.value, str) else None


def _by_target(node: Node) -> str | None:
    if is_mapping(node):
        target = node.value.get("target")
        return target if isinstance(target, str) else None
    return volume_target(node.value) if isinstance(node.value, str) else None


def _by_device(node: Node) -> str | None:
    if is_mapping(node):
        target = node.value.get("target")
        return target if isinstance(target, str) else None
    return (node.value.split(":") * 2)[1] if isinstance(node.value, str) else None


def _by_mount(folder: str) -> Callable[[Node], str | None]:
    def key(node: Node) -> str | None:
        if isinstance(node.value, str):
            return f"{folder}/{node.value}"
        if not is_mapping(node):
            return None
        target = node.value.get("target")
        return str(target) if target is not None else f"{folder}/{node.value.get('source')}"

    return key


def _by_text(node: Node) -> str | None:
    return str(node.value) if isinstance(node.value, (str, int)) else None


def _by_path(node: Node) -> str | None:
    return node.value.get("path") if is_mapping(node) else _by_text(node)


def _unique(key_of: Callable[[Node], str | None]) -> Callable[[Node], Node]:
    def unique(node: Node) -> Node:
        if not is_list(node):
            return node
        kept: dict[Any, Entry] = {}
        for number, entry in node.entries.items():
            key = key_of(entry.node)
            # What has no key is no valid item: the schema says so, nothing is lost here.
            kept[key if isinstance(key, str) else (number,)] = entry
        return node if len(kept) == len(node.entries) else sequence(kept.values(), node)

    return unique


unique_names = _unique(_by_name)
SERVICE_UNIQUE: dict[str, Callable[[Node], Node]] = {
    **dict.fromkeys(
        ("annotations", "cap_add", "cap_drop", "dns", "dns_opt", "dns_search", "environment"), unique_names
    ),
    **dict.fromkeys(("labels", "links", "profiles", "sysctls", "tmpfs"), unique_names),
    "configs": _unique(_by_mount("")),
    "devices": _unique(_by_device),
    "env_file": _unique(_by_path),
    "expose": _unique(_by_text),
    "ports": _unique(port_key),
    "secrets": _unique(_by_mount("/run/secrets")),
    "volumes": _unique(_by_target),
}
"""Lists of a service in which one of two items with the same key is kept: the later, in the earlier's place."""


def merged_names(node: Node) -> Node:
    """A mapping of mappings, each with its lists of names made unique: the networks of a service."""
    changes: dict[str | int, Node | None] = {}
    for name, entry in node.entries.items():
        inner = entry.node
        lists = {
            key: unique_names(inner.entries[key].node)
            for key in ("aliases", "link_local_ips")
            if key in inner.entries
        }
        new = replaced(
            inner, {key: value for key, value in lists.items() if value is not inner.entries[key].node}
        )
        if new is not inner:
            changes[name] = new
    return replaced(node, changes)
