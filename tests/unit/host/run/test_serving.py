"""Whether what serves does serve: said of calls between services, too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.disk.paths import app_paths
from fairlead.host.engine.containers import Container
from fairlead.host.run import deploy, serving
from fairlead.host.run.serving import ask_public
from fairlead.host.wire.inside import ROLE, find_carrier
from fairlead.host.wire.release import Release
from tests.unit.host import samples


def test_a_port_at_which_calls_are_refused_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the route's own is asked for a page; of containers that run, and are of what serves."""
    accepted = {8000, 9000, 9001}
    monkeypatch.setattr(serving, "public_questions", lambda _: [])
    monkeypatch.setattr(serving, "accepts", lambda _, ports: accepted.issuperset(ports))
    api = samples.service("app", "api", port=8000, further=[9000, 9001])
    live = samples.release(services={**samples.document()["services"], "api": api})
    carrier = find_carrier(live, "api")
    assert carrier is not None
    own = samples.container(carrier.name, role=ROLE, carries="api")
    ended, again = replace(own, running=False), replace(own, restarting=True)
    another = replace(own, service="fairlead-inside-11111111")
    assert _ask(tmp_path, live, own, another) == []
    accepted.remove(9001)
    (told,) = _ask(tmp_path, live, own, another)
    assert "to api:9001 are refused" in told
    assert _ask(tmp_path, live, ended, again, another) == []


def _ask(folder: Path, live: Release, *containers: Container) -> list[str]:
    engine: Any = None
    return ask_public(app_paths(folder, "board"), samples.serving(live, containers=containers), engine)


def test_a_deploy_that_changes_nothing_opens_what_has_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it says that what serves does serve."""
    done: list[str] = []
    monkeypatch.setattr(deploy, "lead_as_it_serves", lambda _: done.append("lead"))
    monkeypatch.setattr(deploy, "require_serving", lambda _: done.append("require"))
    monkeypatch.setattr(deploy, "_unchanged", lambda *_: done.append("unchanged"))
    anything: Any = _Unchanged()
    deploy._conduct(anything, anything, anything)
    assert done == ["lead", "require", "unchanged"]


class _Unchanged:
    """A deploy, its plan and its timeline."""

    refusals = ()
    unchanged = True
    host = state = None

    @property
    def plan(self) -> _Unchanged:
        return self

    def end(self, *_: str) -> None:
        """Of a phase."""
