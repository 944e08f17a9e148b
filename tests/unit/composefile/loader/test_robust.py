"""Whatever stands in the files, there is a model: what is wrong is a fault or stays as it is written."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from fairlead.composefile.loader import load_model
from fairlead.positions import parse_yaml
from tests.integration.compose.loader_cases import FORMS, RESOURCES, TOP

_ODD: tuple[Any, ...] = (
    *(
        None,
        True,
        0,
        -1,
        2.5,
        10**30,
        "",
        "x",
        "a=b",
        ":",
        "::",
        "${X",
        "$$",
        "${X:-${Y}}",
        "=",
        "\u0000".strip("\0"),
    ),
    *([], {}, [None], [[]], [{}], {"a": {"b": [1]}}, ["a", "a", {"target": [1]}], {"": 1, "a.b": None}),
)


def _damaged(value: Any, rng: random.Random) -> Any:
    if rng.random() < 0.15:
        return rng.choice(_ODD)
    if isinstance(value, dict):
        return {key: _damaged(item, rng) for key, item in value.items() if rng.random() > 0.05}
    if isinstance(value, list):
        return [_damaged(item, rng) for item in value]
    return value


def _app(rng: random.Random) -> Any:
    services = {}
    for number in range(4):
        service: dict[str, Any] = {"image": "x"}
        for attribute in rng.sample(sorted(FORMS), 12):
            service[attribute] = parse_yaml(rng.choice(FORMS[attribute])).value
        if rng.random() < 0.3:
            service["extends"] = rng.choice(
                ("s0", {"service": "s1"}, {"service": "s2", "file": "other.yaml"})
            )
        services[f"s{number}"] = service
    app: dict[str, Any] = {"services": services, **parse_yaml(TOP).value}
    for kind, forms in RESOURCES.items():
        app[kind]["n"] = parse_yaml(rng.choice(forms)).value
    if rng.random() < 0.3:
        app["include"] = ["other.yaml", {"path": ["other.yaml"], "env_file": "none.env"}]
    return app


@pytest.mark.parametrize("seed", range(40))
def test_no_type_in_no_place_raises(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - a seeded test
    files = [tmp_path / name for name in ("a.yaml", "b.yaml", "other.yaml")]
    for _ in range(5):
        for file in files:
            # JSON is YAML: keys in quotes, nothing that a dumper would refuse.
            file.write_text(json.dumps(_damaged(_app(rng), rng)))
        model = load_model(files[:2], variables={"SET": "x"})
        assert isinstance(model.value, dict)
        for fault in model.faults:
            assert fault.rule
        for path in _paths(model.value):
            assert model.location(path).line >= 1


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(inner for key, item in items for inner in _paths(item, (*path, key)))]
