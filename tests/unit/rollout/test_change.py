"""What a server is told of how a release may be rolled out: what the command says, and what fairlead.yaml says."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from fairlead.cli.options.rollout import rollout_options
from fairlead.cli.options.shared import work_dir_option
from fairlead.host.wire.request import Options
from fairlead.remote.access import AccessOptions
from fairlead.rollout.change import Rollout
from fairlead.rollout.options import RolloutOptions
from fairlead.rollout.place import Place
from fairlead.settings.values import DeploySettings, Environment, Host, Settings, WatchSettings
from tests.recording import RecordingReporter

ROOT = Path("/repository")


def _told(deploy: DeploySettings, **said: Any) -> Options:
    environment = Environment(name="production", hosts=(Host(user="", name="a"),))
    settings = Settings(path=ROOT / "fairlead.yaml", root=ROOT, app="board", deploy=deploy)
    draft: Any = SimpleNamespace()
    options = RolloutOptions(ROOT / ".fairlead", request=Options(**said))
    rollout = Rollout(Place(settings, environment, AccessOptions()), draft, options, RecordingReporter())
    return rollout.wire_options(None)


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


def test_an_option_that_is_called_as_one_of_the_contract_travels() -> None:
    """So a flag has its option and its field, and nothing in between."""
    got: list[RolloutOptions] = []

    @click.command()
    @work_dir_option
    @rollout_options
    def command(options: RolloutOptions) -> None:
        got.append(options)

    words = ["--reason", "pages are slow", "--only", "web", "--no-wait", "--refresh", "--secrets-dir", "kept"]
    command.main(words, standalone_mode=False)
    request = Options(reason="pages are slow", only=("web",), no_wait=True)
    assert got == [RolloutOptions(Path(".fairlead"), Path("kept"), refresh=True, request=request)]
    assert not {"environment", "access"} & {one.name for one in fields(Options)}
