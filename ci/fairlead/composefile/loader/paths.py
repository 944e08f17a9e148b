"""Defaults that a document gets before it is merged elsewhere, and its relative paths made absolute.

Sources: ``transform/defaults.go``, the package ``paths`` and ``loader/environment.go`` of compose-go.
"""

from __future__ import annotations

import posixpath
from os.path import exists

from fairlead.composefile.loader.tree import applied, each, is_list, is_mapping, replaced, scalar, with_values
from fairlead.sources import real_path
from fairlead.yaml_nodes import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Transform = Callable[[Node], Node]

_REMOTE_CONTEXTS = ("https://", "http://", "git://", "ssh://", "github.com/", "git@", "service:")


class Anchoring:
    """Gives a document its defaults and anchors its relative paths in a directory."""

    def __init__(
        self, directory: str, variables: Mapping[str, str], home: str, *, with_context: bool = True
    ) -> None:
        """Anchor in a directory.

        Args:
            directory: absolute.
            variables: for names in ``environment`` lists.
            home: what ``~`` stands for.
            with_context: whether a ``build`` without a context gets this directory.
        """
        self._with_context = with_context
        self._directory = directory
        self._variables = variables
        self._home = home
        self._service: dict[str, Transform] = {
            "build": self._build,
            "deploy": self._deploy,
            "develop": self._develop,
            "env_file": lambda node: self._items(node, {"path": self._path}),
            "environment": self._environment,
            "extends": lambda node: applied(node, {"file": self._path}),
            "gpus": self._devices,
            "label_file": lambda node: each(node, self._path),
            "ports": self._ports,
            "pre_start": lambda node: each(node, self.service) if is_list(node) else node,
            "secrets": self._secrets,
            "volumes": self._volumes,
        }
        self._source: dict[str, Transform] = {"file": self._file}

    def document(self, root: Node) -> Node:
        """A whole document."""
        return applied(
            root,
            {
                **dict.fromkeys(("services", "jobs"), self._services),
                "configs": lambda node: self._children(node, self._source),
                "secrets": lambda node: self._children(node, self._source),
                "volumes": lambda node: each(node, self._driver_options),
            },
        )

    def _services(self, node: Node) -> Node:
        return each(node, self.service) if is_mapping(node) else node

    def service(self, node: Node) -> Node:
        """One service."""
        return applied(node, self._service) if is_mapping(node) else node

    def _children(self, node: Node, table: Mapping[str, Transform]) -> Node:
        if not is_mapping(node):
            return node
        return each(node, lambda child: applied(child, table) if is_mapping(child) else child)

    def _items(self, node: Node, table: Mapping[str, Transform]) -> Node:
        if not is_list(node):
            return node
        return each(node, lambda child: applied(child, table) if is_mapping(child) else child)

    def _path(self, node: Node) -> Node:
        path = node.value
        if not isinstance(path, str) or not path:
            return node
        whole = self.absolute(path)
        return node if whole == path else scalar(whole, node)

    def _file(self, node: Node) -> Node:
        """As a path, but that an empty one is the directory."""
        if not isinstance(node.value, str):
            return node
        whole = self.absolute(node.value)
        return node if whole == node.value else scalar(whole, node)

    def absolute(self, path: str) -> str:
        """A path as Compose makes it absolute: an absolute one is kept as it is, a Windows one too."""
        if path.startswith("~"):
            path = posixpath.normpath(f"{self._home}/{path[1:]}")
        if path.startswith("/") or is_windows_path(path):
            return path
        return posixpath.normpath(f"{self._directory}/{path}")

    def _context(self, node: Node) -> Node:
        path = node.value
        if not isinstance(path, str) or "://" in path or path.startswith(_REMOTE_CONTEXTS):
            return node
        return self._path(node)

    def _build(self, node: Node) -> Node:
        if not is_mapping(node):
            return node
        contexts = {
            "additional_contexts": lambda child: each(child, self._context) if is_mapping(child) else child
        }
        keys = {"ssh": lambda child: each(child, self._path) if is_mapping(child) else child}
        if self._with_context:
            node = with_values(node, {"context": "."})
        return applied(node, {"context": self._context, **contexts, **keys})

    def _develop(self, node: Node) -> Node:
        return applied(node, {"watch": lambda watch: self._items(watch, {"path": self._real_path})})

    def _real_path(self, node: Node) -> Node:
        if not isinstance(node.value, str) or not node.value:
            return node
        whole = self.absolute(node.value)
        return scalar(real_path(whole) if exists(whole) else whole, node)  # noqa: PTH110 - never raises

    def _deploy(self, node: Node) -> Node:
        reservations = {"reservations": lambda child: applied(child, {"devices": self._devices})}
        return applied(node, {"resources": lambda child: applied(child, reservations)})

    @staticmethod
    def _devices(node: Node) -> Node:
        def counted(item: Node) -> Node:
            if not is_mapping(item) or "device_ids" in item.entries:
                return item
            return with_values(item, {"count": "all"})

        return each(node, counted) if is_list(node) else node

    def _environment(self, node: Node) -> Node:
        """A bare name in a list takes its value from the variables of its own file's include."""
        if not is_list(node):
            return node

        def valued(item: Node) -> Node:
            name = item.value
            if isinstance(name, str) and name in self._variables:
                return scalar(f"{name}={self._variables[name]}", item)
            return item

        return each(node, valued)

    @staticmethod
    def _ports(node: Node) -> Node:
        if not is_list(node):
            return node
        defaults = {"protocol": "tcp", "mode": "ingress"}
        return each(node, lambda item: with_values(item, defaults) if is_mapping(item) else item)

    @staticmethod
    def _secrets(node: Node) -> Node:
        if not is_list(node):
            return node

        def targeted(item: Node) -> Node:
            if not is_mapping(item) or "source" not in item.value:
                return item
            return with_values(
                item, {"target": f"/run/secrets/{item.value['source']}"}, item.entries["source"].node
            )

        return each(node, targeted)

    def _volumes(self, node: Node) -> Node:
        return each(node, self._mount) if is_list(node) else node

    def _mount(self, node: Node) -> Node:
        if is_mapping(node) and node.value.get("type") == "bind":
            return applied(node, {"source": self._file})
        return node

    def _driver_options(self, node: Node) -> Node:
        """A volume that is a bind mount after all."""
        if not is_mapping(node) or node.value.get("driver") != "local":
            return node
        options = node.entries.get("driver_opts")
        if options is None or not is_mapping(options.node) or options.node.value.get("o") != "bind":
            return node
        return replaced(node, {"driver_opts": applied(options.node, {"device": self._file})})


def is_windows_path(path: str) -> bool:
    """Whether a path is absolute on Windows: a client there may speak to an engine elsewhere."""
    if path[1:2] == ":":
        return path[2:3] in {"/", "\\"}
    return path[:2] in {"\\\\", "//", "\\/", "/\\"}
