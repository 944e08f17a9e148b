"""The rules that the command line of ``fairlead validate`` names."""

from __future__ import annotations

import os

from fairlead.errors import InputError
from fairlead.judge.policy import GRADES
from fairlead.nearest import did_you_mean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_FIXABLE = tuple(rule for rule, grade in GRADES.items() if "+" in grade)


def known_rules(names: Sequence[str]) -> frozenset[str]:
    """The rules that ``--rule`` names.

    Raises:
        InputError: there is no such rule.
    """
    for name in names:
        if name not in GRADES:
            raise InputError(f"there is no rule {name}", fix=did_you_mean(name, GRADES))
    return frozenset(names)


def rules_to_mend(words: Sequence[str]) -> tuple[frozenset[str], tuple[str, ...]]:
    """The rules and the files that ``--fix`` and ``--diff`` are given: a rule's name is that rule, ``./NAME`` a file.

    Raises:
        InputError: a word is neither, or a rule that nothing mends.
    """
    rules = frozenset(word for word in words if word in GRADES)
    files = tuple(word for word in words if word not in GRADES)
    for word in files:
        if not {"/", "."}.intersection(word) and not os.path.exists(word):  # noqa: PTH110 - no import for it
            raise InputError(f"there is no rule and no file {word}", fix=did_you_mean(word, GRADES))
    for rule in sorted(rules.difference(_FIXABLE)):
        raise InputError(
            f"--fix does not mend {rule}",
            why=f"it mends {', '.join(_FIXABLE)}",
            fix=f"`fairlead explain {rule}` tells what to write",
        )
    return rules, files
