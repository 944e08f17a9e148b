"""Every rule by example: see ``example.py`` for how a file says what is found in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.judge.policy import GRADES, SERVICE_CHECKS
from tests.policy.example import HERE, find_all, read_expected

FOLDERS = sorted(folder for folder in HERE.iterdir() if folder.is_dir() and folder.name != "__pycache__")
FAILING = sorted(HERE.glob("*/failing*.yaml"))
PASSING = sorted(HERE.glob("*/passing*.yaml"))


def _name(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


@pytest.mark.parametrize("file", FAILING, ids=_name)
def test_what_is_wrong_is_found_at_its_very_place(file: Path) -> None:
    rule = file.parent.name
    expected = read_expected(file)
    assert expected, "it says nothing that is found in it"
    assert {one.rule for one in expected} == {rule}
    found = [finding for finding in find_all(file) if finding.rule == rule]
    left = list(found)
    for one in expected:
        match = next(
            (
                finding
                for finding in left
                if finding.location is not None
                and finding.location.line == one.line
                and one.column in {0, finding.location.column}
                and finding.severity == one.severity
            ),
            None,
        )
        assert match is not None, f"{one} is not among {[str(finding) for finding in left]}"
        left.remove(match)
    assert [str(finding) for finding in left] == []
    assert rule not in SERVICE_CHECKS or all(finding.fix for finding in found)


@pytest.mark.parametrize("file", PASSING, ids=_name)
def test_what_is_right_is_left_alone(file: Path) -> None:
    rule = file.parent.name
    assert [str(finding) for finding in find_all(file) if finding.rule == rule] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_folder_is_a_rule_with_both_kinds(folder: Path) -> None:
    assert folder.name in GRADES
    assert list(folder.glob("failing*.yaml"))
    assert list(folder.glob("passing*.yaml"))


@pytest.mark.parametrize("rule", sorted(GRADES))
def test_what_is_marked_as_fixable_brings_its_repair_and_nothing_else_does(rule: str) -> None:
    repaired = [finding for file in HERE.glob(f"{rule}/failing*.yaml") for finding in find_all(file)]
    assert any(finding.repair for finding in repaired if finding.rule == rule) == ("+" in GRADES[rule])
