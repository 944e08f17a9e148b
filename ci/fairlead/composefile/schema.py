"""Compose files against the compose-spec schema: rule ``schema``.

Every file is looked at as Compose's own check sees it: variables filled in, ``"true"`` a boolean where one is meant,
what ``!reset`` takes away gone. Places are those of the file as it is written.

Compose checks the files merged; here each is checked on its own, so that each finding stands where its cause is.
What only the whole must hold is left to the whole: a list in which a second file names an item again, and keys
that another file adds.
"""

from __future__ import annotations

from fairlead.findings import Finding
from fairlead.schemas.check import fault_findings
from fairlead.schemas.compose_spec import compose_checker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.composefile.loader import Model
    from fairlead.positions import Document, ValuePath
    from fairlead.schemas.forms import Checker, Fault

_UNITED = frozenset({
    "annotations", "args", "additional_contexts", "tags", "labels", "cap_add", "cap_drop", "devices", "configs",
    "dns", "dns_opt", "dns_search", "environment", "env_file", "expose", "links", "aliases", "link_local_ips",
    "ports", "profiles", "secrets", "sysctls", "tmpfs", "volumes",
})  # fmt: skip
"""Lists in which Compose drops what stands twice before it looks (``EnforceUnicity`` of compose-go)."""


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
    if not model.faults and not any(_says_something(document) for document in model.read):
        place = model.location(())
        findings.append(Finding("the compose file is empty", place, "add services:", "schema"))
    for document in model.read:
        faults = _faults(document, checker, model)
        if checker is not newest and any(fault.keyword == "unknown" for fault in faults):
            unknown = {fault.path for fault in _faults(document, newest, model) if fault.keyword == "unknown"}
            faults = [fault for fault in faults if fault.keyword != "unknown" or fault.path in unknown]
        if faults:
            findings += fault_findings(faults, document, checker, "schema")
    return tuple(findings)


def _says_something(document: Document) -> bool:
    """Whether there is more than what Compose drops: ``version:``, and an empty ``include:``."""
    value = document.value
    if not isinstance(value, dict):
        return bool(value)
    return any(key != "version" and (key != "include" or said is not None) for key, said in value.items())


def _faults(document: Document, checker: Checker, model: Model) -> list[Fault]:
    if document.root is None:
        return []
    only = model.extended.get(document.path)
    return [
        fault
        for fault in checker.faults(document.value)
        if not _is_settled(fault, document, model) and (only is None or _is_within(fault.path, only))
    ]


def _is_within(path: ValuePath, services: frozenset[str]) -> bool:
    """Whether a path lies in one of some services: of a file that is extended, the others are not looked at."""
    return len(path) > 1 and path[0] == "services" and path[1] in services


def _is_settled(fault: Fault, document: Document, model: Model) -> bool:
    """Whether the merged whole holds where a file on its own does not."""
    if fault.keyword == "uniqueItems":
        # Labels of volumes are the exception.
        return fault.path[-2] in _UNITED and fault.path[0] != "volumes"
    if fault.path == ("include",) and fault.value is None:
        # Compose takes it out of the model before it looks: an empty one says nothing.
        return True
    if len(model.read) == 1:
        return False
    if fault.keyword == "required":
        return _is_filled(model.value, fault.path, fault.value)
    # Items of lists are added, and `services:` must be a mapping in each file.
    is_merged = len(fault.path) > 1 and not any(isinstance(step, int) for step in fault.path)
    return fault.value is None and is_merged and _says_before(document, fault.path, model)


def _says_before(document: Document, path: ValuePath, model: Model) -> bool:
    """Whether an earlier file gives the value: an empty one over it changes nothing."""
    for earlier in model.read:
        if earlier is document:
            return False
        node = earlier.node(path)
        if node is not None and node.value is not None:
            return True
    return False


def _is_filled(value: object, path: ValuePath, key: str) -> bool:
    """Whether the whole has the key that a file lacks. Items of lists are whole in each file."""
    for step in path:
        if not isinstance(value, dict) or step not in value:
            return False
        value = value[step]
    return isinstance(value, dict) and key in value
