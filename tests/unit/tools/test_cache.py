from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.tools import memory
from fairlead.tools.cache import cache_dir


def test_the_cache_is_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """``FAIRLEAD_CACHE`` wins over ``XDG_CACHE_HOME``, which wins over the home folder."""
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.delenv("FAIRLEAD_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_dir() == Path("/home/someone/.cache/fairlead")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_dir() == Path("/xdg/fairlead")
    monkeypatch.setenv("FAIRLEAD_CACHE", str(tmp_path))
    assert cache_dir() == tmp_path


@pytest.fixture
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FAIRLEAD_CACHE", str(tmp_path))


@pytest.mark.usefixtures("_own_cache")
def test_what_a_program_said_is_remembered_until_it_changes(tmp_path: Path) -> None:
    program = tmp_path / "trivy"
    program.write_text("")
    memory.remember(program, "1", "Version: 0.74.0")
    assert memory.recall(program, "1") == "Version: 0.74.0"
    assert memory.recall(program, "2") is None
    assert memory.recall(tmp_path / "other", "1") is None


@pytest.mark.usefixtures("_own_cache")
@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', "{"])
def test_a_damaged_memory_is_an_empty_one(tmp_path: Path, text: str) -> None:
    """It is overwritten, not complained about: it is a convenience."""
    file = tmp_path / "tools" / "versions.json"
    file.parent.mkdir()
    file.write_text(text)
    program = tmp_path / "x"
    program.write_text("")
    assert memory.recall(program, "1") is None
    memory.remember(program, "1", "1.0.0")
    assert memory.recall(program, "1") == "1.0.0"
