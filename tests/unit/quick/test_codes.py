"""The exit codes are an ``IntEnum`` without ``enum``."""

from __future__ import annotations

import copy
import enum

import pytest

from fairlead.quick.codes import IntEnum


class Ours(IntEnum):
    """Two numbers."""

    NOTHING = 0
    MUCH = 11


class Theirs(enum.IntEnum):
    """Two numbers."""

    NOTHING = 0
    MUCH = 11


def test_a_member_shows_itself_as_one_of_an_enum() -> None:
    for ours, theirs in zip(Ours, Theirs, strict=True):
        assert (ours.name, ours.value, int(ours)) == (theirs.name, theirs.value, int(theirs))
        assert (str(ours), f"{ours}", f"{ours:>4}") == (str(theirs), f"{theirs}", f"{theirs:>4}")
        assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
        assert [ours] == [int(theirs)]
        assert hash(ours) == hash(theirs)
        assert isinstance(ours, Ours)


def test_a_number_gives_the_member() -> None:
    assert Ours(11) is Ours.MUCH
    assert copy.copy(Ours.MUCH) is Ours.MUCH
    assert len(Ours) == len(Theirs)
    with pytest.raises(ValueError, match="3 is not a valid Ours"):
        Ours(3)
