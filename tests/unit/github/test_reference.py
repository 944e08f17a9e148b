"""The reference of actions and workflows."""

from __future__ import annotations

from tests.github_reference import NEEDS, PAGE, ROOT, render_page


def test_every_action_has_its_row_of_permissions() -> None:
    assert set(NEEDS) == {path.parent.name for path in ROOT.glob(".github/actions/*/action.yml")}


def test_the_page_names_every_input_and_no_placeholder_is_taken_for_html() -> None:
    page = render_page()
    for name in (
        "`ssh-key`",
        "`require-evidence`",
        "`FAIRLEAD_SSH_KEY`",
        "### pipeline",
        "### Action deploy",
    ):
        assert name in page
    assert "<number>" not in page.replace("<!--", "")
    assert page == PAGE.read_text(encoding="utf-8")
