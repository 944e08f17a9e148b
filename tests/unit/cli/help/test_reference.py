"""The page docs/commands.md, made from the commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.cli.help.reference import _cell, exit_codes, main, render_reference
from fairlead.cli.root import VERBS
from fairlead.errors import ExitCode, InputError


def test_it_holds_every_verb_every_exit_code_and_every_variable() -> None:
    page = render_reference()
    for name in VERBS:
        assert f"\n## fairlead {name}\n" in page
    for code, meaning in exit_codes():
        assert f"| {code} | {meaning} |" in page
    assert "\n### fairlead github comment\n" in page
    assert "| `FAIRLEAD_IMAGE_TAG` |" in page


def test_it_is_the_same_on_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    page = render_reference()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FAIRLEAD_WORK_DIR", "/elsewhere")
    monkeypatch.setenv("HOME", "/elsewhere")
    assert render_reference() == page
    assert "\b" not in page
    assert str(Path.home()) not in page


def test_every_exit_code_stands_there_once() -> None:
    assert [code for code, _ in exit_codes()] == [int(code) for code in ExitCode]


def test_a_page_that_is_not_current_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="is not current"):
        main.main(["--check"], standalone_mode=False)
    main.main([], standalone_mode=False)
    main.main(["--check"], standalone_mode=False)
    Path("docs/commands.md").write_text("old")
    with pytest.raises(InputError, match="is not current"):
        main.main(["--check"], standalone_mode=False)


def test_a_table_cell_stays_a_cell() -> None:
    """A `<NAME>` outside of code would be HTML, and a bar would end the column."""
    assert _cell("a|b <NAME> `<ID>`") == r"a\|b &lt;NAME> `<ID>`"


def test_a_verb_without_options_has_no_table() -> None:
    """Nothing but what every verb has: those stand once, at the top."""
    page = render_reference()
    section = page[page.index("## fairlead completion") :]
    assert "| option |" not in section
