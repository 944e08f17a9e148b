"""Going back on the real engine."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from fairlead.host.engine.engine import Engine
from fairlead.host.state.shown import read_history
from tests.integration.host.stage import Stage


@pytest.mark.serving
def test_rollback_is_warm(stage: Stage, fetch: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped containers are started, verified and switched to, on a full disk too; once more goes nowhere."""
    stage.deploy(stage.good(2))
    monkeypatch.setattr("fairlead.host.plan.preflight._SPARE_ROOT", 1 << 60)
    full = stage.deploy(stage.good(3))
    assert full.error is not None
    assert "the disk is nearly full" in full.error.what
    result = stage.rollback()
    kinds = [event["event"] for event in stage.events]
    told = kinds.index("result")
    assert (result.status, result.exit, result.serving) == ("live", 0, "000001")
    assert fetch() == "web 1111"
    # Nobody waits for what the release that was left has open; it is retired all the same.
    assert kinds.count("result") == 1
    assert "retire" not in {event.get("phase") for event in stage.events[:told]}
    assert {event.get("phase") for event in stage.events[told:]} >= {"retire", "prune"}
    assert {name for name in stage.containers() if "-web-" in name} == {f"{stage.app}-000001-web-000001-1"}
    (last, *_) = read_history(stage.paths).history
    assert [one["phase"] for one in last.phases][-2:] == ["retire", "prune"]
    again = stage.rollback()
    assert (again.status, again.exit) == ("refused", 2)
    assert again.error is not None
    assert "no release of" in again.error.what
    unknown = stage.rollback("000099")
    assert unknown.exit == 2
    assert unknown.error is not None
    assert unknown.error.fix == "there are: 000002"
    forward = stage.rollback("000002")
    assert (forward.status, forward.serving) == ("live", "000002")
    assert fetch() == "web 2222"


@pytest.mark.serving
def test_rollback_makes_removed_containers_again(stage: Stage, fetch: Callable[[], str]) -> None:
    """A release whose containers somebody removed comes back from its bundle."""
    stage.deploy(stage.good(2))
    Engine.connect().remove(f"{stage.app}-000001-web-000001-1")
    result = stage.rollback()
    assert (result.error, result.serving) == (None, "000001")
    assert fetch() == "web 1111"


@pytest.mark.serving
@pytest.mark.long
def test_rollback_to_a_release_that_fell_ill(stage: Stage, fetch: Callable[[], str]) -> None:
    """A rollback whose files are gone from the host leaves what serves: nothing of it is started."""
    stage.deploy(stage.good(2))
    Engine.connect().remove(f"{stage.app}-000001-web-000001-1")
    shutil.rmtree(stage.paths.files)
    stage.paths.files.mkdir()
    result = stage.rollback()
    assert (result.status, result.exit, result.serving) == ("reverted", 6, "000002")
    assert fetch() == "web 2222"
    assert f"{stage.app}-000001-web-000001-1" not in stage.containers()


@pytest.mark.serving
def test_rollback_over_an_irreversible_migration(stage: Stage, fetch: Callable[[], str]) -> None:
    """Refused with the reason, possible for who says which schema the old release is to live with."""
    sheet = stage.good(2)
    sheet.job(irreversible=True)
    stage.deploy(sheet)
    refused = stage.rollback()
    assert (refused.status, refused.exit, refused.serving) == ("refused", 2, "000002")
    assert refused.error is not None
    assert refused.error.what == "release 000001 is from before a migration that cannot be undone"
    assert "--accept-schema 000002" in refused.error.fix
    assert stage.rollback(accept_schema="7").exit == 2
    assert fetch() == "web 2222"
    accepted = stage.rollback(accept_schema="2")
    assert (accepted.error, accepted.serving) == (None, "000001")
    assert fetch() == "web 1111"
    # Forward again is no way back.
    assert stage.rollback("000002").serving == "000002"
