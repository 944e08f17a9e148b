"""What a service writes to a folder of the app stays: over releases, a rollback and a removal, whoever it runs as."""

from __future__ import annotations

import os
import shutil
import tempfile
import urllib.request
from pathlib import Path

import pytest

from fairlead.host.disk.paths import Paths
from fairlead.host.engine.engine import Engine
from fairlead.host.run.removal import run_remove
from fairlead.host.state.data import remove_data
from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage
from tests.patience import PATIENCE
from tests.unit.host.disk.test_atomic import make_deep

_WRITER = """\
{
	admin off
}
:8000 {
	header X-Release RELEASE
	log {
		output file /uploads/RELEASE.log {
			roll_disabled
		}
	}
	root * /uploads
	@file file
	handle @file {
		file_server
	}
	handle {
		respond "hello" 200
	}
}
"""
_STRAIGHT = "import /fairlead/switch.caddy\nhttp://:8080 {\n\treverse_proxy web:8000\n}\n"
_UID = 4321
_NOBODY = 65534


def _writing(stage: Stage, number: int, *, rollout: str = "switch", user: str = f"{_UID}:{_UID}") -> Sheet:
    """A release whose service logs into the folder, under the release's own name, and serves it."""
    sheet = stage.sheet(number)
    sheet.web(text=_WRITER.replace("RELEASE", sheet.revision), definition={"user": user}, rollout=rollout)
    sheet.services["web"]["mounts"].append({"data": "uploads", "target": "/uploads", "read_only": False})
    if rollout == "recreate":
        sheet.services["web"]["health"], sheet.services["web"]["expect_release"] = None, None
        sheet.routes.clear()
        sheet.extra["probes"] = []
    sheet.proxy(*([_STRAIGHT] if rollout == "recreate" else []))
    sheet.extra["data"] = {"uploads": {"seed": sheet.folder({"first.txt": f"of {number}"})}}
    sheet.watch = {"window": 0}
    return sheet


def _get(stage: Stage, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{stage.port}{path}", timeout=PATIENCE) as answer:
        return str(answer.read().decode())


def _logs(stage: Stage) -> set[str]:
    return {entry.name[0] for entry in (stage.paths.data / "uploads").glob("*.log")}


def test_what_is_written_stays_over_releases_a_rollback_and_a_removal(stage: Stage) -> None:
    """The folder begins as the repository has it, is its writer's, and is not begun again, unless volumes are to go."""
    assert stage.deploy(_writing(stage, 1)).status == "live", stage.events
    folder = stage.paths.data / "uploads"
    assert (folder.stat().st_uid, (folder / "first.txt").stat().st_uid) == (_UID, _UID)
    assert stage.paths.data.stat().st_mode & 0o77 == 0, "nobody else on the host looks into it"
    assert _get(stage, "/first.txt") == "of 1"
    (folder / "first.txt").write_text("changed")
    assert stage.deploy(_writing(stage, 2)).status == "live", stage.events
    assert (_logs(stage), _get(stage, "/first.txt")) == ({"1", "2"}, "changed")
    assert stage.rollback().status == "live"
    assert (_logs(stage), _get(stage, "/first.txt")) == ({"1", "2"}, "changed")
    told = run_remove(stage.paths, stage.hear, task="gone", by="alice")
    assert (told.status, told.data["data_kept"]) == ("ok", [str(folder)])
    assert _logs(stage) == {"1", "2"}
    others = _writing(stage, 2)
    others.extra["source"] = "https://example.com/somebody/else"
    assert str(folder) in str(stage.deploy(others).error), "whoever takes the name does not get the data"
    assert stage.deploy(_writing(stage, 2)).status == "live"
    assert _get(stage, "/first.txt") == "changed"
    told = run_remove(stage.paths, stage.hear, volumes=True)
    assert (told.status, told.data["data_kept"], folder.exists()) == ("ok", [], False)


@pytest.mark.long
def test_it_stays_with_a_service_that_is_recreated_and_after_a_failed_first_deploy(stage: Stage) -> None:
    sheet = _writing(stage, 1, rollout="recreate")
    sheet.web("other", definition={"command": ["/caddy", "run", "--config", "/missing"]})
    assert stage.deploy(sheet).status != "live"
    (stage.paths.data / "uploads" / "kept").write_text("x")
    sheet = _writing(stage, 2, rollout="recreate")
    sheet.web("other")
    told = stage.deploy(sheet)
    assert told.status == "live", str(told.error)
    assert (stage.paths.data / "uploads" / "kept").read_text() == "x"
    assert "2" in _logs(stage)


def test_who_is_not_root_removes_what_containers_wrote(image: str) -> None:
    """The agent is the deploy user; nothing of the image runs, which has no `rm`."""
    root = Path(tempfile.mkdtemp(prefix="fairlead-", dir="/tmp"))
    try:
        paths = Paths(root, "board")
        deep = paths.data / "uploads" / "of" / "root"
        deep.mkdir(parents=True)
        (deep / "file").write_text("x")
        make_deep(deep / "deeper")
        deep.chmod(0o700)
        root.chmod(0o755)
        for folder in (paths.home, paths.data):
            os.chown(folder, _NOBODY, _NOBODY)
        engine = Engine.connect()
        child = os.fork()
        if not child:
            try:
                os.setgroups([Path(engine.socket_path).stat().st_gid])
                os.setgid(_NOBODY)
                os.setuid(_NOBODY)
                remove_data(engine, paths, [image])
            finally:
                os._exit(int(paths.data.exists()))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert not paths.data.exists()
    finally:
        shutil.rmtree(root, ignore_errors=True)
