"""Documents into one: what they include, what they extend, and what later ones change.

Sources: ``loader/loader.go``, ``loader/include.go`` and ``loader/extends.go`` of compose-go.
"""

from __future__ import annotations

import os
from pathlib import Path

from fairlead.composefile.loader.canonical import MAX_PORTS, PortRoom, settle
from fairlead.composefile.loader.merging import Merging
from fairlead.composefile.loader.paths import Anchoring
from fairlead.composefile.loader.tags import without
from fairlead.composefile.loader.tree import child, grown, is_list, is_mapping, mapping, replaced
from fairlead.composefile.loader.values import go_text
from fairlead.findings import Finding, Location
from fairlead.yaml_nodes import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fairlead.composefile.loader.reading import Reader
    from fairlead.positions import ValuePath

_IMPORTED = ("services", "volumes", "networks", "secrets", "configs", "models")
_REMOTE = ("oci://", "git@", "github.com/", "https://", "http://", "ssh://", "git://")
MAX_EXTENDS = 100
"""Longest chain of services that extend each other."""


def is_remote(path: str) -> bool:
    """Whether a file named in ``include`` or ``extends`` lies on another machine."""
    return path.startswith(_REMOTE)


class Assembly:
    """Makes one document of several files, in one directory and with one set of variables."""

    def __init__(
        self,
        reader: Reader,
        merging: Merging,
        *,
        directory: str,
        variables: Mapping[str, str],
        home: str,
        chain: tuple[str, ...] = (),
        room: PortRoom | None = None,
    ) -> None:
        """Assemble in a directory.

        Args:
            directory: absolute: where relative paths start.
            chain: the files that include this one.
            room: for published ports; the includer's.
        """
        self._reader = reader
        self._merging = merging
        self._directory = directory
        self._variables = variables
        self._home = home
        self._chain = chain
        self._room = room if room is not None else PortRoom()
        self._bases: dict[str, _Base | None] = {}
        self.anchoring = Anchoring(directory, variables, home)

    def assemble(self, paths: Sequence[Path], place: Location | None = None) -> Node | None:
        """The files over one another; None where there is nothing in them."""
        total: Node | None = None
        for path in paths:
            self._reader.whole.add(self.shown(path))
            for part in self._reader.parts(path, self._variables, place) or ():
                if part.root is None or not is_mapping(part.root):
                    continue
                total = self._add(total, part.root, part.resets, path)
        return None if total is None else self.anchoring.document(total)

    def _add(self, total: Node | None, root: Node, resets: tuple[ValuePath, ...], path: Path) -> Node:
        own_services = frozenset(services.entries) if (services := child(root, "services")) else frozenset()
        if "include" in root.entries:
            root = self._with_included(root, path)
        if total is not None:
            total = without(total, resets)
        services = child(root, "services")
        if services is not None and is_mapping(services):
            extending = _Extending(self, services, path, resets, own_services)
            extended = extending.all()
            if extended is not services:
                root = replaced(root, {"services": extended})
        return self._settle(root if total is None else self._merging.merge(total, root))

    def _settle(self, root: Node) -> Node:
        settled = settle(root, self._room)
        refused = self._room.refused
        if refused is not None:
            self._room.refused = None
            place = Location(refused.path, refused.line, refused.column)
            what = f"more than {MAX_PORTS:,} ports are published: the others are not looked at"
            self.fault("unseen", what, place)
        return settled

    # --- include ---------------------------------------------------------------------------------------

    def _with_included(self, root: Node, path: Path) -> Node:
        include = root.entries["include"].node
        root = mapping({key: entry for key, entry in root.entries.items() if key != "include"}, root)
        if include.value is None:
            return root
        if not is_list(include):
            place = Location(include.path, include.line, include.column)
            self.fault("include", "include must be a list", place, "write include: [FILE]")
            return root
        for entry in include.entries.values():
            imported = self._included(entry.node, path)
            if imported is not None:
                root = self._imported(
                    root, imported, Location(entry.node.path, entry.node.line, entry.node.column)
                )
        return root

    def _included(self, node: Node, includer: Path) -> Node | None:
        place = Location(node.path, node.line, node.column)
        if isinstance(node.value, str):
            node = grown({"path": node.value}, node)
        elif node.value is not None and not is_mapping(node):
            self.fault("include", f"include names files, not {go_text(node.value)}", place)
            return None
        given = {str(key).lower(): entry.node for key, entry in node.entries.items()}
        for key in ("path", "env_file"):
            if not _is_texts(given.get(key)):
                self.fault("include", f"{key} of include must be a file or a list of files", place)
                return None
        project = given.get("project_directory")
        if project is not None and isinstance(project.value, (dict, list)):
            self.fault("include", "project_directory of include must be a folder", place)
            return None
        names = _texts(given.get("path"))
        if not names:
            # Compose takes it, and includes nothing.
            return None
        remote = [name for name in names if is_remote(name)]
        if remote:
            what = f"{remote[0]} is included from another machine and can't be looked at here"
            self.fault("unseen", what, place, "include a file of the repository")
            return None
        paths = [self._inside(name) for name in names]
        chain = (*self._chain, str(includer))
        if str(paths[0]) in chain:
            names_of_chain = " includes ".join(
                self._reader.shown(Path(one)) for one in (*chain, str(paths[0]))
            )
            self.fault("include", f"files include each other: {names_of_chain}", place)
            return None
        folder = str(project.value) if project is not None and project.value else str(paths[0].parent)
        directory = str(self._inside(folder))
        variables = self._included_variables(given.get("env_file"), directory, place)
        assembly = Assembly(
            self._reader,
            self._merging,
            directory=directory,
            variables=variables,
            home=self._home,
            chain=chain,
            room=self._room,
        )
        return assembly.assemble(paths, place)

    def _included_variables(
        self, env_file: Node | None, directory: str, place: Location
    ) -> Mapping[str, str]:
        files = [self._inside(name) for name in _texts(env_file)]
        beside = Path(directory, ".env")
        if not files and beside.is_file():
            files = [beside]
        known: dict[str, str] = {}
        for file in files:
            if str(file) != os.devnull:
                self._reader.variables(file, self._variables, known, place)
        return {**known, **self._variables}

    def _imported(self, root: Node, imported: Node, place: Location) -> Node:
        changes: dict[str | int, Node | None] = {}
        for kind in _IMPORTED:
            source = child(imported, kind)
            if source is None or not source.entries:
                continue
            target = child(root, kind)
            entries = dict(target.entries) if target is not None else {}
            for name, entry in source.entries.items():
                before = entries.get(name)
                if before is None:
                    entries[name] = entry
                elif before.node.value != entry.node.value:
                    what = f"{kind}.{name} is included, and declared here too"
                    where = Location(before.node.path, before.line, before.column)
                    self.fault(
                        "include",
                        f"{what} ({entry.node.path}:{entry.line})",
                        where,
                        "rename one, or override it in a second file",
                    )
            changes[kind] = mapping(entries, target or source)
        return replaced(root, changes)

    # --- extends ---------------------------------------------------------------------------------------

    def base_file(self, name: str, place: Location) -> _Base | None:
        """The services of a file that is extended; None, and a fault, where they can't be read."""
        if is_remote(name):
            what = f"{name} is extended from another machine and can't be looked at here"
            self.fault("unseen", what, place, "extend a file of the repository")
            return None
        path = str(self._inside(name))
        if path not in self._bases:
            self._bases[path] = self._load_base(Path(path), place)
        return self._bases[path]

    def _load_base(self, path: Path, place: Location) -> _Base | None:
        parts = self._reader.parts(path, self._variables, place)
        if parts is None:
            return None
        total: Node | None = None
        resets: tuple[ValuePath, ...] = ()
        for part in parts:
            if part.root is None or not is_mapping(part.root):
                continue
            total = self._settle(
                part.root if total is None else self._merging.merge(without(total, part.resets), part.root)
            )
            resets = part.resets
        anchored = Anchoring(str(path.parent), {}, self._home, with_context=False)
        services = child(total, "services")
        if total is None or services is None or not is_mapping(services):
            self.fault("extends", f"{self._reader.shown(path)} has no services", place)
            return None
        return _Base(
            path,
            replaced(
                services, {name: anchored.service(entry.node) for name, entry in services.entries.items()}
            ),
            resets,
        )

    def extend(self, base: Node, over: Node, name: str) -> Node:
        """A service over its base."""
        return self._merging.extend(base, over, name)

    def _inside(self, name: str) -> Path:
        return Path(os.path.normpath(Path(self._directory, name)))

    def note_extended(self, path: Path, name: str) -> None:
        """Remember which service of a file another one extends."""
        self._reader.bases.setdefault(self.shown(path), set()).add(name)

    def shown(self, path: Path) -> str:
        """A file as the user knows it."""
        return self._reader.shown(path)

    def fault(self, rule: str, what: str, place: Location, fix: str = "") -> None:
        """Note what does not hold."""
        self._reader.faults.append(Finding(what, place, fix, rule))


class _Base:
    """The services of a file that others extend."""

    __slots__ = ("path", "resets", "services")

    def __init__(self, path: Path, services: Node, resets: tuple[ValuePath, ...]) -> None:
        self.path = path
        self.services = services
        self.resets = resets


class _Extending:
    """Puts the services of one document over those that they extend."""

    def __init__(
        self,
        assembly: Assembly,
        services: Node,
        path: Path,
        resets: tuple[ValuePath, ...],
        own: frozenset[str | int],
    ) -> None:
        self._assembly = assembly
        self._document = _Base(path, services, resets)
        self._own = own
        self._done: dict[tuple[str, str], Node | None] = {}

    def all(self) -> Node:
        """The services, each over its base."""
        changes: dict[str | int, Node | None] = {}
        for name, entry in self._document.services.entries.items():
            if is_mapping(entry.node) and "extends" in entry.node.entries:
                changes[name] = self._service(self._document, str(name), ())
        return replaced(self._document.services, changes) if changes else self._document.services

    def _service(self, source: _Base, name: str, chain: tuple[tuple[str, str], ...]) -> Node | None:
        step = (str(source.path), name)
        if step in self._done:
            return self._done[step]
        node = source.services.entries[name].node
        extends = child(node, "extends") if is_mapping(node) else None
        if extends is None:
            return node
        without_it = mapping({key: entry for key, entry in node.entries.items() if key != "extends"}, node)
        place = Location(extends.path, extends.line, extends.column)
        if step in chain or len(chain) >= MAX_EXTENDS:
            circle = " extends ".join(
                service for _, service in (*chain[chain.index(step) if step in chain else 0 :], step)
            )
            self._assembly.fault("extends", f"services extend each other: {circle}", place)
            return without_it
        base = self._base(source, name, extends, (*chain, step))
        result = without_it
        if base is not None and is_mapping(base):
            resets = tuple(
                path[2:] for path in source.resets if path[:2] in {("services", name), ("services", "*")}
            )
            result = self._assembly.extend(
                without(base, tuple(path for path in resets if path)), without_it, name
            )
        self._done[step] = result
        return result

    def _base(
        self, source: _Base, name: str, extends: Node, chain: tuple[tuple[str, str], ...]
    ) -> Node | None:
        service = child(extends, "service") if is_mapping(extends) else extends
        if service is None or not isinstance(service.value, str):
            place = Location(extends.path, extends.line, extends.column)
            fix = "write extends: {service: NAME}"
            self._assembly.fault("extends", f"extends of {name} names no service", place, fix)
            return None
        place = Location(service.path, service.line, service.column)
        file = child(extends, "file")
        target = source
        if file is not None and file.value is not None:
            if not isinstance(file.value, str) or not file.value:
                what = f"extends of {name} names no file"
                self._assembly.fault("extends", what, Location(file.path, file.line, file.column))
                return None
            found = self._assembly.base_file(file.value, Location(file.path, file.line, file.column))
            if found is None:
                return None
            target = found
        if service.value not in target.services.entries:
            from fairlead.nearest import did_you_mean

            what = (
                f"{name} extends {service.value}, which is no service of {self._assembly.shown(target.path)}"
            )
            names = [str(key) for key in target.services.entries]
            self._assembly.fault("extends", what, place, did_you_mean(service.value, names))
            return None
        self._assembly.note_extended(target.path, service.value)
        if target is self._document and service.value not in self._own:
            what = f"{name} extends {service.value}, which an included file declares: Compose before 5 does not find it"
            self._assembly.fault("extends", what, place, "extend it with file: and service:")
        return self._service(target, service.value, chain)


def _is_texts(node: Node | None) -> bool:
    """Whether a value is nothing, a text, or a list of texts."""
    if node is None or node.value is None or isinstance(node.value, str):
        return True
    return isinstance(node.value, list) and all(isinstance(value, str) for value in node.value)


def _texts(node: Node | None) -> list[str]:
    """A text, or a list of texts, as a list."""
    if node is None or node.value is None:
        return []
    values = node.value if isinstance(node.value, list) else [node.value]
    return [value for value in values if isinstance(value, str)]
