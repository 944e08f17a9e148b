"""Compose files against the compose-spec schema: rule ``schema``.

Every file is looked at as Compose's own check sees it: variables filled in, ``"true"`` a boolean where one is meant,
what ``!reset`` takes away gone. Places are those of the file as it is written.

Compose checks the files merged; here each is checked on its own, so that each finding stands where its cause is.
What only the whole must hold is left to the whole: a list in which a second file names an item again, and keys
that another file adds.
"""

from __future__ import annotations

from fairlead.findings import Finding
from fairlead.schemas.check import dotted, fault_findings
from fairlead.schemas.compose_spec import OLDEST, compose_checker
from fairlead.schemas.forms import Date
from fairlead.yaml_nodes import FILLED, ODD, Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairlead.composefile.loader import Model
    from fairlead.positions import Document, ValuePath
    from fairlead.schemas.forms import Checker, Fault

_INFINITE = float("inf")
_UNITED = frozenset({
    "annotations", "args", "additional_contexts", "tags", "labels", "cap_add", "cap_drop", "devices", "configs",
    "dns", "dns_opt", "dns_search", "environment", "env_file", "expose", "links", "aliases", "link_local_ips",
    "ports", "profiles", "secrets", "sysctls", "tmpfs", "volumes",
})  # fmt: skip
"""Lists in which Compose drops what stands twice before it looks (``EnforceUnicity`` of compose-go)."""

_KEYED = frozenset({"depends_on", "models", "networks"})
"""Lists that are mappings of their names when a file that is only extended is looked at."""


def schema_findings(model: Model, *, compose_version: str = "") -> tuple[Finding, ...]:
    """What of the files does not hold against the schema of a Compose version.

    Args:
        model: the files, loaded.
        compose_version: the oldest Compose that reads the files; the newest known if empty. A key that is merely
            newer than it is no finding here: rule ``compose-too-old`` tells it.
    """
    newest = compose_checker()
    checker = compose_checker(compose_version)
    findings: list[Finding] = []
    if model.is_empty and not model.faults:
        place = model.location(())
        findings.append(Finding("the compose file is empty", place, "add services:", "schema"))
    for document in model.read:
        faults = _faults(document, checker, model)
        if not compose_version:
            faults = [fault for fault in faults if not _is_unset(fault, document)]
        if checker is not newest and any(fault.keyword == "unknown" for fault in faults):
            unknown = {fault.path for fault in _faults(document, newest, model) if fault.keyword == "unknown"}
            faults = [fault for fault in faults if fault.keyword != "unknown" or fault.path in unknown]
        if document.root is not None and document.root.flags & ODD:
            findings += _infinite(document, model)
        if faults:
            findings += fault_findings(faults, document, checker, "schema")
    return tuple(findings)


def _faults(document: Document, checker: Checker, model: Model) -> list[Fault]:
    if document.root is None:
        return []
    only = model.extended.get(document.path)
    value = _with_dates(document.root) if document.root.flags & ODD else document.value
    return [
        fault
        for fault in checker.faults(value)
        if not _is_settled(fault, document, model) and (only is None or _is_within(fault.path, only))
    ]


def _with_dates(node: Node) -> Any:
    """The value of a node, each date in it as what it is."""
    if not node.flags & ODD or not node.entries:
        return Date() if node.flags & ODD and isinstance(node.value, str) else node.value
    if isinstance(node.value, list):
        return [_with_dates(entry.node) for entry in node.entries.values()]
    return {key: _with_dates(entry.node) for key, entry in node.entries.items()}


def _is_unset(fault: Fault, document: Document) -> bool:
    """Whether a value is empty for want of a variable, which newer Composes refuse: rule ``unset-variable`` tells it."""
    node = document.node(fault.path) if fault.keyword == "pattern" and fault.value == "" else None
    if node is None or "$" not in node.text:
        return False
    oldest = compose_checker(OLDEST).faults(document.value)
    return not any(other.path == fault.path for other in oldest)


def _infinite(document: Document, model: Model) -> list[Finding]:
    """Numbers that Compose can't write: ``.inf`` and ``.nan``, wherever they stand."""
    only = model.extended.get(document.path)
    return [
        Finding(
            f"{dotted(path)}: {node.text} is no number that Compose can write",
            document.location(path),
            "put it in quotes, or write a number",
            "schema",
            path=path,
        )
        for path, node in document.walk()
        if isinstance(node.value, float)
        and not -_INFINITE < node.value < _INFINITE
        and (only is None or _is_within(path, only))
    ]


def _is_within(path: ValuePath, services: frozenset[str]) -> bool:
    """Whether a path lies in one of some services: of a file that is extended, the others are not looked at."""
    return len(path) > 1 and path[0] == "services" and path[1] in services


def _is_settled(fault: Fault, document: Document, model: Model) -> bool:
    """Whether the merged whole holds where a file on its own does not."""
    if fault.keyword == "uniqueItems":
        names = document.node(fault.path[:-1])
        # Labels of volumes are the exception.
        is_united = fault.path[-2] in _UNITED and fault.path[0] != "volumes"
        is_keyed = fault.path[-2] in _KEYED and document.path in model.extended
        return is_united or is_keyed or (names is not None and bool(names.flags & FILLED))
    if fault.path[:1] == ("include",) or (
        fault.path[0::2][:2] == ("services", "extends") and len(fault.path) > 2
    ):
        # Compose takes both out before it looks; what it wants of them is the loader's.
        return True
    if fault.value is None and len(fault.path) > 1:
        node = document.node(fault.path)
        if node is not None and node.flags & FILLED:
            return True
    return (
        len(model.read) > 1
        and fault.keyword == "required"
        and _is_filled(model.value, fault.path, fault.value)
    )


def _is_filled(value: object, path: ValuePath, key: str) -> bool:
    """Whether the whole has the key that a file lacks. Items of lists are whole in each file."""
    for step in path:
        if not isinstance(value, dict) or step not in value:
            return False
        value = value[step]
    return isinstance(value, dict) and key in value
