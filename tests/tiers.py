"""Which folders of tests make a tier, and whether every test is run.

`make test` has minutes: it tries each promise in its short form. More cases of what it tries, and what takes long by
its nature, have the mark `long` and are tried by `make test-all`, each night on GitHub.
"""

from __future__ import annotations

from collections.abc import Mapping

FOLDERS = {
    "unit": ("unit", "policy"),
    "integration": ("integration",),
    "e2e": ("e2e",),
    "actions": ("actions",),
    "adversary": ("adversary",),
}


def is_every_test(environ: Mapping[str, str]) -> bool:
    """Whether the tests with the mark `long` are run, too."""
    return environ.get("FAIRLEAD_TESTS") == "all"
