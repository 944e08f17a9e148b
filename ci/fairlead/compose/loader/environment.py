"""What ``env_file`` and ``label_file`` add to a service.

Source: ``WithServicesEnvironmentResolved`` and ``WithServicesLabelsResolved`` of compose-go.
"""

from __future__ import annotations

from pathlib import Path

from fairlead.compose.loader.tree import child, is_list, is_mapping, mapping, replaced, scalar
from fairlead.compose.loader.values import go_text
from fairlead.findings import Finding, Location
from fairlead.yaml_nodes import Entry, Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from fairlead.compose.loader.reading import Reader


def with_files(root: Node, reader: Reader, variables: Mapping[str, str]) -> Node:
    """The model with the variables and labels of files; what the service itself says wins."""
    services = child(root, "services")
    if services is None or not is_mapping(services):
        return root
    changes: dict[str | int, Node | None] = {}
    for name, entry in services.entries.items():
        service = entry.node
        if not is_mapping(service):
            continue
        new = service
        if "env_file" in service.entries:
            new = _with_environment(new, reader, variables)
        if "label_file" in service.entries:
            new = _with_labels(new, reader)
        if new is not service:
            changes[name] = new
    return replaced(root, {"services": replaced(services, changes)}) if changes else root


def _with_environment(service: Node, reader: Reader, variables: Mapping[str, str]) -> Node:
    own = as_mapping(child(service, "environment"), None)
    known = {
        str(key): go_text(entry.node.value) for key, entry in own.items() if entry.node.value is not None
    }
    outer = {**known, **variables}
    found: dict[str | int, Entry] = {}
    files = child(service, "env_file")
    assert files is not None
    for entry in files.entries.values():
        path = child(entry.node, "path")
        if path is None or not isinstance(path.value, str):
            continue
        place = Location(entry.node.path, entry.node.line, entry.node.column)
        kind = entry.node.value.get("format")
        if kind and kind != "raw":
            reader.faults.append(Finding(f"env_file has no format {go_text(kind)}", place, rule="env-file"))
            continue
        found.update(_entries(Path(path.value), reader, outer, known, entry.node, raw=kind == "raw"))
    if not found and child(service, "environment") is None:
        return service
    return replaced(
        service, {"environment": mapping({**found, **own}, child(service, "environment") or files)}
    )


def _with_labels(service: Node, reader: Reader) -> Node:
    own = as_mapping(child(service, "labels"), "")
    found: dict[str | int, Entry] = {}
    known: dict[str, str] = {}
    files = child(service, "label_file")
    if files is None or not is_list(files):
        return service
    for entry in files.entries.values():
        if isinstance(entry.node.value, str):
            found.update(_entries(Path(entry.node.value), reader, {}, known, entry.node))
    if not found:
        return service
    return replaced(service, {"labels": mapping({**found, **own}, child(service, "labels") or files)})


def _entries(
    path: Path,
    reader: Reader,
    outer: Mapping[str, str],
    known: dict[str, str],
    like: Node,
    *,
    raw: bool = False,
) -> dict[str | int, Entry]:
    """The variables of a file, each standing in its line."""
    is_optional = is_mapping(like) and like.value.get("required") is False
    if is_optional and not path.exists():
        return {}
    read = reader.variables(path, outer, known, Location(like.path, like.line, like.column), raw=raw)
    shown = reader.shown(path)
    entries: dict[str | int, Entry] = {}
    for name, (value, line) in (read or {}).items():
        node = scalar(value, like)
        node.origin, node.path, node.line, node.column = None, shown, line, 1
        entries[name] = Entry(line, 1, node)
    return entries


def as_mapping(node: Node | None, bare: str | None) -> dict[str | int, Entry]:
    """``environment`` or ``labels`` by name, in whichever form; ``bare`` is the value of a name alone."""
    if node is None:
        return {}
    if is_mapping(node):
        return dict(node.entries)
    entries: dict[str | int, Entry] = {}
    for entry in node.entries.values():
        key, equals, value = go_text(entry.node.value).partition("=")
        entries[key] = Entry(entry.line, entry.column, scalar(value if equals else bare, entry.node))
    return entries
