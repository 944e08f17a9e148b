"""Before anything is built, a server says what it would refuse afterwards; it changes nothing."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from fairlead.host.door.answers import answer_plan
from fairlead.host.wire.answer import render_answer
from fairlead.host.wire.errors import AgentError, EngineFault, InputFault
from fairlead.host.wire.restriction import Restriction
from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage

UNBUILT = f"ghcr.io/acme/web@sha256:{'0' * 64}"


def _ask(stage: Stage, sheet: Sheet, **options: Any) -> dict[str, Any]:
    frame = {
        "request": "plan",
        "preflight": True,
        "release": sheet.document(),
        "options": options,
        "by": "alice",
    }
    return render_answer(answer_plan(stage.root, frame, Restriction()))


def _unbuilt(stage: Stage, number: int) -> Sheet:
    """A release whose image is nowhere yet."""
    sheet = stage.sheet(number)
    sheet.image = UNBUILT
    sheet.web()
    sheet.image = stage.image
    sheet.proxy()
    return sheet


def test_first_release_that_is_not_built(stage: Stage) -> None:
    """It would be taken; a port that somebody has, a neighbour's folder and a foreign platform are told."""
    assert UNBUILT in _ask(stage, _unbuilt(stage, 1))["pull"]
    taken = pytest.raises(EngineFault, match=f"port {stage.port} of the host.*is taken")
    with socket.create_server(("127.0.0.1", stage.port)), taken:
        _ask(stage, _unbuilt(stage, 1))
    greedy = _unbuilt(stage, 1)
    bind = {"type": "bind", "source": str(stage.root / "other"), "target": "/x"}
    greedy.services["web"]["definition"]["volumes"] = [bind]
    with pytest.raises(InputFault):
        _ask(stage, greedy)
    foreign = _unbuilt(stage, 1)
    foreign.services["web"]["platforms"] = {"linux/s390x": f"sha256:{'0' * 64}"}
    with pytest.raises(AgentError, match="no image for this host"):
        _ask(stage, foreign)
    assert not stage.paths.journal.exists()
    assert stage.containers(running=False) == set()


@pytest.mark.serving
def test_release_that_the_plan_would_refuse(stage: Stage) -> None:
    """A commit that is older than what serves, and a volume with another definition."""
    older = _unbuilt(stage, 1)
    older.revision, older.revision_time = "f" * 40, 1
    with pytest.raises(InputFault, match="is older than"):
        _ask(stage, older)
    changed = _unbuilt(stage, 2)
    changed.extra["networks"] = {"default": {"internal": True}}
    with pytest.raises(InputFault, match="definition of the network 'default' has changed"):
        _ask(stage, changed)
    assert _ask(stage, _unbuilt(stage, 2))["release"] == "000002"
