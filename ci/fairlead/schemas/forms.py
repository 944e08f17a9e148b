"""JSON Schemas made ready to check with: one walk gives every fault, at its deepest cause.

A validator reports an unmet ``oneOf`` with every branch, and calls all keys of a service unexpected when one of
them is wrong inside. Here only the cause stays: the branch that was meant, the key that is unknown.

The keywords of draft 2020-12 that Fairlead's schemas and compose-spec use are known here, and no others:
an unknown one raises when the schema is made ready, so that none is passed over in silence.
``format`` says nothing about validity in that draft, and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.quick.patterns import compile_late

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairlead.positions import ValuePath

    Form = dict[str, Any]

_TOLD = frozenset({
    "$schema", "$id", "id", "title", "description", "default", "deprecated", "examples", "format", "x-type",
    # A slip of some versions of compose-spec: `services:` holds a stray `"service": {…}` beside its keywords.
    "service",
})  # fmt: skip
_ONE = ("additionalProperties", "unevaluatedProperties", "propertyNames", "items", "if", "then", "else")
_BY_NAME = ("properties", "patternProperties", "$defs", "definitions")
_LISTS = ("allOf", "anyOf", "oneOf")
_OF_TEXT = frozenset({"pattern", "minLength", "maxLength"})
_OF_CHOICE = frozenset({"enum", "const", "if", *_LISTS})
_PLAIN = frozenset({
    "$ref", "type", "enum", "const", "required", "pattern", "minimum", "maximum", "minLength", "maxLength",
    "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "x-expected",
})  # fmt: skip


class Date:
    """A date without quotes, where it is no text: it holds only where text or a number may stand."""

    kind = "a date"
    fix = "put it in quotes"


class Fault:
    """One thing that does not hold.

    Attributes:
        path: the keys and indexes of the value.
        keyword: the keyword of the schema that it does not meet.
        value: the value.
        form: the part of the schema that says the keyword.
        wanted: of a choice, the types that its branches want.
    """

    __slots__ = ("form", "keyword", "path", "value", "wanted")

    def __init__(
        self, path: ValuePath, keyword: str, value: Any, form: Form, wanted: tuple[str, ...] = ()
    ) -> None:
        self.path = path
        self.keyword = keyword
        self.value = value
        self.form = form
        self.wanted = wanted


def plan_form(schema: Any) -> Any:
    """A schema without what it only tells, ready for ``Checker``: dicts, lists and scalars.

    Raises:
        ValueError: the schema uses a keyword that is not known here.
    """
    if isinstance(schema, bool):
        return schema
    form: Form = {}
    for keyword, said in schema.items():
        if keyword in _ONE:
            form[keyword] = plan_form(said)
        elif keyword in _BY_NAME:
            form["$defs" if keyword == "definitions" else keyword] = {
                name: plan_form(part) for name, part in said.items()
            }
        elif keyword in _LISTS:
            form[keyword] = [plan_form(part) for part in said]
        elif keyword in _PLAIN:
            form[keyword] = said
        elif keyword not in _TOLD:
            raise ValueError(f"the schema keyword {keyword} is not known")
    return form


class Checker:
    """A schema made ready, and the check of values against it. Keeps what it looked up: one instance a schema."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self._defs: dict[str, Form] = form.get("$defs", {})
        self._patterns: dict[str, Any] = {}
        self._known: dict[int, tuple[set[str], set[str]]] = {}
        self._held: set[tuple[int, int]] = set()

    def faults(self, value: Any) -> list[Fault]:
        """What of a value does not hold, each at its deepest cause."""
        found: list[Fault] = []
        # What an anchor gives to many is looked at once, by this call: all of it lives until the call ends.
        call = Checker.__new__(Checker)
        call.__dict__.update(self.__dict__, _held=set())
        call._check(self.form, value, (), found)  # noqa: SLF001 - its own
        return found

    def known_keys(self, form: Form) -> tuple[set[str], set[str]]:
        """The keys, and the patterns of keys, that an object may have, over everything that its schema includes."""
        kept = self._known.get(id(form))
        if kept is not None:
            return kept
        names: set[str] = set(form.get("properties", ()))
        patterns: set[str] = set(form.get("patternProperties", ()))
        included = [part for keyword in _LISTS for part in form.get(keyword, ())]
        included += [form[keyword] for keyword in ("then", "else") if keyword in form]
        if "$ref" in form:
            included.append(self._target(form))
        for part in included:
            if isinstance(part, dict):
                more_names, more_patterns = self.known_keys(part)
                names |= more_names
                patterns |= more_patterns
        self._known[id(form)] = names, patterns
        return names, patterns

    def fits(self, pattern: str, text: str) -> bool:
        """Whether a pattern is found in a text. ``$`` means its end, not a last newline as well."""
        if pattern == "^x-":
            return text.startswith("x-")
        search = self._patterns.get(pattern)
        if search is None:
            ending = (
                pattern[:-1] + r"\Z" if pattern.endswith("$") and not pattern.endswith(r"\$") else pattern
            )
            search = self._patterns[pattern] = compile_late(ending).search
        return search(text) is not None

    def _target(self, form: Form) -> Form:
        return self._defs[form["$ref"].rpartition("/")[2]]

    def _check(self, form: Any, value: Any, path: ValuePath, found: list[Fault]) -> None:
        if not isinstance(value, (dict, list)) or form.__class__ is bool:
            self._look(form, value, path, found)
            return
        pair = id(form), id(value)
        if pair not in self._held:
            before = len(found)
            self._look(form, value, path, found)
            if len(found) == before:
                self._held.add(pair)

    def _look(self, form: Any, value: Any, path: ValuePath, found: list[Fault]) -> None:
        while form is not True:
            if form is False:
                found.append(Fault(path, "false", value, {}))
                return
            kind = form.get("type")
            if kind is not None and not _is_a(value, kind):
                found.append(Fault(path, "type", value, form))
                return
            if isinstance(value, dict):
                self._check_mapping(form, value, path, found)
            elif isinstance(value, list):
                self._check_list(form, value, path, found)
            elif isinstance(value, str) and not _OF_TEXT.isdisjoint(form):
                self._check_text(form, value, path, found)
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                _check_number(form, value, path, found)
            if not _OF_CHOICE.isdisjoint(form):
                self._check_choices(form, value, path, found)
            if "$ref" not in form:
                return
            form = self._target(form)

    def _check_mapping(self, form: Form, value: dict[Any, Any], path: ValuePath, found: list[Fault]) -> None:
        if "required" in form:
            found += (Fault(path, "required", key, form) for key in form["required"] if key not in value)
        if "minProperties" in form and len(value) < form["minProperties"]:
            found.append(Fault(path, "minProperties", value, form))
        if "maxProperties" in form and len(value) > form["maxProperties"]:
            found.append(Fault(path, "maxProperties", value, form))
        properties = form.get("properties", {})
        patterns = form.get("patternProperties")
        names = form.get("propertyNames")
        rest = form.get("additionalProperties", True)
        if properties or patterns or names is not None or rest is not True:
            is_simple = names is None and not patterns
            for key, item in value.items():
                if is_simple and key in properties:
                    self._check(properties[key], item, (*path, key), found)
                    continue
                self._check_entry(form, key, item, path, found, properties, patterns, names, rest)
        if form.get("unevaluatedProperties") is False:
            known, known_patterns = self.known_keys(form)
            found += (
                Fault((*path, key), "unknown", value[key], form)
                for key in value
                if key not in known and not any(self.fits(pattern, key) for pattern in known_patterns)
            )

    def _check_entry(
        self,
        form: Form,
        key: str,
        item: Any,
        path: ValuePath,
        found: list[Fault],
        properties: dict[str, Any],
        patterns: dict[str, Any] | None,
        names: Any,
        rest: Any,
    ) -> None:
        known = False
        if names is not None:
            before = len(found)
            self._check(names, key, path, found)
            for fault in found[before:]:
                fault.path = (*path, key)
                fault.keyword = "name"
        if key in properties:
            known = True
            self._check(properties[key], item, (*path, key), found)
        for pattern, part in patterns.items() if patterns else ():
            if self.fits(pattern, key):
                known = True
                self._check(part, item, (*path, key), found)
        if known or rest is True:
            return
        if rest is False:
            found.append(Fault((*path, key), "unknown", item, form))
        else:
            self._check(rest, item, (*path, key), found)

    def _check_list(self, form: Form, value: list[Any], path: ValuePath, found: list[Fault]) -> None:
        if "minItems" in form and len(value) < form["minItems"]:
            found.append(Fault(path, "minItems", value, form))
        if "maxItems" in form and len(value) > form["maxItems"]:
            found.append(Fault(path, "maxItems", value, form))
        if form.get("uniqueItems"):
            found += (Fault((*path, index), "uniqueItems", value[index], form) for index in _repeated(value))
        items = form.get("items", True)
        if items is not True:
            for index, item in enumerate(value):
                self._check(items, item, (*path, index), found)

    def _check_text(self, form: Form, value: str, path: ValuePath, found: list[Fault]) -> None:
        if "pattern" in form and not self.fits(form["pattern"], value):
            found.append(Fault(path, "pattern", value, form))
        if "minLength" in form and len(value) < form["minLength"]:
            found.append(Fault(path, "minLength", value, form))
        if "maxLength" in form and len(value) > form["maxLength"]:
            found.append(Fault(path, "maxLength", value, form))

    def _check_choices(self, form: Form, value: Any, path: ValuePath, found: list[Fault]) -> None:
        if "enum" in form and not any(_same(value, choice) for choice in form["enum"]):
            found.append(Fault(path, "enum", value, form))
        if "const" in form and not _same(value, form["const"]):
            found.append(Fault(path, "const", value, form))
        for part in form.get("allOf", ()):
            self._check(part, value, path, found)
        for keyword in ("oneOf", "anyOf"):
            if keyword in form:
                self._check_choice(keyword, form, value, path, found)
        if "if" in form:
            unmet: list[Fault] = []
            self._check(form["if"], value, path, unmet)
            self._check(form.get("else" if unmet else "then", True), value, path, found)

    def _check_choice(
        self, keyword: str, form: Form, value: Any, path: ValuePath, found: list[Fault]
    ) -> None:
        """One branch must hold. If none does, the faults of the one that was most likely meant are told."""
        tried: list[list[Fault]] = []
        fitting = 0
        for branch in form[keyword]:
            faults: list[Fault] = []
            self._check(branch, value, path, faults)
            if faults:
                tried.append(faults)
            else:
                fitting += 1
        if fitting == 1 or (fitting and keyword == "anyOf"):
            return
        meant = [
            faults
            for faults in tried
            if not any(fault.keyword == "type" and fault.path == path for fault in faults)
        ]
        if fitting or not meant or "x-expected" in form:
            wanted = tuple(_wanted(tried, path))
            found.append(Fault(path, keyword, value, form, wanted))
            return
        likeliest: list[Fault] = min(meant, key=_by_likelihood)
        found += likeliest


_PLAIN_TYPES = {"string": str, "object": dict, "array": list, "boolean": bool, "null": type(None)}


def _is_a(value: Any, kind: str | list[str]) -> bool:
    if isinstance(kind, list):
        if value.__class__ is Date:
            return "string" in kind and "number" in kind
        return any(_is_a(value, one) for one in kind)
    plain = _PLAIN_TYPES.get(kind)
    if plain is not None:
        return isinstance(value, plain)
    if isinstance(value, bool):
        return False
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, (int, float))


def _by_likelihood(faults: list[Fault]) -> tuple[int, int]:
    """The branch with the fewest faults was meant, and of those the one that fits deepest."""
    return len(faults), -max(len(fault.path) for fault in faults)


def _check_number(form: Form, value: float, path: ValuePath, found: list[Fault]) -> None:
    if "minimum" in form and value < form["minimum"]:
        found.append(Fault(path, "minimum", value, form))
    if "maximum" in form and value > form["maximum"]:
        found.append(Fault(path, "maximum", value, form))


def _same(one: Any, other: Any) -> bool:
    """Equality of JSON values: 1 is 1.0, and neither is true."""
    return bool(_key(one) == _key(other))


def _key(value: Any) -> Any:
    """A value that can be looked up, equal for equal JSON values."""
    if isinstance(value, bool):
        return (value,)
    if isinstance(value, dict):
        return frozenset((key, _key(item)) for key, item in value.items())
    if isinstance(value, list):
        return ("list", *map(_key, value))
    return value


def _repeated(items: list[Any]) -> Iterator[int]:
    """The indexes of items that an earlier one is equal to."""
    seen: set[Any] = set()
    for index, item in enumerate(items):
        key = _key(item)
        if key in seen:
            yield index
        seen.add(key)


def _wanted(branches: list[list[Fault]], path: ValuePath) -> Iterator[str]:
    for faults in branches:
        for fault in faults:
            if fault.keyword == "type" and fault.path == path:
                kind = fault.form["type"]
                yield from kind if isinstance(kind, list) else [kind]
