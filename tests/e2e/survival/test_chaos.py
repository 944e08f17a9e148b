"""A few rounds of chaos on the lab; ``make chaos`` runs more of them, and the whole table."""

from __future__ import annotations

import pytest

from chaos.__main__ import run
from chaos.plan import plan_diagonal
from chaos.report import render
from lab.state import Lab
from tests.e2e.survival.conftest import SERVERS


@pytest.mark.long
def test_nothing_is_lost_and_nothing_is_left(servers: Lab) -> None:
    """A client, an agent and an engine die under load; the next command heals, whichever it is."""
    outcomes = run(plan_diagonal(), min(SERVERS), None)
    assert not [one for one in outcomes if one.broken], render(None, outcomes)
    assert all(one.struck == one.round.phase for one in outcomes)
