"""Paths as GitHub knows them: from the root of the repository, wherever that was checked out."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.findings import Finding, Location
from fairlead.github.annotations import Annotation, render_annotation
from fairlead.github.place import placed
from fairlead.github.summary import render_findings


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a workflow with ``path: app`` and ``directory: app/shop`` works in."""
    folder = tmp_path / "app" / "shop"
    folder.mkdir(parents=True)
    (tmp_path / "app" / ".git").mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("shown", ["compose/base.yaml", "./compose/base.yaml", "{here}/compose/base.yaml"])
def test_neither_the_checkout_s_folder_nor_where_the_command_works_is_part_of_it(
    directory: Path, shown: str
) -> None:
    place = Location(shown.format(here=directory), 3, 5)
    assert placed(place) == Location("shop/compose/base.yaml", 3, 5)
    assert render_annotation(Annotation("error", "bad", place)) == (
        "::error file=shop/compose/base.yaml,line=3,col=5::bad"
    )
    page = render_findings([Finding("unknown key", place)])
    assert "| shop/compose/base.yaml:3:5 | unknown key |" in page


@pytest.mark.usefixtures("directory")
@pytest.mark.parametrize("shown", ["../../elsewhere.yaml", "/etc/passwd"])
def test_what_is_not_of_the_repository_has_no_place_there(shown: str) -> None:
    assert placed(Location(shown, 1)) is None
    assert render_annotation(Annotation("error", "bad", Location(shown, 1))) == "::error::bad"
