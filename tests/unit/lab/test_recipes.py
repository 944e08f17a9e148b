from __future__ import annotations

import dataclasses
import re

import pytest

from fairlead.errors import InputError
from lab.bases import build_contexts
from lab.layer import Layer
from lab.oci import render_config
from lab.recipe import Recipe
from lab.recipes import chain, recipe, recipe_key, recipes, script

EVERY = recipes()


@pytest.mark.parametrize("row", EVERY, ids=lambda row: row.name)
def test_every_row_can_be_made(row: Recipe) -> None:
    """Its scripts are there, its wheels are pinned for both architectures, its parent stands before it."""
    assert dataclasses.is_dataclass(row)
    assert all(script(name).startswith(b"#!") for name in row.scripts)
    assert all(
        set(program.wheels) == {"amd64", "arm64"}
        and all(re.fullmatch(r"[0-9a-f]{64}", sha256) for sha256 in program.wheels.values())
        for program in row.programs
    )
    assert [part.name for part in chain(row)][-1] == row.name


def test_names_are_unique() -> None:
    assert len({row.name for row in EVERY}) == len(EVERY)


def test_an_unknown_image_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="no image `nope`") as caught:
        recipe("nope")
    assert "python" in caught.value.fix


def test_a_key_changes_with_the_row_with_those_below_and_with_the_mirror() -> None:
    """Otherwise an old image would pass for a new one."""
    row = recipe("caddy")
    other = dataclasses.replace(row, packages=(*row.packages, "curl"))
    assert recipe_key(row, "monday") == recipe_key(row, "monday")
    assert len({recipe_key(row, "monday"), recipe_key(row, "tuesday"), recipe_key(other, "monday")}) == 3
    assert recipe_key(recipe("debian"), "monday") != recipe_key(row, "monday")


def test_build_contexts_point_every_public_name_to_the_lab() -> None:
    contexts = build_contexts("127.0.0.1:5080")
    assert "python:3.13-slim=docker-image://127.0.0.1:5080/library/python:3.13-slim" in contexts
    assert not any("lab-server" in context for context in contexts)


def test_a_configuration_says_nothing_that_is_empty() -> None:
    layer = Layer(digest="sha256:a", diff_id="sha256:b", size=1)
    document = render_config(
        recipe("redis").config, [layer], architecture="arm64", created="2026-01-01T00:00:00Z", labels={}
    )
    assert document["architecture"] == "arm64"
    assert document["rootfs"]["diff_ids"] == ["sha256:b"]
    assert document["config"]["Entrypoint"] == ["docker-entrypoint.sh"]
    assert "User" not in document["config"]
