from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fairlead.schemas.forms import Checker, plan_form

LIST = {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "minItems": 1, "maxItems": 3}
SHORT = {"type": "string", "minLength": 1, "maxLength": 4, "pattern": "^[a-z]+$"}
SCHEMAS: dict[str, Any] = {
    "numbers": {"type": ["integer", "null"], "minimum": 1, "maximum": 5},
    "number": {"type": "number"},
    "texts": {"oneOf": [SHORT, LIST]},
    "either": {"anyOf": [SHORT, {"const": 1}, {"enum": ["x", False]}]},
    "closed": {
        "properties": {"a": SHORT},
        "patternProperties": {"^x-": {}},
        "additionalProperties": False,
        "required": ["a"],
        "maxProperties": 2,
    },
    "rest": {"additionalProperties": {"type": "boolean"}, "minProperties": 1},
    "whole": {
        "allOf": [{"$ref": "#/$defs/base"}],
        "properties": {"own": {}},
        "unevaluatedProperties": False,
        "$defs": {"base": {"properties": {"image": {"type": "string"}}, "patternProperties": {"^x-": {}}}},
    },
    "names": {"propertyNames": {"pattern": "^[a-z]+$"}},
    "when": {"if": {"type": "string"}, "then": {"minLength": 2}, "else": {"type": "object"}},
    "never": {"properties": {"a": False}},
    "unique": {"uniqueItems": True},
}
VALUES: list[Any] = [
    None, True, False, 0, 1, 3, 7, 1.0, 1.5, "", "a", "abc", "abcdef", "A", "x", "a\n",
    [], ["a"], ["a", "a"], ["a", 1], ["a", "b", "c", "d"], [1, True], [1, 1.0], [{"a": 1}, {"a": 1.0}], [[1], [True]],
    {}, {"a": "b"}, {"a": 1}, {"b": "a"}, {"a": "b", "x-y": 1, "x-z": 2}, {"A": True}, {"a": True},
    {"image": "n"}, {"image": 1}, {"own": 1, "x-a": 1}, {"other": 1},
]  # fmt: skip


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_validity_is_that_of_a_reference_validator(name: str, value: Any) -> None:
    if value == "a\n" and name in {"texts", "either"}:
        # Python's `$` takes a last newline for the end; ECMA's and Go's do not.
        expected = False
    else:
        expected = Draft202012Validator(SCHEMAS[name]).is_valid(value)
    assert (Checker(plan_form(SCHEMAS[name])).faults(value) == []) is expected


def test_an_unknown_keyword_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match="dependentRequired"):
        plan_form({"dependentRequired": {"a": ["b"]}})


def test_of_a_choice_the_branch_that_was_meant_tells_its_faults() -> None:
    (fault,) = Checker(plan_form(SCHEMAS["texts"])).faults(["a", 1])
    assert (fault.path, fault.keyword) == ((1,), "type")


def test_of_a_choice_that_no_branch_was_meant_for_the_types_are_told() -> None:
    (fault,) = Checker(plan_form(SCHEMAS["texts"])).faults({})
    assert (fault.keyword, fault.wanted) == ("oneOf", ("string", "array"))


def test_what_is_in_several_places_is_told_in_each_of_them() -> None:
    """One object, as an anchor gives it, is looked at by each form that it stands under."""
    small = {"type": "object", "properties": {"a": {"type": "integer"}}}
    large = {"type": "object", "properties": {"a": {"type": "string"}}}
    form = {"type": "object", "properties": {"x": small, "y": large, "z": small, "w": large}}
    checker = Checker(plan_form(form))
    shared = {"a": "text"}
    value = {"x": shared, "y": shared, "z": shared, "w": shared}
    assert [fault.path for fault in checker.faults(value)] == [("x", "a"), ("z", "a")]
    # What held in one call says nothing of another one.
    shared["a"] = 1  # type: ignore[assignment]
    assert [fault.path for fault in checker.faults(value)] == [("y", "a"), ("w", "a")]
