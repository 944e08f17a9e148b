"""A finding stands on the line of what is at fault, not on that of what it is a part of.

Each example is written out with every key on a line of its own, in two orders, so that no culprit is the first in its parent by
chance. What is at fault is what the finding quotes, or whose absence takes the finding away.
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from fairlead.findings import Finding
from fairlead.positions import ValuePath, load_documents, load_yaml
from tests.policy.example import HERE, find_all

ABOUT_NOTHING = {"unbounded-logs": "an option that is missing stands where the others are"}
EXAMPLES = sorted(
    file
    for file in HERE.glob("*/failing*.yaml")
    if file.parent.name not in ABOUT_NOTHING and not load_yaml(file).faults
)
SHORTEST = 3
"""Letters of a value that is found again in the words of a finding."""


class _Plainly(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def written(value: Any, given: str) -> str:
    """A document with each key and item on a line of its own, below what the example says that surrounds it."""
    return given + yaml.dump(value, Dumper=_Plainly, sort_keys=False, default_flow_style=False, width=4096)


def turned(value: Any) -> Any:
    """The same with the keys of each mapping in the other order."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(item) for item in value] if isinstance(value, list) else value


def leaves(value: Any, path: ValuePath) -> Iterator[tuple[ValuePath, Any]]:
    """The scalars and empty collections in a value."""
    if not value or not isinstance(value, (dict, list)):
        yield path, value
        return
    for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield from leaves(inner, (*path, step))


def at(value: Any, path: ValuePath) -> Any:
    for step in path:
        value = value[step if isinstance(value, list) or step in value else str(step)]
    return value


def without(value: Any, path: ValuePath) -> Any:
    changed = copy.deepcopy(value)
    del at(changed, path[:-1])[path[-1]]
    return changed


def same(finding: Finding, found: list[Finding]) -> int:
    return sum((one.path, one.what) == (finding.path, finding.what) for one in found)


@pytest.mark.parametrize("order", ["as it is", "turned"])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_finding_stands_on_the_line_of_what_is_at_fault(example: Path, order: str, tmp_path: Path) -> None:
    rule = example.parent.name
    shutil.copytree(example.parent, tmp_path / rule)
    file = tmp_path / rule / example.name
    given = "".join(
        line for line in example.read_text().splitlines(keepends=True) if line.startswith("# given")
    )
    value = yaml.safe_load(example.read_text())
    value = turned(value) if order == "turned" else value

    def found_in(changed: Any) -> list[Finding]:
        file.write_text(written(changed, given))
        return [one for one in find_all(file) if one.rule == rule]

    every = found_in(value)
    (document,) = load_documents(file)
    for finding in every:
        path = finding.path
        try:
            parts = list(leaves(at(value, path), path))
        except (KeyError, IndexError, TypeError):
            continue  # It is about what is not written.
        if len(path) <= 2 or len(parts) < 2 or finding.location is None:
            continue
        quoted = [one for one, text in parts if len(str(text)) >= SHORTEST and str(text) in finding.what]
        decisive = [
            one for one, _ in parts if same(finding, found_in(without(value, one))) < same(finding, every)
        ]
        lines = {
            document.location(one, key=key).line for one in (*quoted, *decisive) for key in (True, False)
        }
        assert not lines or finding.location.line in lines, (
            f"{finding}: {sorted(quoted)} {sorted(decisive)}\n{written(value, given)}"
        )
