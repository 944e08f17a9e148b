from __future__ import annotations

from typing import Any

import pytest

from fairlead.positions import parse_yaml
from fairlead.schemas.check import dotted, schema_findings

PORT = {
    "anyOf": [
        {"type": "integer"},
        {"type": "object", "properties": {"target": {"type": "integer"}}, "additionalProperties": False},
    ]
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z]+$"},
        "mode": {"enum": ["fast", "slow"]},
        "count": {"type": "integer", "minimum": 1},
        "ports": {"type": "array", "items": PORT},
        "service": {"allOf": [{"$ref": "#/$defs/base"}], "unevaluatedProperties": False},
    },
    "additionalProperties": False,
    "$defs": {
        "base": {"type": "object", "properties": {"image": {"type": "string"}, "user": {"type": "string"}}}
    },
}


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("name: board", []),
        ("name: Board", ['f:1:7: name must be text that matches ^[a-z]+$, not "Board"']),
        ("name: [a]", ["f:1:7: name must be text, not a list"]),
        ("nmae: a", ["f:1:1: unknown key nmae (did you mean name?)"]),
        ("mode: fats", ['f:1:7: mode: "fats" is not one of fast, slow (did you mean fast?)']),
        ("count: 0", ["f:1:8: count must be 1 or more, not 0"]),
        ("ports: [80]", []),
        ("ports: [{targt: 1}]", ["f:1:10: ports[0]: unknown key targt (did you mean target?)"]),
        ("ports: [x]", ["f:1:9: ports[0] must be a whole number or a mapping, not text"]),
        ("- a", ["f:1:1: f must be a mapping, not a list"]),
        (
            "service: {image: 1, user: a, usr: b}",
            [
                "f:1:18: service.image must be text, not a number",
                "f:1:30: service: unknown key usr (did you mean user?)",
            ],
        ),
    ],
)
def test_a_fault_is_its_deepest_cause(text: str, findings: list[str]) -> None:
    assert [str(finding) for finding in schema_findings(parse_yaml(text, "f"), SCHEMA)] == findings


def test_what_is_known_later_is_no_fault_now() -> None:
    document = parse_yaml("count: ${COUNT}", "f")
    assert schema_findings(document, SCHEMA)
    assert schema_findings(document, SCHEMA, tolerated=lambda _path, value, _keyword: "$" in str(value)) == ()


def test_a_long_value_is_cut() -> None:
    (finding,) = schema_findings(parse_yaml(f"name: {'A' * 500}", "f"), SCHEMA)
    assert len(finding.what) < 150


def test_a_path_is_shown_as_it_is_spoken_of() -> None:
    assert dotted(("services", "web", "ports", 0, "target")) == "services.web.ports[0].target"
