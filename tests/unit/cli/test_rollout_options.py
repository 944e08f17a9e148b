"""What a server is told of how a release may be rolled out: what the command says, and what fairlead.yaml says."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fairlead.cli.connection import Place
from fairlead.cli.rollout import Rollout
from fairlead.cli.rollout_options import RolloutOptions
from fairlead.host.wire.request import Options
from fairlead.report.recording import RecordingReporter
from fairlead.settings.values import DeploySettings, Environment, Host, Settings, WatchSettings

ROOT = Path("/repository")


def _told(deploy: DeploySettings, **said: Any) -> Options:
    environment = Environment(name="production", hosts=(Host(user="", name="a"),))
    place = Place(Settings(path=ROOT / "fairlead.yaml", root=ROOT, app="board", deploy=deploy), environment)
    draft: Any = SimpleNamespace(origin=SimpleNamespace(revision="f" * 40, created_by="alice"))
    rollout = Rollout(place, draft, RolloutOptions(ROOT / ".fairlead", **said), RecordingReporter())
    bundle: Any = SimpleNamespace(release={})
    return rollout._change("a", {"a": {}}, bundle, SimpleNamespace(key=b"")).options  # type: ignore[arg-type]


@pytest.mark.parametrize(("configured", "said"), [(True, False), (False, True), (True, True), (False, False)])
def test_evidence_is_asked_for_by_the_command_or_by_fairlead_yaml(configured: bool, said: bool) -> None:
    watch = WatchSettings(require_evidence=configured)
    told = _told(DeploySettings(watch=watch), require_evidence=said)
    assert told.require_evidence == (configured or said)


def test_what_the_command_says_is_what_the_server_is_told() -> None:
    said: Any = {
        "accept_recreate": ("db",),
        "upgrade_edge": True,
        "take_over": True,
        "no_wait": True,
        "reason": "pages are slow",
    }
    told = _told(DeploySettings(lock_timeout=7.0), only=("web", "api", "web"), **said)
    assert told == Options(lock_timeout=7.0, only=("api", "web"), **said)
