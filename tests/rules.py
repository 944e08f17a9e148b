"""What is made from the pages of the rules, docs/rules: their index, and the table of grades that is read at run time.

``python -m tests.rules`` writes both; with ``--check`` it only says what is wrong with the pages, or is not current.
The order of groups and rules is the index's own: rows may be moved in it, and a new rule comes last in its group.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from fairlead.errors import FairleadError, InputError
from fairlead.judge.policy import APP_CHECKS, SERVICE_CHECKS
from fairlead.judge.policy.pages import Rule, parse_page

ROOT = Path(__file__).parent.parent
PAGES = Path("docs/rules")
INDEX = PAGES / "README.md"
GRADES = Path("ci/fairlead/judge/policy/grades.py")
_MADE = "Made by `python -m tests.rules` from docs/rules"
_HEAD = f"""\
# Rules

<!-- {_MADE}: a page here is written by hand, its row is not; rows may be moved. -->

What `fairlead validate` looks for in compose files. `fairlead explain RULE` shows the same on a terminal.
They are told by rank: 1 does not run, 2 gives away host or data, 3 will fail you at night, 4 hardening.
**strict**: an error with `--strict`. **deploy**: an error where Fairlead deploys the files.
**dev**: a note in files that serve development only. **fix**: `fairlead validate --fix` mends it.
Severities are chosen in [fairlead.yaml](../configuration.md#validate); a waiver with its reason stands
[beside the service](../configuration.md#x-fairlead).
"""
_GRADES_HEAD = f'''\
"""Every rule's name with its grade, in the order of the index. {_MADE}.

A grade is a letter: ``E`` error, ``W`` warning, ``I`` note; then ``r`` if it is an error where Fairlead deploys the
files, ``d`` if it is a note in files that serve development only, ``+`` if ``--fix`` can mend it, ``!`` if no severity
and no waiver can change it: without that rule nothing else is known to hold, or it is about what belongs to somebody
else. Last comes the rank, by which everything is told, and which makes a warning of an ``E`` above 2 (``rule``).
"""

GRADES = {{
'''
_PLACES = re.compile(r"^## (?P<group>.+)|^\| \[`(?P<rule>[^`]+)`", re.MULTILINE)


def read_pages(root: Path) -> list[Rule]:
    """The rules as their pages tell them, in the order of the index.

    Raises:
        InputError: a page is not of the form that all have, or a function is of a rule that has none.
    """
    files = {file.stem: file for file in sorted((root / PAGES).glob("*.md")) if file.name != INDEX.name}
    faults = [
        f"{PAGES}/{name}.md is missing" for name in sorted({*SERVICE_CHECKS, *APP_CHECKS} - files.keys())
    ]
    rules = []
    for name, file in files.items():
        try:
            rules.append(parse_page(name, file.read_text(encoding="utf-8")))
        except ValueError as error:
            faults.append(str(error))
    if faults:
        raise InputError("; ".join(faults), fix=f"{PAGES}/no-init.md shows how a page is written")
    return order(rules, (root / INDEX).read_text(encoding="utf-8"))


def order(rules: Collection[Rule], index: str) -> list[Rule]:
    """The rules as they follow each other in the index; what is not in it yet comes last."""
    found = list(_PLACES.finditer(index))
    groups = [one["group"] for one in found if one["group"]]
    names = [one["rule"] for one in found if one["rule"]]

    def place(rule: Rule) -> tuple[int, str, int, str]:
        return _at(groups, rule.group), rule.group, _at(names, rule.name), rule.name

    return sorted(rules, key=place)


def _at(names: Sequence[str], name: str) -> int:
    return names.index(name) if name in names else len(names)


def render(rules: Collection[Rule]) -> Mapping[Path, str]:
    """What is made from the pages, by file."""
    index, grades = _HEAD, _GRADES_HEAD
    for group, members in groupby(rules, key=lambda rule: rule.group):
        index += f"\n## {group}\n\n| rule | rank | severity | | what is wrong |\n| --- | ---: | --- | --- | --- |\n"
        grades += f"    # {group}.\n"
        for rule in members:
            index += _row(rule)
            grades += f'    "{rule.name}": "{rule.grade}",\n'
    return {INDEX: index, GRADES: grades + "}\n"}


def _row(rule: Rule) -> str:
    marks = " ".join(
        mark
        for mark, holds in (
            ("strict", rule.strict_only),
            ("deploy", rule.deployed_error),
            ("dev", rule.development_note),
            ("fix", rule.fixable),
        )
        if holds
    )
    return f"| [`{rule.name}`]({rule.name}.md) | {rule.rank} | {rule.severity} | {marks} | {rule.title} |\n"


def main(arguments: list[str], root: Path = ROOT) -> None:
    """Write what is made from the pages, or check it.

    Raises:
        InputError: a page is at fault; or with ``--check``, what is made from them is not current.
    """
    made = render(read_pages(root))
    if "--check" in arguments:
        old = [str(name) for name, text in made.items() if (root / name).read_text(encoding="utf-8") != text]
        if old:
            raise InputError(f"not current: {', '.join(old)}", fix="`python -m tests.rules` writes it")
        return
    for name, text in made.items():
        (root / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except FairleadError as error:
        sys.exit(f"{error.what}: {error.fix}")
