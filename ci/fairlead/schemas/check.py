"""A document against a JSON Schema: one finding a fault, at its deepest cause, with place and remedy.

A validator reports an unmet ``anyOf`` with every branch, and calls all keys of a service unexpected
when one of them is wrong inside. Here only the cause stays: the branch that was meant, the key that is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fairlead.findings import Finding
from fairlead.nearest import did_you_mean
from fairlead.positions import Document, ValuePath

_KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "empty",
}
_CHOICES = ("anyOf", "oneOf")
_CLOSED = ("additionalProperties", "unevaluatedProperties")


@dataclass(frozen=True)
class _Fault:
    path: ValuePath
    what: str
    fix: str = ""
    at_key: bool = False


def schema_findings(
    document: Document,
    schema: dict[str, Any],
    *,
    rule: str = "schema",
    tolerated: Callable[[ValuePath, Any, str], bool] = lambda _path, _value, _keyword: False,
) -> tuple[Finding, ...]:
    """What of a document does not hold against a schema, in the order of the file.

    Args:
        document: the parsed file.
        schema: a JSON Schema of draft 2020-12.
        rule: the rule that the findings carry.
        tolerated: whether a fault of a value (path, value, keyword of the schema) is none,
            for example because the value is known only later.
    """
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(schema)
    faults: dict[_Fault, None] = {}
    for error in validator.iter_errors(document.value):
        for leaf in _causes(error):
            path = tuple(leaf.absolute_path)
            if not tolerated(path, leaf.instance, str(leaf.validator)):
                faults.update(dict.fromkeys(_faults(leaf, path, schema, document)))
    findings = (
        Finding(fault.what, document.location(fault.path, key=fault.at_key), fault.fix, rule)
        for fault in faults
    )
    return tuple(sorted(findings, key=lambda finding: (finding.location, finding.what)))


def dotted(path: ValuePath) -> str:
    """A path as a reader writes it: ``services.web.ports[0]``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def kind_of(value: Any) -> str:
    """What a value is, in words."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a mapping" if isinstance(value, dict) else "a list"


def _causes(error: Any) -> Iterator[Any]:
    """The deepest errors that explain an error: of a choice, those of the branch that was most likely meant."""
    if error.validator not in _CHOICES or not error.context:
        yield error
        return
    branches: dict[Any, list[Any]] = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    meant = [
        inner for inner in branches.values() if not any(_is_another_kind(fault, error) for fault in inner)
    ]
    if not meant or "x-expected" in error.schema:
        yield error
        return
    for inner in min(
        meant, key=lambda faults: (len(faults), -max(len(fault.absolute_path) for fault in faults))
    ):
        yield from _causes(inner)


def _is_another_kind(fault: Any, choice: Any) -> bool:
    """Whether a branch of a choice does not fit because it wants another kind of value altogether."""
    return bool(fault.validator == "type" and fault.absolute_path == choice.absolute_path)


def _faults(error: Any, path: ValuePath, schema: dict[str, Any], document: Document) -> Iterator[_Fault]:
    name = dotted(path) or document.path
    if error.validator in _CLOSED:
        yield from _unknown_keys(error, path, schema)
    elif error.validator == "required":
        for key in error.validator_value:
            if key not in error.instance:
                yield _Fault(path, f"{name}: the key {key} is missing", at_key=True)
    elif isinstance(error.instance, str) and isinstance(_value_at(document.value, path), dict):
        expected = _expected(error)
        yield _Fault((*path, error.instance), f"the name {error.instance} is not {expected}", at_key=True)
    elif error.validator == "enum":
        choices = [str(choice) for choice in error.validator_value]
        what = f"{name}: {_shown(error.instance)} is not one of {', '.join(choices)}"
        near = did_you_mean(str(error.instance), choices) if isinstance(error.instance, str) else ""
        yield _Fault(path, what, near if near.startswith("did") else "")
    elif error.validator in _CHOICES and isinstance(error.instance, dict):
        yield _Fault(path, f"{name} must be {_expected(error)}")
    elif error.validator in {"type", *_CHOICES}:
        yield _Fault(path, f"{name} must be {_expected(error)}, not {kind_of(error.instance)}")
    else:
        yield _Fault(path, f"{name} must be {_expected(error)}, not {_shown(error.instance)}")


def _unknown_keys(error: Any, path: ValuePath, schema: dict[str, Any]) -> Iterator[_Fault]:
    names, patterns = _known_keys(error.schema, schema)
    import re

    for key in error.instance:
        if key in names or any(re.search(pattern, str(key)) for pattern in patterns):
            continue
        where = f"{dotted(path)}: " if path else ""
        yield _Fault((*path, key), f"{where}unknown key {key}", did_you_mean(str(key), names), at_key=True)


def _known_keys(part: Any, schema: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The keys and key patterns that an object may have, over everything that its schema includes."""
    names: set[str] = set(part.get("properties", ()))
    patterns: set[str] = set(part.get("patternProperties", ()))
    included = [*part.get("allOf", ()), *part.get("anyOf", ()), *part.get("oneOf", ())]
    if "$ref" in part:
        included.append(_resolve(part["$ref"], schema))
    for inner in included:
        inner_names, inner_patterns = _known_keys(inner, schema)
        names |= inner_names
        patterns |= inner_patterns
    return names, patterns


def _resolve(reference: str, schema: dict[str, Any]) -> Any:
    part: Any = schema
    for step in reference.removeprefix("#/").split("/"):
        part = part[step]
    return part


def _expected(error: Any) -> str:
    """What was expected, in words: the schema's own if it has any."""
    if "x-expected" in error.schema:
        return str(error.schema["x-expected"])
    value = error.validator_value
    if error.validator == "type":
        return _kinds(value if isinstance(value, list) else [value])
    if error.validator in _CHOICES:
        return _kinds(_branch_types(error))
    words = {
        "minimum": f"{value} or more",
        "maximum": f"{value} or less",
        "minItems": f"a list of at least {value}",
        "maxItems": f"a list of at most {value}",
        "minLength": "not empty" if value == 1 else f"at least {value} characters long",
        "uniqueItems": "a list without repetitions",
        "pattern": f"text that matches {value}",
        "const": str(value),
        "minProperties": "not empty",
    }
    return words.get(str(error.validator), f"as the schema says ({error.validator}: {value})")


def _branch_types(error: Any) -> list[str]:
    types: list[str] = []
    for inner in error.context:
        if _is_another_kind(inner, error):
            value = inner.validator_value
            types.extend(value if isinstance(value, list) else [value])
    return types


def _kinds(types: list[str]) -> str:
    words = list(dict.fromkeys(_KINDS.get(kind, kind) for kind in types))
    return " or ".join(words) if words else "of another form"


def _value_at(value: Any, path: ValuePath) -> Any:
    for step in path:
        value = value[step]
    return value


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}…"'
    return kind_of(value) if isinstance(value, (dict, list)) or value is None else str(value).lower()
