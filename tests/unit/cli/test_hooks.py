"""The hooks for pre-commit: they call what there is, on the files that they are for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from fairlead.cli.root import VERBS
from fairlead.quick.option_words import parse_plainly

HOOKS = yaml.safe_load((Path(__file__).parents[3] / ".pre-commit-hooks.yaml").read_text())


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: str(hook["id"]))
def test_a_hook_calls_a_verb_with_options_that_it_has(hook: dict[str, str]) -> None:
    program, verb, *words = hook["entry"].split()
    assert (program, verb in VERBS) == ("fairlead", True)
    assert parse_plainly([*words, "compose.yaml"], {}) is not None


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("compose.yaml", True),
        ("shop/docker-compose.yml", True),
        ("compose.override.yaml", True),
        ("deploy/docker-compose.prod-eu.yml", True),
        ("recompose.yaml", False),
        ("compose.yaml.bak", False),
        ("docker-compose/values.yaml", False),
    ],
)
def test_the_first_hook_is_for_compose_files(name: str, is_one: bool) -> None:
    assert (re.search(HOOKS[0]["files"], name) is not None) is is_one
