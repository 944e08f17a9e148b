"""What Compose adds to a merged model: names, the default network, the dependencies that other attributes mean.

Source: ``loader/normalize.go`` of compose-go.
"""

from __future__ import annotations

from fairlead.composefile.loader.tree import (
    child,
    each,
    grown,
    is_list,
    is_mapping,
    mapping,
    replaced,
    scalar,
)
from fairlead.composefile.loader.volumes import clean_target
from fairlead.yaml_nodes import Entry, Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHARED_NAMESPACES = ("network_mode", "ipc", "pid", "uts", "cgroup")
_RESOURCES = ("networks", "volumes", "configs", "secrets")


def normalize(root: Node, name: str, variables: Mapping[str, str]) -> Node:
    """The model with what it means but does not say.

    Args:
        root: the merged documents.
        name: of the project.
        variables: for ``environment`` and ``args`` without a value.
    """
    changes: dict[str | int, Node | None] = {}
    uses_default = False
    services = child(root, "services")
    for kind in ("services", "jobs"):
        containers = child(root, kind)
        if containers is not None and is_mapping(containers):
            changes[kind], joins = _containers(containers, variables)
            uses_default |= joins
    networks = child(root, "networks")
    if uses_default and (networks is None or (is_mapping(networks) and "default" not in networks.entries)):
        like = services or root
        default = Entry(like.line, like.column, scalar(None, like))
        changes["networks"] = mapping(
            {**(networks.entries if networks else {}), "default": default}, networks or like
        )
    root = replaced(root, changes)
    named: dict[str | int, Node | None] = {}
    for kind in _RESOURCES:
        resources = child(root, kind)
        if resources is not None and is_mapping(resources):
            named[kind] = _named(resources, name)
    return replaced(root, named)


def _containers(node: Node, variables: Mapping[str, str]) -> tuple[Node, bool]:
    """Services or jobs, and whether one joins the default network."""
    changes: dict[str | int, Node | None] = {}
    joins = False
    for key, entry in node.entries.items():
        if is_mapping(entry.node):
            container, joins_default = _service(entry.node, variables)
            joins |= joins_default
            if container is not entry.node:
                changes[key] = container
    return replaced(node, changes), joins


def _service(node: Node, variables: Mapping[str, str]) -> tuple[Node, bool]:
    """A service, and whether it joins the default network."""
    changes: dict[str | int, Node | None] = {}
    entries = node.entries
    joins = False
    if "provider" not in entries and "network_mode" not in entries:
        networks = child(node, "networks")
        if networks is None or (not networks.entries and networks.value in ({}, None)):
            joins = True
            changes["networks"] = grown({"default": None}, networks or node)
        else:
            joins = "default" in networks.entries
    policy = child(node, "pull_policy")
    if policy is not None and policy.value == "if_not_present":
        changes["pull_policy"] = scalar("missing", policy)
    if "build" in entries and is_mapping(entries["build"].node):
        changes["build"] = _build(entries["build"].node, variables)
    if "environment" in entries:
        changes["environment"] = _valued(entries["environment"].node, variables, keep=True)
    if "volumes" in entries and is_list(entries["volumes"].node):
        changes["volumes"] = each(entries["volumes"].node, _clean_mount)
    implied: dict[str, tuple[Node, bool]] = {}
    for needed, how in _implied(node):
        implied.setdefault(needed, how)
    if implied:
        changes["depends_on"] = _depending(node, implied)
    kept = {key: new for key, new in changes.items() if key not in entries or new is not entries[key].node}
    return replaced(node, kept), joins


def _build(node: Node, variables: Mapping[str, str]) -> Node:
    changes: dict[str | int, Node | None] = {}
    if node.value.get("dockerfile") is None and node.value.get("dockerfile_inline") is None:
        changes["dockerfile"] = scalar("Dockerfile", node)
    args = child(node, "args")
    if args is not None:
        changes["args"] = _valued(args, variables, keep=False)
    return replaced(node, changes)


def _valued(node: Node, variables: Mapping[str, str], *, keep: bool) -> Node:
    """Names without a value with that of the variable; what is not set either is kept, or taken away."""
    changes: dict[str | int, Node | None] = {}
    for key, entry in node.entries.items():
        value = entry.node.value
        if is_mapping(node) and value is None:
            name = str(key)
            if name in variables:
                changes[key] = scalar(variables[name], entry.node)
            elif not keep:
                changes[key] = None
        elif is_list(node) and isinstance(value, str) and "=" not in value:
            if value in variables:
                changes[key] = scalar(f"{value}={variables[value]}", entry.node)
            elif not keep:
                changes[key] = None
    return replaced(node, changes)


def _clean_mount(node: Node) -> Node:
    target = child(node, "target") if is_mapping(node) else None
    if target is None or not isinstance(target.value, str):
        return node
    clean = clean_target(target.value) or "."
    return node if clean == target.value else replaced(node, {"target": scalar(clean, target)})


def _implied(node: Node) -> Iterator[tuple[str, tuple[Node, bool]]]:
    """Services that a service needs without saying so: what says it, and whether it is restarted with them."""
    links = child(node, "links")
    if links is not None and is_list(links):
        for entry in links.entries.values():
            if isinstance(entry.node.value, str):
                name, colon, rest = entry.node.value.partition(":")
                yield (name if colon and ":" not in rest else entry.node.value), (entry.node, True)
    for namespace in _SHARED_NAMESPACES:
        shared = child(node, namespace)
        if shared is not None and isinstance(shared.value, str) and shared.value.startswith("service:"):
            yield shared.value.removeprefix("service:"), (shared, True)
    sources = child(node, "volumes_from")
    if sources is not None and is_list(sources):
        for entry in sources.entries.values():
            if isinstance(entry.node.value, str) and not entry.node.value.startswith("container:"):
                yield entry.node.value.partition(":")[0], (entry.node, False)


def _depending(node: Node, implied: Mapping[str, tuple[Node, bool]]) -> Node | None:
    before = child(node, "depends_on")
    if before is not None and not is_mapping(before):
        return before
    entries = dict(before.entries) if before is not None else {}
    for name, (place, restart) in implied.items():
        if name not in entries:
            how = {"condition": "service_started", "restart": restart, "required": True}
            entries[name] = Entry(place.line, place.column, grown(how, place))
    return mapping(entries, before or node)


def _named(resources: Node, project: str) -> Node:
    """Networks, volumes, secrets and configs with their names on the engine."""
    changes: dict[str | int, Node | None] = {}
    for key, entry in resources.entries.items():
        node = entry.node
        if node.value is not None and not is_mapping(node):
            continue
        if is_mapping(node) and node.value.get("name") is not None:
            continue
        external = node.value.get("external") if is_mapping(node) else None
        name = str(key) if external is True or external == "true" else f"{project}_{key}"
        base = node if is_mapping(node) else mapping({}, node)
        changes[key] = replaced(base, {"name": scalar(name, node)})
    return replaced(resources, changes)
