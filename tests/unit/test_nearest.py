from __future__ import annotations

import pytest

from fairlead.nearest import did_you_mean, nearest

NAMES = ("environment", "env_file", "expose", "production")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("enviroment", "environment"),
        ("ENV-FILE", "env_file"),
        ("prod", "production"),
        ("zzz", None),
        ("", None),
    ],
)
def test_the_nearest_name_is_what_was_meant(word: str, meant: str | None) -> None:
    assert nearest(word, NAMES) == meant


def test_without_a_near_name_the_few_known_ones_are_told() -> None:
    assert did_you_mean("zzz", ("b", "a")) == "known here: a, b"
    assert did_you_mean("zzz", ()) == ""
    assert did_you_mean("zzz", map(str, range(100, 200))) == ""
