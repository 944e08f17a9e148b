"""Anchors that are given again, inside one another too, against the docker-compose of this machine."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from fairlead.composefile.loader import load_model
from fairlead.positions import parse_yaml
from tests.integration.compose.test_loader import ask, differences

pytestmark = pytest.mark.integration

TREES = 300
NAMES = "ab"
DEEPEST = 5


class _Writer:
    """Writes a tree in brackets, whose anchors share few names; an alias only where what it means is complete."""

    def __init__(self, chance: random.Random, number: int) -> None:
        self._chance = chance
        self._number = number
        self._said = 0
        # Of each name, which anchor began last; and which are not complete.
        self._last: dict[str, int] = {}
        self._open: set[int] = set()

    def value(self, depth: int = 0) -> str:
        chance = self._chance
        ready = [name for name, last in self._last.items() if last not in self._open]
        if ready and chance.random() < 0.3:
            return f"*{chance.choice(ready)}{self._number} "
        self._said += 1
        mine, anchor = self._said, ""
        if chance.random() < 0.6:
            name = chance.choice(NAMES)
            self._last[name] = mine
            self._open.add(mine)
            anchor = f"&{name}{self._number} "
        text = f"v{mine}" if depth == DEEPEST or (depth and chance.random() < 0.3) else self._children(depth)
        self._open.discard(mine)
        return anchor + text

    def _children(self, depth: int) -> str:
        children = [self.value(depth + 1) for _ in range(self._chance.randint(1, 3))]
        if self._chance.random() < 0.5:
            return f"[{', '.join(children)}]"
        return f"{{{', '.join(f'k{key}: {child}' for key, child in enumerate(children))}}}"


def test_an_alias_means_what_it_means_to_compose(tmp_path: Path) -> None:
    """Of several anchors of one name, that which began last before the alias."""
    chance = random.Random(1)  # noqa: S311
    trees = [f"x-{number}: {_Writer(chance, number).value()}\n" for number in range(TREES)]
    file = tmp_path / "compose.yaml"
    file.write_text(f"{''.join(trees)}services: {{a: {{image: b}}}}\n")
    theirs = ask([file], {})
    ours = parse_yaml(file.read_text())
    assert theirs is not None
    assert ours.faults == ()
    assert sum("*" in tree for tree in trees) > TREES / 3
    keys = [f"x-{number}" for number in range(TREES)]
    assert list(differences({key: theirs[key] for key in keys}, {key: ours.value[key] for key in keys})) == []


def test_what_stands_in_a_service_through_an_anchor_given_again_is_read(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(
        "x-o: &x\n  image: b\n  x-y: &x\n    image: c\n    privileged: true\n"
        "services:\n  a: *x\n  m:\n    <<: *x\n    labels: &x {d: e}\n  n: {image: f, labels: *x}\n"
    )
    theirs = ask([file], {})
    ours = load_model([file], variables={}, name="p")
    assert ours.faults == ()
    assert theirs["services"]["a"]["privileged"] is True
    for name in "amn":
        assert list(differences(theirs["services"][name], ours.value["services"][name])) == []
