from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fairlead.errors import InputError
from fairlead.judge.policy import GRADES
from fairlead.judge.policy.pages import FOLDER, Rule, parse_page
from tests import rules

PAGE = """\
# no-brakes

**A cart without brakes.**
Rank 3, will fail you at night. A warning, an error with `--strict`, a note in files that serve development only; `--fix` mends it.

It rolls.

Not so: downhill, that is.

Not so:

```yaml
cart: {}
```

But so:

```yaml
cart: {brakes: true}
```

Sources:

- <https://example.com/brakes>
- Measured: `it rolls`

[All rules](README.md): Health
"""


def test_a_page_is_read_as_it_stands() -> None:
    assert parse_page("no-brakes", PAGE) == Rule(
        name="no-brakes",
        grade="Ed+3",
        title="A cart without brakes",
        why="It rolls.\n\nNot so: downhill, that is.",
        bad="cart: {}\n",
        good="cart: {brakes: true}\n",
        sources=("https://example.com/brakes", "Measured: `it rolls`"),
        group="Health",
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("# no-brakes\n", "", ":1: here should stand a heading"),
        ("# no-brakes", "# no-brake", ":1: the heading names another rule, no-brake"),
        ("A warning", "A catastrophe", ":3: here should stand `**TITLE.**`"),
        ("Rank 3, will fail you at night", "Rank 3, hardening", ":3: here should stand `**TITLE.**`"),
        (
            "A warning, an error with `--strict`",
            "An error",
            ":4: an error of rank 3 or 4 is told as a warning",
        ),
        ("But so:", "So:", ":10: here should stand `Not so:` and `But so:`"),
        (
            "- <https://example.com/brakes>\n- Measured: `it rolls`",
            "none",
            ":22: here should stand `Sources:`",
        ),
        (": Health\n", "\n", ":27: here should stand `[All rules](README.md): GROUP`"),
        ("[All rules]", "More.\n\n[All rules]", ":27: here should stand `[All rules](README.md): GROUP`"),
    ],
)
def test_what_is_not_of_the_form_is_told_with_its_line(old: str, new: str, told: str) -> None:
    with pytest.raises(ValueError, match=r"no-brakes\.md") as raised:
        parse_page("no-brakes", PAGE.replace(old, new))
    assert str(raised.value).startswith(f"docs/rules/no-brakes.md{told}")


def test_the_package_has_the_pages_that_the_documentation_shows() -> None:
    """By a link, so that there is one of each; git and setuptools follow it."""
    assert FOLDER.is_symlink()
    assert FOLDER.resolve() == rules.ROOT / rules.PAGES
    assert {file.stem for file in FOLDER.glob("*.md")} == {"README", *GRADES}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the pages of this one, and what is made from them."""
    shutil.copytree(rules.ROOT / rules.PAGES, tmp_path / rules.PAGES)
    (tmp_path / rules.GRADES).parent.mkdir(parents=True)
    shutil.copy(rules.ROOT / rules.GRADES, tmp_path / rules.GRADES)
    rules.main(["--check"], tmp_path)
    return tmp_path


def test_a_new_page_comes_last_in_its_group_and_needs_no_other_file(checkout: Path) -> None:
    (checkout / rules.PAGES / "no-brakes.md").write_text(PAGE)
    with pytest.raises(InputError, match=r"README.md, .*grades.py"):
        rules.main(["--check"], checkout)
    rules.main([], checkout)
    rules.main(["--check"], checkout)
    index = (checkout / rules.INDEX).read_text()
    row = "| [`no-brakes`](no-brakes.md) | 3 | warning | strict dev fix | A cart without brakes |\n"
    assert f"{row}\n## Life cycle and jobs\n" in index
    assert '"no-brakes": "Ed+3",\n    # Life cycle' in (checkout / rules.GRADES).read_text()


def test_the_order_of_the_index_is_kept(checkout: Path) -> None:
    """A reader meets first what a person has put first."""
    index = checkout / rules.INDEX
    first, second = [line for line in index.read_text().splitlines() if line.startswith("| [`")][:2]
    moved = index.read_text().replace(f"{first}\n{second}", f"{second}\n{first}")
    index.write_text(moved)
    rules.main([], checkout)
    assert index.read_text() == moved


def test_all_pages_at_fault_and_those_that_are_missing_are_told_at_once(checkout: Path) -> None:
    folder = checkout / rules.PAGES
    (folder / "no-init.md").write_text("no page")
    (folder / "privileged.md").unlink()
    (folder / "stop-grace.md").write_text(PAGE)
    with pytest.raises(InputError) as raised:
        rules.main(["--check"], checkout)
    for told in ("no-init.md:1: here", "privileged.md is missing", "stop-grace.md:1: the heading"):
        assert f"docs/rules/{told}" in raised.value.what
