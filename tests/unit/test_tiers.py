"""A short form leaves nothing untried: each file of tests keeps one, and whoever asks for all gets all."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tiers import FOLDERS, is_every_test

TESTS = Path(__file__).parent.parent
WHOLE = {
    "e2e/survival/test_chaos.py": "what dies under load is tried by the tests of crashes and of the fleet",
    "e2e/test_edge.py": "two apps behind one edge are those of actions/test_repositories.py",
    "e2e/test_interrupt.py": "a deploy is stopped in each of its phases by actions/test_cancel.py",
}


def _marked() -> Iterator[tuple[str, int, int]]:
    for folder in (folder for tier in FOLDERS.values() for folder in tier):
        for file in sorted((TESTS / folder).rglob("test_*.py")):
            tests = [
                node
                for node in ast.parse(file.read_text()).body
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
            ]
            long = [one for one in tests if "pytest.mark.long" in map(ast.unparse, one.decorator_list)]
            if long:
                yield str(file.relative_to(TESTS)), len(tests), len(long)


MARKED = list(_marked())


@pytest.mark.parametrize(("file", "tests", "long"), MARKED, ids=[file for file, *_ in MARKED])
def test_a_file_is_not_left_out_whole(file: str, tests: int, long: int) -> None:
    """What it is about is tried by `make test`, or by another file that is named here."""
    assert long < tests or file in WHOLE


def test_long_tests_are_of_what_the_engine_does() -> None:
    """Those that stay inside their process are quick enough to be run always."""
    assert MARKED
    assert not [file for file, *_ in MARKED if file.startswith(FOLDERS["unit"])]


@pytest.mark.parametrize(("environ", "every"), [({}, False), ({"FAIRLEAD_TESTS": "all"}, True)])
def test_all_are_asked_for(environ: dict[str, str], every: bool) -> None:
    """By the variable that `make test-all` sets."""
    assert is_every_test(environ) is every
