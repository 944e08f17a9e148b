"""Compose files to one model: values and places, as Compose itself reads them."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from fairlead.composefile.loader.assembling import Assembly
from fairlead.composefile.loader.environment import with_files
from fairlead.composefile.loader.merging import Merging
from fairlead.composefile.loader.model import Model
from fairlead.composefile.loader.normal import normalize
from fairlead.composefile.loader.reading import Reader
from fairlead.composefile.loader.template import TemplateError, substitute
from fairlead.composefile.loader.tree import child, is_list, is_mapping, mapping, replaced, scalar, sequence
from fairlead.composefile.loader.typed import typed
from fairlead.findings import Finding, Location
from fairlead.sources import real_path, repository_of
from fairlead.yaml_nodes import DOLLAR, Entry, Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
PROJECT_NAME = "COMPOSE_PROJECT_NAME"


def load_model(
    paths: Sequence[Path],
    *,
    variables: Mapping[str, str],
    name: str = "",
    env_files: Sequence[Path] = (),
    root: Path | None = None,
    texts: Mapping[str, str] | None = None,
) -> Model:
    """Load an app's compose files as one model, over all profiles.

    Whatever is wrong in them becomes a fault of the model; nothing is raised.

    Args:
        paths: the files, a later one over an earlier.
        variables: for ``${…}``; nothing of the process's environment is looked at but the home folder, for ``~``. ``PWD`` is
            where relative paths start, unless it is given.
        name: of the project; if empty, ``COMPOSE_PROJECT_NAME``, else ``name:`` of the files, else the folder's.
        env_files: files of variables instead of the ``.env`` beside the first file; ``variables`` win over them.
        root: where relative paths start; the folder of the first file if None.
        texts: by absolute path, what counts instead of what is on the disk: the text that an editor has not saved yet.
    """
    # Nothing here makes cycles, and a model is many small objects: the collector would look at all of them for nothing.
    collects = gc.isenabled()
    gc.disable()
    try:
        return _load(paths, variables, name, env_files, root, texts)
    finally:
        if collects:
            gc.enable()


def _load(
    paths: Sequence[Path],
    variables: Mapping[str, str],
    name: str,
    env_files: Sequence[Path],
    root: Path | None,
    texts: Mapping[str, str] | None,
) -> Model:
    absolute = [_absolute(path) for path in paths]
    directory = str(root.absolute() if root is not None else absolute[0].parent)
    folders = dict.fromkeys((directory, *(str(path.parent) for path in absolute)))
    # A file of variables is the caller's to name, wherever it lies; what the files name is the repository's.
    homes = {repository_of(folder) for folder in folders} | {real_path(str(path)) for path in env_files}
    reader = Reader(_shown, homes, texts)
    merging = Merging()
    # As in the shell of who runs Compose there.
    known = {"PWD": directory, **_variables(reader, directory, variables, env_files)}
    project = project_name(reader, absolute, known, name, directory)
    known = {**known, PROJECT_NAME: project}
    assembly = Assembly(
        reader, merging, directory=directory, variables=known, home=os.environ.get("HOME", "/")
    )
    merged = assembly.assemble(absolute)
    if merged is None:
        merged = Node(1, 1, {}, path=_shown(absolute[0]))
    return _model(merged, reader, merging, project, known, directory)


def _model(
    merged: Node, reader: Reader, merging: Merging, project: str, variables: Mapping[str, str], directory: str
) -> Model:
    normal = normalize(merged, project, variables)
    declared = typed(with_files(normal, reader, variables))
    changes: dict[str | int, Node | None] = {"name": _project_node(declared, project)}
    if child(declared, "services") is None:
        changes["services"] = mapping({}, declared)
    declared = _escaped(replaced(declared, changes))
    used = without_unused(declared)
    return Model(
        value=used.value,
        declared=declared.value,
        faults=(*reader.faults, *merging.faults),
        documents=tuple(reader.documents),
        read=tuple(reader.read),
        uses=tuple(reader.uses),
        looked_at=reader.looked_at,
        extended=reader.extended,
        env_files=tuple(reader.env_files),
        is_confined=reader.is_confined,
        variables=variables,
        name=project,
        directory=directory,
        root=declared,
        is_empty=not merged.entries.keys() - {"version"}
        and all(document.value is None or isinstance(document.value, dict) for document in reader.read),
    )


def _project_node(root: Node, project: str) -> Node:
    return scalar(project, child(root, "name") or root)


def _absolute(path: Path) -> Path:
    """A path as Compose makes it absolute: its symbolic links are kept."""
    return Path(os.path.normpath(path.absolute()))


def _shown(path: Path) -> str:
    """A path as the user would write it: relative to the working directory where it lies below."""
    text, here = str(path), str(Path.cwd()).rstrip("/") + "/"
    return text.removeprefix(here)


def _variables(
    reader: Reader, directory: str, variables: Mapping[str, str], env_files: Sequence[Path]
) -> dict[str, str]:
    files = [_absolute(path) for path in env_files]
    beside = Path(directory, ".env")
    if not files and beside.is_file():
        files = [beside]
    known: dict[str, str] = {}
    for file in files:
        if str(file) != os.devnull:
            reader.variables(file, variables, known, None, is_project=True)
    return {**known, **variables}


def project_name(
    reader: Reader, paths: Sequence[Path], variables: Mapping[str, str], name: str, directory: str
) -> str:
    """The name of the project: given, of the environment, of the files, of the folder."""
    given = name or variables.get(PROJECT_NAME, "")
    if given:
        if normal_name(given) != given:
            what = (
                f"{given!r} is no project name: lower-case letters, digits, - and _, a letter or digit first"
            )
            reader.faults.append(Finding(what, None, rule="model"))
        return given
    declared = ""
    for path in paths:
        declared = reader.declared_name(path) or declared
    try:
        declared = normal_name(substitute(declared, variables))
    except TemplateError:
        # It is told where the document is resolved.
        declared = ""
    found = declared or normal_name(Path(directory).name)
    if not found:
        what = "the project has no name: that of its folder holds no letter or digit that a name may have"
        place = Location(_shown(paths[0]), 1, 1)
        reader.faults.append(Finding(what, place, "write name: at the top of the file", "model"))
    return found


def normal_name(text: str) -> str:
    """What of a text a project name can hold."""
    return "".join(character for character in text.lower() if character in _NAME_CHARACTERS).lstrip("_-")


def without_unused(root: Node) -> Node:
    """The model without the networks, volumes, secrets, configs and models that no service uses."""
    used: dict[str, set[str]] = {
        kind: set() for kind in ("networks", "volumes", "secrets", "configs", "models")
    }
    for key in ("services", "jobs"):
        containers = child(root, key)
        for entry in containers.entries.values() if containers is not None else ():
            _note_used(entry.node, used)
    changes: dict[str | int, Node | None] = {}
    for kind, names in used.items():
        resources = child(root, kind)
        if resources is None or not is_mapping(resources):
            continue
        kept: dict[str | int, Entry] = {
            name: entry for name, entry in resources.entries.items() if name in names
        }
        if len(kept) != len(resources.entries):
            changes[kind] = mapping(kept, resources) if kept else None
    return replaced(root, changes)


def _note_used(service: Node, used: dict[str, set[str]]) -> None:
    for kind in ("networks", "models"):
        named = child(service, kind)
        if named is not None:
            used[kind].update(str(name) for name in named.entries)
    for holder in (service, child(service, "build")):
        for kind in ("secrets", "configs"):
            _note_sources(child(holder, kind), used[kind])
    volumes = child(service, "volumes")
    for entry in volumes.entries.values() if volumes is not None else ():
        mount = entry.node.value
        if isinstance(mount, dict) and mount.get("type") == "volume" and isinstance(mount.get("source"), str):
            used["volumes"].add(mount["source"])


def _note_sources(mounts: Node | None, used: set[str]) -> None:
    for entry in mounts.entries.values() if mounts is not None else ():
        source = entry.node.value.get("source") if is_mapping(entry.node) else None
        if isinstance(source, str):
            used.add(source)


def _escaped(node: Node) -> Node:
    """A tree with each ``$`` doubled, so that it can be read as a compose file again."""
    value = node.value
    if not node.flags & DOLLAR:
        return node
    if isinstance(value, str):
        return scalar(value.replace("$", "$$"), node) if "$" in value else node
    changed = False
    entries: dict[str | int, Entry] = {}
    for key, entry in node.entries.items():
        child_node = entry.node
        new = _escaped(child_node)
        name = key.replace("$", "$$") if isinstance(key, str) and "$" in key else key
        if new is child_node and name is key:
            entries[key] = entry
        else:
            changed = True
            entries[name] = Entry(entry.line, entry.column, new)
    if not changed:
        return node
    return sequence(entries.values(), node) if is_list(node) else mapping(entries, node)
