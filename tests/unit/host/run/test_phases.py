"""Each phase is over in time."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import cast

import pytest

from fairlead.host.disk.journal import Journal
from fairlead.host.disk.layout import make_layout
from fairlead.host.disk.orders import give_order
from fairlead.host.disk.paths import app_paths
from fairlead.host.plan.plan import Plan
from fairlead.host.run.context import Deploy, Host
from fairlead.host.run.table import PHASES
from fairlead.host.shape.bundle import Bundle
from fairlead.host.wire.errors import ReleaseFault, StoppedFault
from fairlead.host.wire.request import RollbackRequest
from tests.unit.host.pretend import PretendEngine
from tests.unit.host.samples import nothing

_OWN_BOUNDS = {
    "prepare": "reads nothing of a container's",
    "migrate": "a job is never cut off: whoever wrote it decides how long it takes",
    "ready": "the fleet's hold_timeout",
    "watch": "its window, and a while for the last answers",
    "agree": "the fleet's hold_timeout",
    "commit": "reads nothing of a container's",
    "retire": "drain_timeout and stop_grace_period",
    "prune": "reads nothing of a container's",
}


def test_every_phase_has_a_deadline_or_says_why_not() -> None:
    """By the release's own patience, and no more than a little longer where a container is waited for."""
    without = {phase.name for phase in PHASES if math.isinf(phase.within(20.0))}
    assert without == set(_OWN_BOUNDS)
    verify = next(phase for phase in PHASES if phase.name == "verify")
    assert verify.within(20.0) == 35.0


def test_a_phase_that_takes_longer_ends_at_its_next_safe_point(tmp_path: Path) -> None:
    """Programs end with it; the next phase has time of its own; and stop is heard before all that."""
    paths = app_paths(tmp_path, "board")
    make_layout(paths)
    engine = PretendEngine()
    host = Host(paths, engine, cast("Journal", None), lambda _: None)
    deploy = Deploy(host, RollbackRequest("t"), nothing(), cast("Plan", None), cast("Bundle", None))
    host.begin_phase("verify", 0.0)
    assert engine.until <= time.monotonic()
    with pytest.raises(ReleaseFault, match="verify was not over within 0 s"):
        deploy.checkpoint()
    paths.task("t").mkdir()
    give_order(paths.task("t"), "stop", "enough")
    with pytest.raises(StoppedFault):
        deploy.checkpoint()
    (paths.task("t") / "order.end").unlink()
    host.begin_phase("switch", 100.0)
    deploy.checkpoint()
    assert engine.until > time.monotonic() + 90
