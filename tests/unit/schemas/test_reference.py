from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.errors import InputError
from fairlead.schemas import reference
from fairlead.schemas.reference import main, render_reference

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"


def test_the_published_page_is_what_the_schemas_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_reference()


def test_keys_of_every_depth_are_on_the_page() -> None:
    page = render_reference()
    for key in ("`app`", "`secrets.<name>.file`", "`ignore[].until`", "`probes[].status`", "`health.path`"):
        assert f"| {key} |" in page


def test_a_page_that_is_not_current_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "PAGE", tmp_path / "docs" / "configuration.md")
    with pytest.raises(InputError, match="not current"):
        main(["--check"])
    main([])
    main(["--check"])
