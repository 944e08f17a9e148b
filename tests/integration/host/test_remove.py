"""An app is removed whole, its data only when asked for; a removal that was cut short is finished first."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from fairlead.host.disk.fold import fold_records
from fairlead.host.disk.journal import read_journal
from fairlead.host.disk.paths import list_apps
from fairlead.host.disk.vault import store_secret
from fairlead.host.door.answers import parse_deployed_app
from fairlead.host.engine.engine import Engine
from fairlead.host.run.removal import begin_removal, leave_nothing, run_remove
from fairlead.host.state.ownership import read_owner
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.owner import Owner
from fairlead.host.wire.restriction import Restriction
from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage


def _with_data(stage: Stage, number: int) -> Sheet:
    sheet = stage.good(number)
    sheet.watch = {"window": 0}
    sheet.extra["volumes"] = {"data": {}}
    return sheet


def _volumes(stage: Stage) -> list[str]:
    found = Engine.connect().get("/volumes", filters=json.dumps({"name": [stage.app]}))
    return [volume["Name"] for volume in found["Volumes"] or []]


def _networks(stage: Stage) -> list[str]:
    return [one["Name"] for one in Engine.connect().get("/networks") if one["Name"].startswith(stage.app)]


def _with_a_database(stage: Stage, number: int) -> Sheet:
    """Its file names no volume: what it keeps is in one of the image's."""
    sheet = _with_data(stage, number)
    command = ["/caddy", "run", "--config", "/etc/Caddyfile", "--adapter", "caddyfile"]
    mounts = [{"file": sheet.file("{\n\tadmin off\n}\n"), "target": "/etc/Caddyfile", "read_only": True}]
    definition = {"command": command, "volumes": [{"type": "volume", "target": "/keep"}]}
    sheet.service("db", "state", definition=definition, mounts=mounts)
    return sheet


def _nameless(stage: Stage) -> str:
    """The hash by which a volume without a name is known."""
    found = Engine.connect().inspect(f"{stage.app}-db-1")
    assert found is not None
    (name,) = (mount["Name"] for mount in found["Mounts"] if mount["Type"] == "volume")
    return str(name)


def test_nothing_stays_but_the_data(stage: Stage, fetch: Callable[[], str]) -> None:
    """Its volumes are told, and deleted when that is asked for; then there is nothing, the folder included."""
    assert stage.deploy(_with_a_database(stage, 1)).status == "live", stage.notes()
    nameless, engine = _nameless(stage), Engine.connect()
    volumes = sorted((nameless, f"{stage.app}_data"))
    told = run_remove(stage.paths, stage.hear, task="gone", by="alice")
    assert (told.status, told.data["was_serving"]) == ("ok", "000001")
    assert told.data["volumes_kept"] == volumes
    assert engine.get(f"/volumes/{nameless}")["Name"] == nameless
    engine.delete(f"/volumes/{nameless}")
    assert _volumes(stage) == [f"{stage.app}_data"]
    assert (stage.containers(running=False), _networks(stage)) == (set(), [])
    assert {entry.name for entry in stage.paths.home.iterdir()} == {"lock", "tasks"}
    assert not (stage.root / "edge").exists(), "a host without an edge gets none by this"
    record = json.loads((stage.root / "removed.jsonl").read_text())
    assert (record["app"], record["by"]) == (stage.app, "alice")
    (kept,) = (stage.root / "removed.journals").iterdir()
    assert fold_records(read_journal(kept)).transactions[0].by, (
        "who did what is not for its remover to forget"
    )
    with pytest.raises(InputFault, match="was removed from this host") as asked:
        parse_deployed_app(stage.root, {"app": stage.app}, Restriction())
    assert asked.value.fix.endswith(f"`docker volume rm {' '.join(volumes)}`")
    assert stage.deploy(_with_data(stage, 2)).serving == "000001", "it begins anew, with its data"
    assert fetch() == "web 2222"
    assert run_remove(stage.paths, stage.hear, volumes=True).data["volumes_kept"] == []
    assert _volumes(stage) == []
    for task in list(stage.paths.tasks.iterdir()):
        leave_nothing(stage.paths, task.name)
    assert (stage.paths.home.exists(), list_apps(stage.root)) == (False, [])


@pytest.mark.long
def test_what_a_failed_first_deploy_has_left_is_named_and_goes_too(stage: Stage) -> None:
    """Its container is gone, and the engine knows of no app for a volume without a name: the journal does."""
    sheet = _with_a_database(stage, 1)
    sheet.service("worker", "worker", definition={"command": ["/caddy", "nonsense"]})
    assert stage.deploy(sheet).status != "live"
    assert stage.containers(running=False) == set()
    (nameless,) = fold_records(read_journal(stage.paths.journal)).nameless
    engine = Engine.connect()
    assert engine.get(f"/volumes/{nameless}")["Name"] == nameless
    begin_removal(stage.paths, by="alice", volumes=False)
    assert nameless in run_remove(stage.paths, stage.hear).data["volumes_kept"]
    assert stage.deploy(sheet).status != "live"
    (second,) = fold_records(read_journal(stage.paths.journal)).nameless
    assert run_remove(stage.paths, stage.hear, volumes=True).data["volumes_kept"] == []
    there = {one["Name"] for one in engine.get("/volumes")["Volumes"] or []}
    assert second not in there
    assert nameless in there, "it was told, and is its owner's to remove"
    engine.delete(f"/volumes/{nameless}")


@pytest.mark.long
def test_the_data_that_stayed_is_not_another_environments_to_go_on_with(stage: Stage) -> None:
    """Who removes one environment and deploys another by the same name is asked first; its own deploy has it back."""
    assert stage.deploy(_with_data(stage, 1)).status == "live"
    production = Owner("https://example.com/repository", "test")
    claim = read_owner(stage.paths)
    assert claim is not None
    refused = run_remove(stage.paths, stage.hear, claim=production, volumes=True)
    assert (refused.exit, stage.containers()) == (2, stage.containers()), refused
    assert run_remove(stage.paths, stage.hear, claim=claim).data["volumes_kept"]
    other = _with_data(stage, 2)
    other.extra["environment"] = "staging"
    told = stage.deploy(other)
    assert (told.status, told.exit) == ("refused", 2)
    assert f"{stage.app}_data" in str(told.error)
    assert stage.containers(running=False) == set()
    assert stage.deploy(other, take_over=True).status == "live"
    assert read_owner(stage.paths) == Owner(claim.source, "staging")


def test_a_removal_that_was_cut_short_is_finished_by_the_next_deploy(
    stage: Stage, fetch: Callable[[], str]
) -> None:
    """Half an app is no app: what is left goes, what the door has stored for the deploy since stays."""
    assert stage.deploy(_with_data(stage, 1)).status == "live"
    begin_removal(stage.paths, by="alice", volumes=False)
    Engine.connect().remove(stage.proxy_id())
    store_secret(stage.paths, "token", b"new")
    sheet = _with_data(stage, 2)
    assert stage.deploy(sheet).serving == "000001"
    assert any("had been cut short: finished first" in note for note in stage.notes())
    assert fetch() == "web 2222"
    assert list(stage.paths.secrets.glob("token/*"))
    assert not stage.paths.removing.exists()
    run_remove(stage.paths, stage.hear, volumes=True)
