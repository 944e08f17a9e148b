"""Variables put into a document, and the types that some attributes have only then.

Sources: ``interpolation/interpolation.go`` and ``loader/interpolate.go`` of compose-go.
Values are substituted, keys are not. A quoted ``"true"`` becomes a boolean only where the table says so.
"""

from __future__ import annotations

from fairlead.composefile.loader.template import TemplateError, substitute
from fairlead.composefile.loader.tree import mapping, replaced, scalar, sequence
from fairlead.composefile.loader.values import float32, parse_boolean, parse_integer, parse_number
from fairlead.findings import Finding, Location
from fairlead.quick.records import dataclass
from fairlead.yaml_nodes import DOLLAR, Entry, Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from fairlead.positions import ValuePath

MAX_USES = 20_000
"""Most uses of variables in one file."""


@dataclass(frozen=True)
class VariableUse:
    """One ``${…}`` of a file.

    Attributes:
        name: the variable.
        operator: empty, or one of ``:-``, ``-``, ``:?``, ``?``, ``:+``, ``+``.
        default: what follows the operator, as written.
        path: the value in which it stands, from the root of its file.
        location: the place of that value.
        is_set: whether the variable has a value.
    """

    name: str
    operator: str
    default: str
    path: ValuePath
    location: Location
    is_set: bool


def _float32(text: str) -> float | int | None:
    number = parse_number(text)
    return None if number is None else float32(number)


_SERVICE_CASTS: dict[str, Any] = {
    **dict.fromkeys(
        ("cpu_count", "cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime", "cpu_shares"),
        parse_integer,
    ),
    **dict.fromkeys(("oom_score_adj", "pids_limit", "scale"), parse_integer),
    **dict.fromkeys(
        ("init", "oom_kill_disable", "privileged", "read_only", "stdin_open", "tty"), parse_boolean
    ),
    "cpu_percent": parse_number,
    "cpus": _float32,
    "deploy": {
        "replicas": parse_integer,
        "update_config": {"parallelism": parse_integer, "max_failure_ratio": parse_number},
        "rollback_config": {"parallelism": parse_integer, "max_failure_ratio": parse_number},
        "restart_policy": {"max_attempts": parse_integer},
        "placement": {"max_replicas_per_node": parse_integer},
    },
    "healthcheck": {"retries": parse_integer, "disable": parse_boolean},
    "ports": {"*": {"target": parse_integer}},
    "ulimits": {"*": {"": parse_integer, "hard": parse_integer, "soft": parse_integer}},
    "volumes": {"*": {"read_only": parse_boolean, "volume": {"nocopy": parse_boolean}}},
}
_NETWORK_CASTS = dict.fromkeys(
    ("external", "internal", "attachable", "enable_ipv4", "enable_ipv6"), parse_boolean
)
CASTS: dict[str, Any] = {
    "services": {"*": _SERVICE_CASTS},
    "networks": {"*": _NETWORK_CASTS},
    **{kind: {"*": {"external": parse_boolean}} for kind in ("volumes", "secrets", "configs")},
}
"""By attribute: the type that a text there is given. ``*`` stands for any key or item, an empty key for the value itself."""


class Interpolation:
    """Puts variables into documents, and remembers where which was used and what could not be."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = variables
        self.uses: list[VariableUse] = []
        self.faults: list[Finding] = []

    def resolve(self, root: Node) -> Node:
        """The document with its variables put in and its types cast."""
        if root.flags & DOLLAR:
            root = self._walk(root, (), {})
        return cast_node(root, CASTS)

    def _walk(self, node: Node, path: ValuePath, done: dict[int, Node]) -> Node:
        before = done.get(id(node))
        if before is not None:
            return before
        result = node
        if node.entries:
            entries = {
                key: Entry(entry.line, entry.column, self._walk(entry.node, (*path, key), done))
                if entry.node.flags & DOLLAR
                else entry
                for key, entry in node.entries.items()
            }
            result = (
                sequence(entries.values(), node) if isinstance(node.value, list) else mapping(entries, node)
            )
        elif isinstance(node.value, str) and "$" in node.value:
            result = self._substitute(node, path)
        done[id(node)] = result
        return result

    def _substitute(self, node: Node, path: ValuePath) -> Node:
        place = Location(node.path, node.line, node.column)

        def told(name: str, operator: str, default: str, is_set: bool) -> None:
            if len(self.uses) < MAX_USES:
                self.uses.append(VariableUse(name, operator, default, path, place, is_set))

        try:
            return scalar(substitute(node.value, self.variables, told), node)
        except TemplateError as error:
            dotted = ".".join(str(step) for step in path)
            fix = "" if "is not set" in str(error) else "a $ that means itself is written $$"
            self.faults.append(Finding(f"{dotted}: {error}", place, fix, "interpolation", path=path))
            return node


def cast_node(node: Node, casts: dict[str, Any]) -> Node:
    """A tree with its texts given the types that a table says; a text that is none of its type stays."""
    own = casts.get("")
    if own is not None and isinstance(node.value, str):
        value = own(node.value)
        return node if value is None else scalar(value, node)
    every = casts.get("*")
    changes: dict[str | int, Node | None] = {}
    for key, entry in node.entries.items():
        wanted = casts.get(key, every) if isinstance(key, str) else every
        if wanted is None:
            continue
        child = entry.node
        if isinstance(wanted, dict):
            new = cast_node(child, wanted)
            if new is not child:
                changes[key] = new
        elif isinstance(child.value, str):
            value = wanted(child.value)
            if value is not None:
                changes[key] = scalar(value, child)
    return replaced(node, changes)
