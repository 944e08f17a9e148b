"""The model of a compose app: its values, and where each of them is written."""

from __future__ import annotations

from fairlead.composefile.loader.interpolation import VariableUse
from fairlead.findings import Finding, Location
from fairlead.quick.records import dataclass, field
from fairlead.yaml_nodes import DOLLAR, Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from fairlead.composefile.loader.reading import EnvFile
    from fairlead.positions import Document, ValuePath


@dataclass(frozen=True)
class Written:
    """Where a value of the model is written.

    Attributes:
        document: the file.
        path: the value in that file.
        shared: whether a change there would change more than this value: it stands behind an anchor, a merge key,
            an extended service or a variable, or is only a part of what is written there.
    """

    document: Document
    path: ValuePath
    shared: bool


@dataclass(frozen=True)
class Model:
    """All compose files of an app as one, over all profiles.

    Attributes:
        value: what ``docker-compose --profile '*' config`` prints: defaults filled in, short forms long, paths absolute,
            resources that no service uses left out. A ``$`` in it is doubled, as ``config`` prints it, so that the model
            can be read as a compose file again. Parts of it are shared: do not change it.
        declared: the same with the resources that no service uses.
        faults: what is wrong with the files as files, each with its place; what could be read is in ``value``.
        documents: every file that took part, as it is written: files and overrides, with what they include and extend.
        read: the same documents after variables, ``!reset`` and types: what Compose holds against its schema.
        uses: every ``${…}``.
        extended: the files that are extended only, and the services of theirs that are: Compose looks at no others.
        looked_at: every file that was read, absolute: those of ``documents``, and files of variables.
        env_files: the files of variables and labels that services name.
        is_empty: nothing is in them, or nothing is left.
        is_confined: they name a file that no repository may name; it was not opened.
        variables: those that the files were resolved with, ``.env`` among them.
        name: of the project.
        directory: of the first file, absolute: where relative paths start.
    """

    value: dict[str, Any]
    declared: dict[str, Any]
    faults: tuple[Finding, ...]
    documents: tuple[Document, ...]
    read: tuple[Document, ...]
    uses: tuple[VariableUse, ...]
    variables: Mapping[str, str] = field(repr=False)
    looked_at: tuple[str, ...] = field(repr=False)
    extended: Mapping[str, frozenset[str]] = field(repr=False)
    name: str
    directory: str
    root: Node = field(repr=False)
    env_files: tuple[EnvFile, ...] = ()
    is_confined: bool = False
    is_empty: bool = False

    @property
    def env(self) -> Mapping[str, str]:
        """The variables that the files were resolved with."""
        return self.variables

    def location(self, path: ValuePath, *, key: bool = False) -> Location:
        """The place of the value at ``path`` or, with ``key``, of its key; of its nearest parent if it is not there."""
        node = self.root
        line, column = node.line, node.column
        for number, step in enumerate(path, start=1):
            entry = node.entries.get(step)
            if entry is None:
                break
            node = entry.node
            at_key = number < len(path) or key
            line, column = (entry.line, entry.column) if at_key else (node.line, node.column)
        return Location(node.path, line, column)

    def node(self, path: ValuePath) -> Node | None:
        """The written node that gave the value at ``path``: its ``text``, ``plain`` and ``tag`` are as written."""
        node = self._node(path)
        return None if node is None else node.origin or node

    def _node(self, path: ValuePath) -> Node | None:
        node = self.root
        for step in path:
            entry = node.entries.get(step)
            if entry is None:
                return None
            node = entry.node
        return node

    def written(self, path: ValuePath) -> Written | None:
        """Where the value at ``path`` is written, to change it there; None for what nobody wrote, such as a default."""
        node = self._node(path)
        source = None if node is None else node.origin or node
        if node is None or source is None:
            return None
        places = [
            (document, inner)
            for document in self.documents
            if document.path == source.path
            for inner, candidate in document.walk()
            if candidate is source
        ]
        if not places:
            return None
        document, inner = places[0]
        moved = inner[: min(2, len(path))] != path[: min(2, len(path))]
        shared = len(places) > 1 or moved or len(inner) != len(path) or bool(source.flags & DOLLAR)
        return Written(document, inner, shared or _below_anchor(document, inner))


def _below_anchor(document: Document, path: ValuePath) -> bool:
    """Whether a value lies in something that stands in several places of its file."""
    node = document.root
    parents = []
    for step in path:
        if node is None or step not in node.entries:
            return False
        node = node.entries[step].node
        parents.append(node)
    wanted = {id(parent) for parent in parents}
    seen: set[int] = set()
    for _, candidate in document.walk():
        if id(candidate) in wanted:
            if id(candidate) in seen:
                return True
            seen.add(id(candidate))
    return False
