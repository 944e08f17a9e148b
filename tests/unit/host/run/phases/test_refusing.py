"""A release is refused with what is seen of others, too, whom its services call."""

from __future__ import annotations

import pytest

from fairlead.host.run.phases import refusing
from fairlead.host.run.phases.refusing import find_down
from tests.unit.host.pretend import PretendEngine
from tests.unit.host.samples import container


def test_databases_that_are_down_are_quoted_before_who_calls_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        refusing,
        "read_evidence",
        lambda _, one: (f"{one.service}: starting", f"{one.service}: FATAL: no disk"),
    )
    gone = {"running": False, "exit_code": 1}
    seen = [
        container("db", "", role="state", **gone),
        container("cache", "", role="state", restarting=True, exit_code=0),
        container("queue", "", role="state"),
        container("later", "", role="state", running=False, created=True),
        container("told", "", role="state", **gone),
        container("web", "000001", role="app", **gone),
        container("caddy", "", role="proxy", **gone),
    ]
    assert list(find_down(PretendEngine(), seen, "told")) == [
        ("db exited with code 1: FATAL: no disk", ("db: starting", "db: FATAL: no disk")),
        (
            "cache ended by itself (exit code 0) and was started again: FATAL: no disk",
            ("cache: starting", "cache: FATAL: no disk"),
        ),
    ]
