"""A document against a JSON Schema: one finding a fault, at its deepest cause, with place and remedy."""

from __future__ import annotations

from collections.abc import Callable

from fairlead.findings import Finding
from fairlead.schemas.forms import Checker, Date, Fault, plan_form

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

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
_checkers: dict[int, tuple[object, Checker]] = {}


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
        schema: a JSON Schema of draft 2020-12; do not change it afterwards.
        rule: the rule that the findings carry.
        tolerated: whether a fault of a value (path, value, keyword of the schema) is none,
            for example because the value is known only later.
    """
    checker = checker_of(schema)
    faults = [
        fault
        for fault in checker.faults(document.value)
        if not tolerated(fault.path, fault.value, fault.keyword)
    ]
    return fault_findings(faults, document, checker, rule)


def checker_of(schema: dict[str, Any]) -> Checker:
    """The schema made ready, once in a process."""
    kept = _checkers.get(id(schema))
    if kept is None:
        # The schema is kept with it, so that its id stays its own.
        kept = _checkers[id(schema)] = (schema, Checker(plan_form(schema)))
    return kept[1]


def fault_findings(
    faults: list[Fault], document: Document, checker: Checker, rule: str
) -> tuple[Finding, ...]:
    """Faults in words and with places, in the order of the file, each once."""
    findings: dict[Finding, None] = {}
    for fault in faults:
        what, fix = describe(fault, checker, document.path)
        place = document.location(fault.path, key=fault.keyword in {"required", "unknown", "name"})
        findings[Finding(what, place, fix, rule, path=fault.path)] = None
    return tuple(sorted(findings, key=lambda finding: (finding.location, finding.what)))


def describe(fault: Fault, checker: Checker, root: str = "") -> tuple[str, str]:
    """What is wrong and what to do, one line each; ``root`` names the whole document."""
    name = dotted(fault.path) or root
    value = fault.value
    if fault.keyword == "unknown":
        return _unknown(fault, checker)
    if fault.keyword == "required":
        return f"{name}: the key {value} is missing", ""
    if fault.keyword == "name":
        return f"the name {value} is not {_expected(fault)}", ""
    if fault.keyword == "enum":
        return _not_among(fault, name)
    if fault.keyword == "uniqueItems":
        return f"{name}: {_shown(value)} stands in the list twice", ""
    if fault.keyword in _CHOICES and isinstance(value, dict):
        return f"{name} must be {_expected(fault)}", ""
    if fault.keyword in {"type", *_CHOICES}:
        return f"{name} must be {_expected(fault)}, not {kind_of(value)}", value.fix if isinstance(
            value, Date
        ) else ""
    return f"{name} must be {_expected(fault)}, not {_shown(value)}", ""


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
    if isinstance(value, Date):
        return value.kind
    if isinstance(value, str):
        return "text"
    return "a mapping" if isinstance(value, dict) else "a list"


def _unknown(fault: Fault, checker: Checker) -> tuple[str, str]:
    from fairlead.nearest import did_you_mean

    key = str(fault.path[-1])
    names, patterns = checker.known_keys(fault.form)
    where = f"{dotted(fault.path[:-1])}: " if len(fault.path) > 1 else ""
    free = patterns - {"^x-"}
    if free and not names:
        return f"{where}the name {key} does not match {' or '.join(sorted(free))}", ""
    return f"{where}unknown key {key}", did_you_mean(key, names)


def _not_among(fault: Fault, name: str) -> tuple[str, str]:
    from fairlead.nearest import did_you_mean

    choices = [str(choice) for choice in fault.form["enum"]]
    near = did_you_mean(fault.value, choices) if isinstance(fault.value, str) else ""
    what = f"{name}: {_shown(fault.value)} is not one of {', '.join(choices)}"
    return what, near if near.startswith("did") else ""


def _expected(fault: Fault) -> str:
    """What was expected, in words: the schema's own if it has any."""
    if "x-expected" in fault.form:
        return str(fault.form["x-expected"])
    if fault.keyword in _CHOICES:
        return _kinds(fault.wanted)
    value = fault.form.get(fault.keyword)
    if fault.keyword == "type":
        return _kinds(value if isinstance(value, list) else [value])
    words = {
        "minimum": f"{value} or more",
        "maximum": f"{value} or less",
        "minItems": f"a list of at least {value}",
        "maxItems": f"a list of at most {value}",
        "minLength": "not empty" if value == 1 else f"at least {value} characters long",
        "maxLength": f"at most {value} characters long",
        "pattern": f"text that matches {value}",
        "const": str(value),
        "minProperties": "not empty",
    }
    return words.get(fault.keyword, f"as the schema says ({fault.keyword}: {value})")


def _kinds(types: Any) -> str:
    words = list(dict.fromkeys(_KINDS.get(kind, kind) for kind in types))
    return " or ".join(words) if words else "of another form"


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}…"'
    return kind_of(value) if isinstance(value, (dict, list)) or value is None else str(value).lower()
