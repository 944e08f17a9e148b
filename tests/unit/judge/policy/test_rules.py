"""The pages of the rules: what each tells, and that its examples are true."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.judge.policy.pages import read_rules
from tests.policy.example import HERE, find_all

# What surrounds an example where the file alone is not enough.
GIVEN = {
    "migration-gates-roll": "{deployed: true}",
    "limits-over-host": "{validate: {host: {memory: 4G}}}",
}
RULES = read_rules()
SHOWN = sorted(name for name, rule in RULES.items() if rule.bad)


def test_every_rule_of_the_policy_has_an_example_folder() -> None:
    """Those of other layers that need an engine or fairlead.yaml are shown elsewhere."""
    folders = {folder.name for folder in HERE.iterdir() if folder.is_dir()}
    assert set(RULES) - folders - {"__pycache__"} == {"compose", "settings", "profile"}


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_text_tells_what_why_and_from_where(name: str) -> None:
    rule = RULES[name]
    assert rule.title
    assert not rule.title.endswith(".")
    assert len(rule.why) > 60
    assert rule.sources
    assert bool(rule.bad) == bool(rule.good)


def _found(name: str, text: str, folder: Path) -> list[str]:
    file = folder / "compose.yaml"
    given = f"# given: {GIVEN[name]}\n" if name in GIVEN else ""
    file.write_text(f"{given}{text}")
    return [str(finding) for finding in find_all(file) if finding.rule == name]


@pytest.mark.parametrize("name", SHOWN)
def test_the_bad_example_is_found(name: str, tmp_path: Path) -> None:
    assert _found(name, RULES[name].bad, tmp_path)


@pytest.mark.parametrize("name", SHOWN)
def test_the_good_example_is_not(name: str, tmp_path: Path) -> None:
    assert _found(name, RULES[name].good, tmp_path) == []
