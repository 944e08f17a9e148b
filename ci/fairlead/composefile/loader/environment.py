"""What ``env_file`` and ``label_file`` add to a service.

Source: ``WithServicesEnvironmentResolved`` and ``WithServicesLabelsResolved`` of compose-go.
"""

from __future__ import annotations

from os.path import exists
from pathlib import Path

from fairlead.composefile.loader.tree import child, each, is_list, is_mapping, mapping, replaced, scalar
from fairlead.composefile.loader.values import go_text, parse_boolean
from fairlead.findings import Finding, Location
from fairlead.yaml_nodes import Entry, Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from fairlead.composefile.loader.reading import Reader


def with_files(root: Node, reader: Reader, variables: Mapping[str, str]) -> Node:
    """The model with the variables and labels of files; what the service itself says wins."""
    changes: dict[str | int, Node | None] = {}
    for kind in ("services", "jobs"):
        containers = child(root, kind)
        if containers is not None and is_mapping(containers):
            new = each(containers, lambda one: _with_files(one, reader, variables))
            if new is not containers:
                changes[kind] = new
    return replaced(root, changes)


def _with_files(container: Node, reader: Reader, variables: Mapping[str, str]) -> Node:
    if not is_mapping(container):
        return container
    new = container
    if "env_file" in container.entries:
        new = _with_environment(new, reader, variables)
    if "label_file" in container.entries:
        new = _with_labels(new, reader)
    hooks = child(container, "pre_start")
    if hooks is not None and is_list(hooks):
        new = replaced(new, {"pre_start": each(hooks, lambda one: _with_files(one, reader, variables))})
    return new


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
        required = entry.node.value.get("required")
        if isinstance(required, str) and parse_boolean(required) is None:
            reader.faults.append(
                Finding(f"required must be true or false, not {required}", place, rule="env-file")
            )
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
    required = like.value.get("required") if is_mapping(like) else None
    is_optional = required is False or (isinstance(required, str) and parse_boolean(required) is False)
    if is_optional and not exists(path):  # noqa: PTH110 - never raises
        return {}
    place = Location(like.path, like.line, like.column)
    reader.note_env_file(path, place, required=not is_optional)
    read = reader.variables(path, outer, known, place, raw=raw)
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
