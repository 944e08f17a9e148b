"""The keys that rule ``compose-too-old`` knows are all that the vendored schemas tell apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fairlead.judge.policy.file import _SINCE
from fairlead.schemas.compose_spec import VERSIONS, load_compose_schema

Path = tuple[str, ...]


def keys(version: str) -> set[Path]:
    """Every key that a version's schema knows, from the file's root, ``*`` for a free name or an index."""
    schema = load_compose_schema(version)
    definitions = schema.get("$defs") or schema["definitions"]

    def walk(form: Any, path: Path) -> Iterator[Path]:
        if not isinstance(form, dict) or len(path) > 8:
            return
        if "$ref" in form:
            yield from walk(definitions[form["$ref"].rpartition("/")[2]], path)
        for part in (*form.get("oneOf", ()), *form.get("anyOf", ()), *form.get("allOf", ())):
            yield from walk(part, path)
        for key, part in form.get("properties", {}).items():
            yield (*path, key)
            yield from walk(part, (*path, key))
        inner = [part for pattern, part in form.get("patternProperties", {}).items() if pattern != "^x-"]
        for part in (*inner, form.get("items"), form.get("additionalProperties")):
            yield from walk(part, (*path, "*"))

    return set(walk(schema, ()))


def is_told(path: Path, version: str) -> bool:
    """Whether the table has the key, or one above it, as newer than a version."""
    section, rest = path[0], path[2:]
    since = [
        release for pattern, release in _SINCE.get(section, {}).items() if rest[: len(pattern)] == pattern
    ]
    # A file of ours is the schema of a version's first release.
    have = (*(int(part) for part in version.split(".")), 0)
    return any(release > have for release in since)


NEWEST = keys(VERSIONS[-1])


@pytest.mark.parametrize("version", VERSIONS[:-1])
def test_no_key_that_is_newer_than_a_version_goes_untold(version: str) -> None:
    newer = {path for path in NEWEST - keys(version) if path[:1] != ("jobs",) and "pre_start" not in path[2:]}
    assert {path for path in newer if not is_told(path, version)} == set()
