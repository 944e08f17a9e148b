from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.errors import InputError
from fairlead.judge.policy import RULES, pages


def test_the_published_pages_are_what_the_catalog_says() -> None:
    pages.main(["--check"])


def test_a_page_that_is_old_missing_or_of_no_rule_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pages.main([])
    folder = tmp_path / "docs" / "rules"
    assert {file.stem for file in folder.iterdir()} == {"README", *RULES}
    (folder / "no-init.md").write_text("old")
    (folder / "privileged.md").unlink()
    (folder / "gone.md").write_text("of a rule that is no more")
    with pytest.raises(InputError) as raised:
        pages.main(["--check"])
    assert "gone.md, no-init.md, privileged.md" in raised.value.what
    pages.main([])
    pages.main(["--check"])
