"""What runs against what the repository says: every difference is told, and no difference is none."""

from __future__ import annotations

from typing import Any

import pytest

from fairlead.host.plan import actions
from fairlead.host.wire.planned import Action, PlanAnswer
from fairlead.host.wire.status import StateAnswer
from fairlead.release.drift import find_drift

SAME = {
    "keep": "is as it was",
    "carry": "has not changed",
    "skip": "ran already",
    "await": "the first host runs it",
}


def plan(*acts: tuple[str, str], previous: str | None = "000001", unchanged: bool = True) -> PlanAnswer:
    listed = tuple(Action(name, "app", action, "for a reason", "") for name, action in acts)
    return PlanAnswer(previous=previous, unchanged=unchanged, actions=listed)


def reasons(revision: str = "a" * 40, **given: Any) -> tuple[str, ...]:
    acts = given.pop("acts", ())
    return find_drift("app", StateAnswer(revision=revision), plan(*acts, **given), "a" * 40).reasons


def test_a_server_that_serves_this_very_release_is_the_same() -> None:
    assert reasons(acts=[(name, name) for name in SAME]) == ()


def test_another_commit_is_told_with_both() -> None:
    assert reasons("b" * 40, unchanged=False) == ("it serves bbbbbbbbbbbb, not aaaaaaaaaaaa",)


def test_where_nothing_serves_that_is_the_difference() -> None:
    assert reasons(previous=None, unchanged=False, acts=[("web", "start")]) == ("nothing serves",)


def test_a_difference_of_no_service_is_none_the_less_one() -> None:
    (said,) = reasons(unchanged=False)
    assert "settings" in said


EVERY = sorted(value for name, value in vars(actions).items() if name.isupper() and isinstance(value, str))


@pytest.mark.parametrize("action", EVERY)
def test_every_action_that_changes_something_is_a_difference(action: str) -> None:
    """Taken from the plan's own table: one that is added later counts as a difference."""
    found = reasons(acts=[("web", action)], unchanged=False)
    assert (found[0].startswith(f"web: {action}")) == (action not in SAME), found
