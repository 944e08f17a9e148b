"""What is said of users when an app goes out of service, or comes back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.disk.paths import app_paths
from fairlead.host.door import maintaining
from fairlead.host.door.maintaining import ask_for_page, let_in
from fairlead.host.state.maintenance import Maintenance
from fairlead.host.state.state import State
from fairlead.host.wire.replies import MaintenanceAnswer
from tests.unit.host.samples import nothing, release, serving

TOLD = Maintenance(1.0, "alice", "", 300, own_page=False, look="a" * 32)


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (nothing(), "no release serves"),
        (replace(serving(release()), containers=()), "the proxy does not run"),
    ],
)
def test_nobody_is_served_where_nothing_answers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, state: State, why: str
) -> None:
    """That there was nothing to ask is no word for it."""
    monkeypatch.setattr(maintaining, "read_state", lambda *_: state)
    engine: Any = None
    (tmp_path / "board").mkdir()
    found = let_in(app_paths(tmp_path, "board"), engine, "alice")
    assert found == MaintenanceAnswer(was_on=False, unserved=(why,))
    assert ask_for_page(state, TOLD) == ([], [why])
