"""Odd values in every place that the schema knows: empty ones, dates, numbers as text, other types, tags."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from fairlead.schemas.compose_spec import load_compose_schema

VALUES = (
    '""', '"${UNSET:-}"', "", "2001-01-01", "2001-01-01 10:00:00", ".inf", ".nan", "1.5", "1", "0", "-1", '"-1"', "true",
    '"true"', "x", '"1"', "1e400", "0x1F", "1e3", '"1.5"', '"10m"', '"10s"', '"a:b"', '"a=b"', '"/x"', '"x "',
    "[]", "{}", "[x]", "[x, x]", "[1]", "[null]", '[""]', "[2001-01-01]", "{k: v}", "{k: null}", '{k: ""}',
    "{k: 2001-01-01}", "!!str 2001-01-01", "!!str 1", '!!int "1"', "!!float 1", "!!binary eA==", "!!timestamp 2001-01-01",
    "!own y", '!!null ""', '!!bool "true"',
)  # fmt: skip
_KINDS = {
    "services": "service",
    "networks": "network",
    "volumes": "volume",
    "secrets": "secret",
    "configs": "config",
}
_USES = {"networks": "[k]", "volumes": "[k:/t]", "secrets": "[k]", "configs": "[k]"}
_BESIDE = {
    "type": "volume", "target": "/t", "source": "s", "path": "./p", "action": "rebuild", "soft": 1, "hard": 2,
    "capabilities": ["gpu"], "command": "x",
}  # fmt: skip
_DECLARED = """
networks: {k: , x: }
volumes: {s: , k: , x: }
secrets: {s: {file: f}, x: {file: f}, k: {file: f}}
configs: {s: {file: f}, x: {file: f}, k: {file: f}}
"""
_DEEPEST = 9

Step = tuple[str, tuple[str, ...]]
"""A key with the keys that must stand beside it; an empty one is an item of a list."""


def odd_texts(chance: random.Random, count: int, version: str = "2.33") -> list[str]:
    """Compose files, each with one odd value in one place that the schema of a Compose version knows."""
    schema = load_compose_schema(version)
    defs = schema.get("definitions") or schema["$defs"]
    places = [
        (kind, path)
        for kind, name in _KINDS.items()
        for path in dict.fromkeys(_places(defs[name], defs))
        # What it names has to be there.
        if path and path[0][0] != "extends"
    ]
    return [_text(*chance.choice(places), chance.choice(VALUES)) for _ in range(count)]


def _places(
    form: Any, defs: dict[str, Any], path: tuple[Step, ...] = (), depth: int = 0
) -> Iterator[tuple[Step, ...]]:
    while isinstance(form, dict) and "$ref" in form:
        form = defs[form["$ref"].rpartition("/")[2]]
    if not isinstance(form, dict) or depth > _DEEPEST:
        return
    yield path
    for keyword in ("oneOf", "anyOf", "allOf"):
        for branch in form.get(keyword, ()):
            yield from _places(branch, defs, path, depth + 1)
    for key, part in form.get("properties", {}).items():
        beside = tuple(name for name in form.get("required", ()) if name != key)
        yield from _places(part, defs, (*path, (key, beside)), depth + 1)
    for pattern, part in form.get("patternProperties", {}).items():
        if pattern != "^x-":
            yield from _places(part, defs, (*path, ("k", ())), depth + 1)
    if "items" in form:
        yield from _places(form["items"], defs, (*path, ("", ())), depth + 1)


def _text(kind: str, path: tuple[Step, ...], value: str) -> str:
    for key, beside in reversed(path):
        others = "".join(f", {name}: {json.dumps(_BESIDE.get(name, 'x'))}" for name in beside)
        value = f"{{{key}: {value}{others}}}" if key else f"[{value}]"
    if kind != "services":
        return f"services: {{a: {{image: b, {kind}: {_USES[kind]}}}}}\n{kind}:\n  k: {value}\n"
    image = "" if path[0][0] == "image" else "image: b, "
    return f"services:\n  a: {{{image}{value[1:]}\n  z: {{image: c, build: .}}\n{_DECLARED}"
