"""The library: docs/library.md says what it has, and its examples run."""

from __future__ import annotations

import dataclasses
import doctest
import inspect
import re
from pathlib import Path
from types import FunctionType

import pytest

import fairlead.composefile as library

PAGE = (Path(__file__).parents[3] / "docs" / "library.md").read_text(encoding="utf-8")
ROWS = {
    name: (call, text)
    for name, call, text in re.findall(r"^\| `(\w+)([^`]*)` \| (.*) \|$", PAGE, re.MULTILINE)
}
INTERNAL = {"root", "node", "walk"}
"""What of the classes is for Fairlead alone: nodes."""


def test_the_page_has_the_whole_surface_and_nothing_else() -> None:
    assert set(ROWS) == set(library.__all__) == set(dir(library))


@pytest.mark.parametrize("name", library.__all__)
def test_the_page_tells_what_each_takes_or_has(name: str) -> None:
    """Of a function its signature as it is, of a class every attribute, and no other."""
    thing = getattr(library, name)
    if isinstance(thing, FunctionType):
        signature = inspect.signature(thing)
        bare = signature.replace(
            parameters=[
                one.replace(annotation=inspect.Parameter.empty) for one in signature.parameters.values()
            ],
            return_annotation=inspect.Signature.empty,
        )
        assert ROWS[name][0] == str(bare)
        return
    fields = {field.name for field in dataclasses.fields(thing)}
    others = {key for key, value in vars(thing).items() if isinstance(value, (FunctionType, property))}
    public = {one for one in fields | others if not one.startswith("_")} - INTERNAL
    told = {
        one for text in re.findall(r"`([^`]+)`", ROWS[name][1]) for one in re.findall(r"^\w+(?=\(|$)", text)
    }
    assert public <= told
    assert told - public <= {*library.__all__, "error", "warning", "note"}


def test_the_examples_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TAG", raising=False)
    monkeypatch.delenv("COMPOSE_PROJECT_NAME", raising=False)
    (file,) = re.findall(r"```yaml\n(# compose\.yaml\n.*?)```", PAGE, re.DOTALL)
    Path("compose.yaml").write_text(file)
    blocks = re.findall(r"```pycon\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) >= 5
    examples = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "library.md", "docs/library.md", 0)
    told: list[str] = []
    results = doctest.DocTestRunner(verbose=False).run(examples, out=told.append)
    assert not results.failed, "".join(told)


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    """`validate` looks for files, and asks docker-compose about them, before it reads one."""
    assert not set(library.__all__) & vars(library).keys()


def test_what_is_not_there_is_said_as_python_says_it() -> None:
    with pytest.raises(AttributeError, match="no attribute 'load'"):
        _ = library.load  # type: ignore[attr-defined]
