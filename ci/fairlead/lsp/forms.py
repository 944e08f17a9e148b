"""What the schemas say of a place in a compose file or in fairlead.yaml: its keys, its values, what it means. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairlead.positions import ValuePath
from fairlead.schemas import load_schema
from fairlead.schemas.compose_spec import load_compose_schema

OWN = "x-fairlead"
_TOLD_IN_WORDS = {
    "restart": ('"no"', "always", "on-failure", "unless-stopped"),
    "pull_policy": ("always", "never", "missing", "build", "daily", "weekly"),
    "network_mode": ("none", "host", "bridge"),
}
"""Values of a service that compose-spec tells in a description or a pattern, as YAML."""
_DEEPEST = 12
"""So many references and choices are followed: one schema of compose-spec refers to itself."""


@dataclass(frozen=True)
class Form:
    """A part of a schema, and the schema that its references are looked up in."""

    part: Mapping[str, Any]
    schema: Mapping[str, Any]

    @property
    def description(self) -> str:
        return str(self.part.get("description", ""))


def compose_forms(path: ValuePath) -> list[Form]:
    """All that may stand at a path of a compose file; ``x-fairlead`` among it."""
    for number, step in enumerate(path):
        if step == OWN and (form := _own(path[:number])) is not None:
            return _down([form], path[number + 1 :])
    schema = load_compose_schema()
    return _down([Form(schema, schema)], path)


def settings_forms(path: ValuePath) -> list[Form]:
    """All that may stand at a path of fairlead.yaml."""
    schema = load_schema("fairlead")
    return _down([Form(schema, schema)], path)


def keys_of(forms: Sequence[Form], path: ValuePath = ()) -> dict[str, str]:
    """The keys that a mapping there may have, each with what it means; with its path, ``x-fairlead`` too."""
    found: dict[str, str] = {}
    for form in forms:
        for name, part in form.part.get("properties", {}).items():
            if isinstance(part, Mapping) and not (found.get(name) or part.get("deprecated")):
                found[name] = describe(_spread(Form(part, form.schema)))
        names = form.part.get("propertyNames", {})
        found |= {name: found.get(name, "") for name in names.get("enum", ())}
    own = _own(path)
    if own is not None:
        found[OWN] = own.description
    return found


def values_of(forms: Sequence[Form], path: ValuePath = ()) -> list[str]:
    """The values that are told one by one, as YAML: of an enumeration, of what is true or false, of a key of a service."""
    is_of_service = len(path) == 3 and path[0] == "services"
    found: dict[str, None] = dict.fromkeys(_TOLD_IN_WORDS.get(str(path[2]), ()) if is_of_service else ())
    for form in forms:
        kinds = form.part.get("type", ())
        if "enum" in form.part or "const" in form.part:
            told = form.part.get("enum") or [form.part["const"]]
            found |= dict.fromkeys(_written(value) for value in told)
        elif "boolean" in ([kinds] if isinstance(kinds, str) else kinds):
            found |= {"true": None, "false": None}
    return list(found)


def describe(forms: Sequence[Form]) -> str:
    """What the schema says it means."""
    return next((form.description for form in forms if form.description), "")


def _own(path: ValuePath) -> Form | None:
    """What ``x-fairlead`` below a path is."""
    schema = load_schema(OWN)
    if not path:
        return Form(schema["$defs"]["top"], schema)
    if len(path) == 2 and path[0] == "services":
        return Form(schema, schema)
    return Form(schema["$defs"]["volume"], schema) if len(path) == 2 and path[0] == "volumes" else None


def _down(forms: Sequence[Form], path: ValuePath) -> list[Form]:
    found = [one for form in forms for one in _spread(form)]
    for step in path:
        found = [one for form in found for below in _below(form, step) for one in _spread(below)]
    return found


def _spread(form: Form, depth: int = 0) -> list[Form]:
    """A part, and all that it refers to or is one of."""
    if depth > _DEEPEST:
        return []
    found = [form]
    reference = form.part.get("$ref")
    parts = []
    if reference is not None:
        defined = form.schema.get("$defs") or form.schema.get("definitions", {})
        parts.append(defined.get(str(reference).rpartition("/")[2], {}))
    for keyword in ("allOf", "anyOf", "oneOf"):
        parts += form.part.get(keyword, ())
    parts += [form.part[keyword] for keyword in ("then", "else") if keyword in form.part]
    for part in parts:
        if isinstance(part, Mapping):
            found += _spread(Form(part, form.schema), depth + 1)
    return found


def _below(form: Form, step: str | int) -> Iterator[Form]:
    parts: list[Any] = []
    if isinstance(step, int):
        parts.append(form.part.get("items"))
    elif step in form.part.get("properties", {}):
        parts.append(form.part["properties"][step])
    else:
        named = form.part.get("patternProperties", {}).items()
        parts += [part for pattern, part in named if re.search(pattern, step)]
        parts.append(form.part.get("additionalProperties"))
    yield from (Form(part, form.schema) for part in parts if isinstance(part, Mapping))


def _written(value: object) -> str:
    """A value of an enumeration as YAML: a text that would be read as something else in quotes."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    text = str(value)
    is_plain = not isinstance(value, str) or text not in {"true", "false", "null", ""}
    return text if is_plain else f'"{text}"'
