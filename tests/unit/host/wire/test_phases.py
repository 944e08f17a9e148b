"""One table of phases for both sides: what it says holds together."""

from __future__ import annotations

import pytest

from fairlead.host.run import table
from fairlead.host.wire.fleet import MIGRATE, POINTS
from fairlead.host.wire.phases import BEFORE, COMMIT, COMMITTED, PHASES, SERVING, find_phase


def test_the_agent_runs_them_all_in_this_order() -> None:
    assert [phase.facts for phase in table.PHASES] == list(PHASES)
    assert len(table._ROWS) == len(PHASES), "one is there twice, or not in the order that both sides know"


def test_the_stages_follow_one_another() -> None:
    """The commit is the last step from which there is a way back, and where it is promised there is one."""
    stages = [phase.stage for phase in PHASES]
    assert stages == sorted(stages, key=(BEFORE, SERVING, COMMITTED).index)
    assert [phase for phase in PHASES if phase.stage == SERVING][-1] is COMMIT
    pledged = [phase for phase in PHASES if phase.pledged]
    assert pledged == [phase for phase in PHASES if phase.stage == SERVING][-len(pledged) :]


def test_hosts_wait_at_every_point_in_its_order() -> None:
    """The jobs that are run once are waited for within their phase, by those who do not run them."""
    assert [MIGRATE, *(phase.holds for phase in PHASES if phase.holds)] == list(POINTS)


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.name)
def test_a_phase_is_found_by_its_name(phase: object) -> None:
    assert [one for one in PHASES if find_phase(one.name) is phase] == [phase]


@pytest.mark.parametrize("name", ["", "none", "a phase of tomorrow"])
def test_a_name_that_is_none_tells_nothing(name: str) -> None:
    found = find_phase(name)
    assert (found.stage, found.holds, found.pledged) == (BEFORE, "", False)
