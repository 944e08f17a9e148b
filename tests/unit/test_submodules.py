"""A submodule that is not there is no empty folder to be shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.app.files.trees import TreeRefusedError, load_tree
from fairlead.errors import InputError
from fairlead.submodules import missing_submodules, refuse_missing_submodules


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One with a submodule that nobody has initialised, below a folder of its own files."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitmodules").write_text(
        '[submodule "theme"]\n\tpath = site/theme\n\turl = https://example.com/theme\n'
        '[submodule "lib"]\n\turl = https://example.com/lib\n\tpath = "vendor/lib"\n'
    )
    (tmp_path / "site/theme").mkdir(parents=True)
    (tmp_path / "site/index.html").write_text("hello")
    (tmp_path / "vendor/lib").mkdir(parents=True)
    (tmp_path / "vendor/lib/code.c").write_text("int main;")
    return tmp_path


def test_those_that_are_empty_or_missing(repository: Path) -> None:
    """One with files in it is there, whoever put them there."""
    assert missing_submodules(repository / "site") == ("site/theme",)
    assert missing_submodules(repository / "site/theme") == ("site/theme",)
    assert missing_submodules(repository) == ("site/theme",)
    assert missing_submodules(repository / "vendor") == ()
    (repository / "site/theme").rmdir()
    assert missing_submodules(repository / "site/theme") == ("site/theme",)
    (repository / "site/theme").mkdir()
    (repository / "site/theme/style.css").write_text("a {}")
    assert missing_submodules(repository) == ()


def test_below_a_submodule_that_is_missing(repository: Path) -> None:
    """What is mounted from within it cannot be there either."""
    assert missing_submodules(repository / "site/theme/css") == ("site/theme",)


@pytest.mark.parametrize("text", ["", "[submodule", "path = ../../etc\n", "\x00path = a\n", "path =\n"])
def test_any_text_is_read(repository: Path, text: str) -> None:
    """What is no path in the repository names nothing."""
    (repository / ".gitmodules").write_text(text)
    assert missing_submodules(repository) == ()


def test_a_mount_is_refused(repository: Path) -> None:
    """The folder itself, and one around it."""
    for folder in ("site", "site/theme"):
        with pytest.raises(TreeRefusedError, match="submodule site/theme is not there"):
            load_tree(repository / folder, repository)
    assert load_tree(repository / "vendor", repository).entry["entries"].keys() == {"lib/code.c"}


def test_a_build_is_refused(repository: Path) -> None:
    """In words, with the command; what `.dockerignore` leaves out is not missed."""
    with pytest.raises(InputError) as refused:
        refuse_missing_submodules("web", repository, "")
    assert "submodule site/theme" in refused.value.what
    assert "git submodule update --init site/theme" in refused.value.fix
    for ignore in ("site/theme", "node_modules\n/site/theme/\n", "site", "site/**", "**/theme"):
        refuse_missing_submodules("web", repository, ignore)
    refuse_missing_submodules("web", repository / "vendor", "")
