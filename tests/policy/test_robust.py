"""Whatever stands in a file, the rules answer: wrong types are the schema's to tell, and no rule trips over them."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fairlead.judge.policy import APP_CHECKS, SERVICE_CHECKS, apply_waivers, policy_findings
from fairlead.positions import load_yaml
from tests.policy.example import HERE, Given, load_subject, read_given

EXAMPLES = sorted(HERE.glob("*/*.yaml"))
ODD: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        3.5,
        10**30,
        "",
        "x",
        "a:b:c:d",
        "${A}",
        "${A:?}",
        "$$",
        "1h2",
        "/",
        "80-70:1",
    ),
    *([], [None], [1, "x"], [[]], {}, {"a": None}, {"x": {"y": []}}, [{"source": None}], "host", "ALL"),
)
ROUNDS = 6


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for step, inner in entries:
        yield from _places(inner, (*path, step))


def mutated(value: Any, chance: random.Random) -> Any:
    """A copy of a document in which one value is another one."""
    changed = copy.deepcopy(value)
    path = chance.choice([place for place in _places(changed) if place])
    parent = changed
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = copy.deepcopy(chance.choice(ODD))
    return changed


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_no_rule_trips_over_a_value_of_another_kind(example: Path, tmp_path: Path) -> None:
    chance = random.Random(str(example.relative_to(HERE)))  # noqa: S311 - the same mutations each time
    value = load_yaml(example).value
    file = tmp_path / "compose.yaml"
    for number in range(ROUNDS):
        value = mutated(value if number % 3 else load_yaml(example).value, chance)
        # JSON is YAML, so every value stays what it is.
        file.write_text(json.dumps(value))
        given = (read_given(example), Given(deployed=True), Given(development=True))[number % 3]
        subject = load_subject(file, given)
        apply_waivers(policy_findings(subject), subject.model, today="2026-01-01")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_finding_names_a_value_that_is_there_on_a_line_that_holds_it(example: Path) -> None:
    subject = load_subject(example, read_given(example))
    raw = load_yaml(example).value
    for finding in policy_findings(subject):
        assert finding.rule in SERVICE_CHECKS or finding.rule in APP_CHECKS
        assert finding.location is not None
        lines = Path(finding.location.path).read_text(encoding="utf-8").splitlines()
        line = lines[finding.location.line - 1][finding.location.column - 1 :]
        values = [_at(root, finding.path) for root in (subject.model.value, subject.model.declared, raw)]
        assert any(found for found, _ in values), f"{finding}: {finding.path}"
        if finding.path:
            # A number may be written in another way than it is read: then the finding quotes it.
            words = {str(finding.path[-1]), *(_word(value) for found, value in values if found)}
            words |= {
                str(step) for found, value in values if found for place in _places(value) for step in place
            }
            words |= set(finding.what.split())
            assert any(word and word in line for word in words) or line[:1] in '"[{&*-|>t', (
                f"{finding}: {line}"
            )


def _at(value: Any, path: tuple[str | int, ...]) -> tuple[bool, Any]:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return False, None
    return True, value


def _word(value: Any) -> str:
    """The start of a scalar as it may stand in the line."""
    return "" if isinstance(value, (dict, list)) or value is None else str(value).replace("$$", "$")[:6]
