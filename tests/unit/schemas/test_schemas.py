from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from fairlead.schemas import load_schema

FOLDER = Path(str(resources.files("fairlead.schemas")))
NAMES = sorted(path.name.removesuffix(".schema.json") for path in FOLDER.glob("*.schema.json"))


@pytest.mark.parametrize("name", NAMES)
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(load_schema(name))


@pytest.mark.parametrize("name", ["fairlead", "x-fairlead"])
def test_every_key_that_a_user_writes_is_described(name: str) -> None:
    def keys(part: object) -> list[tuple[str, dict[str, object]]]:
        if isinstance(part, list):
            return [found for item in part for found in keys(item)]
        if not isinstance(part, dict):
            return []
        own = part.get("properties", {})
        return [*own.items(), *(found for item in part.values() for found in keys(item))]

    assert [key for key, how in keys(load_schema(name)) if not how.get("description")] == []
