"""What the file says otherwise than it looks: values that change type, variables that may be empty, keys that do nothing."""

from __future__ import annotations

from fairlead.app.given import replaced_places
from fairlead.judge.policy.fault import Fault
from fairlead.judge.policy.network import is_sexagesimal
from fairlead.judge.policy.rule import app_rule, service_rule
from fairlead.secret_signs.ways import declare_way

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fairlead.judge.policy.subject import Subject, View
    from fairlead.positions import Document, ValuePath
    from fairlead.yaml_nodes import Node

_TEXT_MAPPINGS = (
    *(("environment",), ("labels",), ("annotations",), ("sysctls",), ("extra_hosts",), ("build", "args")),
    *(("build", "labels"), ("logging", "options"), ("deploy", "labels"), ("storage_opt",), ("driver_opts",)),
)
_TEXT_LISTS = (
    *(("command",), ("entrypoint",), ("expose",), ("tmpfs",), ("dns",), ("dns_search",), ("profiles",)),
    *(
        ("healthcheck", "test"),
        ("security_opt",),
        ("volumes",),
        ("devices",),
        ("group_add",),
        ("extra_hosts",),
    ),
)
_TEXTS = (
    *("image", "user", "hostname", "domainname", "restart", "container_name", "working_dir", "stop_signal"),
    *("platform", "runtime", "network_mode", "pid", "ipc", "pull_policy", "command", "entrypoint"),
)
_BOOLEANS = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_NO_TEXTS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_ANY_NAME = "app"
"""For a folder whose name has none of the letters that a project's may have."""
_ALWAYS_SET = frozenset({"COMPOSE_PROJECT_NAME"})
_DURATIONS = (
    *(("healthcheck", key) for key in ("interval", "timeout", "start_period", "start_interval")),
    ("stop_grace_period",),
)
_SWARM_ONLY = ("update_config", "rollback_config", "placement", "endpoint_mode")


@app_rule("yaml-trap")
def yaml_trap(subject: Subject) -> Iterator[Fault]:
    """A value without quotes that is no text, where a text is meant."""
    seen: set[int] = set()
    for document in subject.model.documents:
        for path, node in _text_nodes(document):
            if id(node) in seen or not node.plain or node.tag:
                continue
            seen.add(id(node))
            taken_for = _taken_for(node)
            if taken_for:
                what = f"{'.'.join(str(step) for step in path)}: {node.text} without quotes is {taken_for}"
                yield Fault(path, what, f'write "{node.text}"', location=document.location(path))


def _text_nodes(document: Document) -> Iterator[tuple[ValuePath, Node]]:
    """The scalars of a document that are meant as text."""
    services = document.node(("services",))
    for kind in ("networks", "volumes", "secrets", "configs"):
        section = document.node((kind,))
        for name, entry in section.entries.items() if section is not None else ():
            yield from _below(entry.node, (kind, name), (("labels",), ("driver_opts",)))
    for name, entry in services.entries.items() if services is not None else ():
        path: ValuePath = ("services", name)
        yield from _below(entry.node, path, _TEXT_MAPPINGS)
        yield from _below(entry.node, path, _TEXT_LISTS, lists=True)
        for key in _TEXTS:
            value = entry.node.entries.get(key)
            if value is not None and not value.node.entries:
                yield (*path, key), value.node


def _below(
    node: Node, path: ValuePath, places: tuple[tuple[str, ...], ...], *, lists: bool = False
) -> Iterator[tuple[ValuePath, Node]]:
    for steps in places:
        inner: Node | None = node
        for step in steps:
            entry = inner.entries.get(step) if inner is not None else None
            inner = entry.node if entry is not None else None
        if inner is None or isinstance(inner.value, list) != lists:
            continue
        for key, child in inner.entries.items():
            if not child.node.entries:
                yield (*path, *steps, key), child.node


def _taken_for(node: Node) -> str:
    """What a plain scalar is instead of its text, for Compose or for a YAML 1.1 parser; empty if it is its text."""
    text, value = node.text, node.value
    if isinstance(value, bool) or value is None or not text:
        return ""
    if isinstance(value, (int, float)):
        shown = str(value).removesuffix(".0")
        return "" if shown == text else f"the number {shown}"
    boolean = _BOOLEANS.get(text.lower())
    if boolean is not None:
        return f"{boolean} for a YAML 1.1 parser"
    if text[0].isdigit() and is_sexagesimal(text):
        return "a number to the base of 60 for a YAML 1.1 parser"
    if text[:4].isdecimal() and text[4:5] == "-" and _is_date(text):
        return "a date, which is written out anew"
    return ""


def _is_date(text: str) -> bool:
    parts = text[:10].split("-")
    if len(parts) != 3 or len(text) > 35:
        return False
    month, day = parts[1], parts[2].rstrip("Tt ")
    return month.isdecimal() and day.isdecimal() and 1 <= int(month) <= 12 and 1 <= int(day) <= 31


@app_rule("unset-variable")
def unset_variable(subject: Subject) -> Iterator[Fault]:
    """A variable that may be missing without a word."""
    seen: set[tuple[str, object]] = set()
    # Demanded in one place, it is set in all: the files can't be read otherwise.
    demanded = {use.name for use in subject.model.uses if use.operator == ":?"}
    replaced = replaced_places(subject.services, subject.model) if subject.deployed else frozenset()
    for use in subject.model.uses:
        if use.operator or use.name in _ALWAYS_SET | demanded or (use.name, use.location) in seen:
            continue
        if use.name in subject.given or use.location in replaced:
            continue
        seen.add((use.name, use.location))
        state = "may be" if use.is_set else "is"
        what = f"the variable {use.name} {state} unset, and an unset one is an empty text"
        fix = f"write ${{{use.name}:?}} to demand it, or ${{{use.name}:-<default>}}"
        if subject.deployed:
            fix += f"; or {declare_way(use.name)}"
        yield Fault(use.path, what, fix, location=use.location)


@service_rule("swarm-only")
def swarm_only(view: View) -> Iterator[Fault]:
    """A key that only a swarm looks at."""
    for key in _SWARM_ONLY:
        if key in view.mapping("deploy") and view.is_written("deploy", key):
            what = f"deploy.{key} does nothing outside a swarm"
            yield Fault(view.at("deploy", key), what, "remove it", key=True)
    if view.get("deploy", "mode") == "global" and view.is_written("deploy", "mode"):
        what = "deploy.mode: global does nothing outside a swarm: there is one container"
        yield Fault(view.at("deploy", "mode"), what, "remove it")


@app_rule("obsolete")
def obsolete(subject: Subject) -> Iterator[Fault]:
    """A key that says nothing any more, and a name that the folder gives."""
    documents = subject.model.documents
    for document in documents:
        if document.node(("version",)) is not None:
            what = "version: says nothing any more: Compose ignores it, with a warning at each command"
            place = document.location(("version",), key=True)
            yield Fault(("version",), what, "remove it", location=place, repair=(("version",), None))
    if documents and not any(document.node(("name",)) is not None for document in documents):
        first = documents[0]
        key = next(iter(first.root.entries), None) if first.root is not None else None
        what = (
            "no name: the project, and with it its volumes, is called after the folder that the file lies in"
        )
        name = _as_yaml(subject.model.name or _ANY_NAME)
        place = first.location((key,) if key is not None else (), key=True)
        yield Fault((), what, f"write name: {name}", location=place, repair=(("name",), name))


def _as_yaml(name: str) -> str:
    """A project's name in quotes where YAML reads it as no text: ``2024``, ``on``."""
    return name if name[0].isalpha() and name not in _NO_TEXTS else f'"{name}"'


# By the key below a top-level section, ``*`` for every name or index: the first Compose that has it. Source: the schema
# in compose-go at the version that each release of Compose requires (its go.mod); for patch releases, the release notes.
_SINCE: dict[str, dict[tuple[str, ...], tuple[int, ...]]] = {
    "services": {
        ("gpus",): (2, 30, 0),
        ("post_start",): (2, 30, 0),
        ("pre_stop",): (2, 30, 0),
        ("label_file",): (2, 32, 2),
        ("pull_refresh_after",): (2, 34, 0),
        ("provider",): (2, 35, 0),
        ("models",): (2, 38, 0),
        ("use_api_socket",): (2, 38, 0),
        ("pre_start",): (5, 4, 0),
        ("umask",): (5, 7, 0),
        ("build", "entitlements"): (2, 27, 1),
        ("build", "provenance"): (2, 39, 0),
        ("build", "sbom"): (2, 39, 0),
        ("build", "no_cache_filter"): (5, 0, 0),
        ("develop", "watch", "*", "exec"): (2, 32, 0),
        ("develop", "watch", "*", "include"): (2, 34, 0),
        ("develop", "watch", "*", "initial_sync"): (2, 40, 0),
        ("networks", "*", "driver_opts"): (2, 27, 1),
        ("networks", "*", "gw_priority"): (2, 33, 0),
        ("networks", "*", "interface_name"): (2, 36, 0),
        ("networks", "*", "use_service_name_alias"): (5, 7, 0),
        ("volumes", "*", "volume", "subpath"): (2, 25, 0),
        ("volumes", "*", "volume", "labels"): (2, 35, 0),
        ("volumes", "*", "bind", "recursive"): (2, 30, 0),
        ("volumes", "*", "image"): (2, 35, 0),
        ("ports", "*", "name"): (2, 25, 0),
        ("ports", "*", "app_protocol"): (2, 25, 0),
        ("devices", "*", "source"): (2, 30, 0),
        ("devices", "*", "target"): (2, 30, 0),
        ("devices", "*", "permissions"): (2, 30, 0),
        ("models", "*", "model_var"): (2, 38, 1),
        ("env_file", "*", "format"): (2, 30, 0),
    },
    "networks": {("enable_ipv4",): (2, 33, 0)},
    "models": {(): (2, 38, 0)},
    "jobs": {(): (5, 6, 0)},
}


@app_rule("compose-too-old")
def compose_too_old(subject: Subject) -> Iterator[Fault]:
    """A key that the Compose of a host does not know yet; ``2.24`` stands for the last patch of that version."""
    have = subject.policy.compose
    shown = ".".join(str(number) for number in have)
    newer = {
        section: {pattern: since for pattern, since in table.items() if since[: len(have)] > have}
        for section, table in _SINCE.items()
    }
    for document in subject.model.documents:
        for path, since in _new_keys(document, newer):
            version = ".".join(str(number) for number in since)
            what = f"{path[-1]} needs Compose {version}, and {shown} is the oldest that a host runs"
            fix = "do without it, or update the hosts and write validate: {compose: …} in fairlead.yaml"
            yield Fault(path, what, fix, location=document.location(path, key=True))
        for path, since in _new_values(document, have):
            version = ".".join(str(number) for number in since)
            what = (
                f"{document.text(path)} needs Compose {version}, and {shown} is the oldest that a host runs"
            )
            yield Fault(path, what, "write it in another form", location=document.location(path))


def _new_values(document: Document, have: tuple[int, ...]) -> Iterator[tuple[ValuePath, tuple[int, ...]]]:
    """Values of keys that were always there, in a form that is newer than ``have``."""
    services = document.node(("services",))
    in_days, of_service = (2, 34, 0), (2, 33, 0)
    for name, entry in services.entries.items() if services is not None else ():
        for steps in _DURATIONS if in_days[: len(have)] > have else ():
            path: ValuePath = ("services", name, *steps)
            text = document.text(path) if steps[0] in entry.node.entries else ""
            if text[:1].isdigit() and ("d" in text or "w" in text):
                yield path, in_days
        if of_service[: len(have)] > have and "build" in entry.node.entries:
            contexts = document.node(("services", name, "build", "additional_contexts"))
            for key, context in contexts.entries.items() if contexts is not None else ():
                if "service:" in context.node.text:
                    yield ("services", name, "build", "additional_contexts", key), of_service


def _new_keys(
    document: Document, newer: Mapping[str, Mapping[tuple[str, ...], tuple[int, ...]]]
) -> Iterator[tuple[ValuePath, tuple[int, ...]]]:
    """The paths of the keys of a document that are among ``newer``, and since when they are known."""
    for section, table in newer.items():
        top = document.node((section,))
        if top is None:
            continue
        if () in table:
            yield (section,), table[()]
            continue
        by_key: dict[str, list[tuple[str, ...]]] = {}
        for pattern in table:
            by_key.setdefault(pattern[0], []).append(pattern)
        for name, entry in top.entries.items():
            for key in by_key.keys() & entry.node.entries.keys():
                for pattern in by_key[str(key)]:
                    for path in _matching(entry.node, (section, name), pattern):
                        yield path, table[pattern]


def _matching(node: Node, path: ValuePath, pattern: tuple[str, ...]) -> Iterator[ValuePath]:
    if not pattern:
        yield path
        return
    first, *rest = pattern
    steps = list(node.entries) if first == "*" else [first]
    for step in steps:
        entry = node.entries.get(step)
        if entry is not None:
            yield from _matching(entry.node, (*path, step), tuple(rest))
