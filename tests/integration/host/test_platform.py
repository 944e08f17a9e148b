"""The platform changes only when it must, and comes back when a release fails."""

from __future__ import annotations

import hashlib
import http.server
import json
import re
import shutil
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from fairlead.host.disk.vault import store_secret
from fairlead.host.engine.engine import Engine
from fairlead.host.state.shown import show_state
from fairlead.host.state.state import read_state
from tests.integration.host.sheet import CADDYFILE, Sheet, site
from tests.integration.host.stage import Stage


def _with_proxy(stage: Stage, number: int, caddyfile: str) -> Sheet:
    sheet = stage.sheet(number)
    sheet.web()
    sheet.proxy(caddyfile)
    return sheet


@pytest.mark.serving
def test_broken_caddyfile_never_reaches_the_proxy(stage: Stage, fetch: Callable[[], str]) -> None:
    """The new configuration is tried beside the proxy that serves, which is not touched."""
    proxy = stage.proxy_id()
    result = stage.deploy(_with_proxy(stage, 2, CADDYFILE + "nonsense {"))
    assert (result.status, result.exit, result.serving) == ("refused", 6, "000001")
    assert result.error is not None
    assert "refuses its configuration" in result.error.what
    assert stage.proxy_id() == proxy
    assert fetch() == "web 1111"


@pytest.mark.serving
@pytest.mark.long
def test_proxy_goes_back_with_a_refused_release(stage: Stage, fetch: Callable[[], str]) -> None:
    """A good Caddyfile with a bad release: both go, configuration and images belong together."""
    sheet = stage.sick(2)
    sheet.proxy(CADDYFILE + "# another text\n")
    before = Engine.connect().inspect(stage.proxy_id())
    result = stage.deploy(sheet)
    assert (result.status, result.serving) == ("refused", "000001")
    after = Engine.connect().inspect(stage.proxy_id())
    assert before is not None
    assert after is not None
    assert {m["Source"] for m in after["Mounts"]} == {m["Source"] for m in before["Mounts"]}
    assert fetch() == "web 1111"
    assert any("the platform is as it was: caddy" in note for note in stage.notes())


def _with_cache(sheet: Sheet) -> Sheet:
    """The release with a state service that has a volume of its own."""
    sheet.extra["volumes"] = {"data": {}}
    sheet.service(
        "cache",
        "state",
        definition={
            "command": ["/caddy", "run", "--config", "/etc/site", "--adapter", "caddyfile"],
            "volumes": [{"type": "volume", "source": "data", "target": "/data"}],
        },
        mounts=[{"file": sheet.file(site(sheet.revision)), "target": "/etc/site", "read_only": True}],
    )
    return sheet


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) != 0


def _left(stage: Stage) -> tuple[set[str], list[str], list[str]]:
    """Containers, networks and volumes of the app, whether they run or not."""
    engine, own = Engine.connect(), json.dumps({"label": [f"com.docker.compose.project={stage.app}"]})
    networks = [str(one["Name"]) for one in engine.get("/networks", filters=own)]
    volumes = [str(one["Name"]) for one in engine.get("/volumes", filters=own)["Volumes"] or ()]
    return stage._containers(running=False), networks, volumes


def test_a_first_deploy_that_fails_leaves_nothing_but_the_data(
    stage: Stage, fetch: Callable[[], str]
) -> None:
    """No port is held, nothing answers 503: another app, or this one by another name, may take its place.

    However often and in whatever way, the next one is a first one again.
    """
    request, _ = stage.request(_with_cache(stage.good(1)))
    stage.kill_in(request, "verify")
    assert not _is_free(stage.port)
    assert stage.repair().serving is None
    _nothing_is_left(stage)
    for number, bad in enumerate((stage.crashing, stage.sick, stage.failing_job), 2):
        result = stage.deploy(_with_cache(bad(number)))
        assert (result.status, result.exit, result.serving) == ("refused", 6, None)
        _nothing_is_left(stage)
    assert stage.deploy(_with_cache(stage.good(5))).status == "live"
    assert fetch() == "web 5555"


def _nothing_is_left(stage: Stage) -> None:
    assert _is_free(stage.port)
    assert _left(stage) == (set(), [], [f"{stage.app}_data"])
    assert any(f"{stage.app}_data" in note for note in stage.notes()), stage.notes()


@pytest.mark.parametrize(
    "later", [False, pytest.param(True, marks=pytest.mark.serving)], ids=["first", "later"]
)
@pytest.mark.long
def test_a_migration_runs_again_whose_database_went_with_a_deploy_that_failed(
    stage: Stage, *, later: bool
) -> None:
    """A volume without a name stays as data do, and nobody finds it again: the next database is an empty one."""
    engine = Engine.connect()

    def sheet(number: int, *, good: bool) -> Sheet:
        made = stage.good(number) if good else stage.crashing(number)
        made.job()
        made.services["migrate"]["definition"]["labels"] = {"for": "every commit"}
        _with_cache(made)
        made.services["cache"]["definition"]["volumes"] = [{"type": "volume", "target": "/data"}]
        return made

    failed = stage.deploy(sheet(2, good=False))
    assert (failed.exit, failed.serving) == (6, "000001" if later else None)
    found = [re.findall("[0-9a-f]{64}", note) for note in stage.notes()]
    ((volume,),) = [names for names in found if names]
    try:
        assert engine.get(f"/volumes/{volume}")["Name"] == volume
        result = stage.deploy(sheet(3, good=True))
        assert result.status == "live", stage.events
        assert [one.state for one in result.phases if one.phase == "migrate"] == ["done"]
    finally:
        engine.delete(f"/volumes/{volume}")


@pytest.mark.serving
@pytest.mark.long
def test_what_has_served_is_not_taken_for_a_first_deploy(stage: Stage, fetch: Callable[[], str]) -> None:
    """Though somebody removed the switch and its routes by hand: its platform stays, and the next deploy serves."""
    proxy = stage.proxy_id()
    stage.paths.live.unlink()
    shutil.rmtree(stage.paths.routes)
    stage.paths.routes.mkdir()
    assert stage.deploy(stage.crashing(2)).exit == 6
    assert stage.proxy_id() == proxy
    assert stage.deploy(stage.good(3)).status == "live", stage.events
    assert fetch() == "web 3333"


@pytest.mark.serving
def test_image_that_cannot_be_pulled(stage: Stage, fetch: Callable[[], str]) -> None:
    """A registry that is not there costs nothing but the deploy."""
    sheet = stage.sheet(2)
    sheet.image = f"127.0.0.1:9/nobody/web@sha256:{'a' * 64}"
    sheet.web()
    sheet.image = stage.image
    sheet.proxy()
    result = stage.deploy(sheet)
    assert (result.status, result.exit, result.serving) == ("refused", 6, "000001")
    assert result.error is not None
    assert "cannot pull 127.0.0.1:9/nobody/web" in result.error.what
    assert fetch() == "web 1111"


@pytest.mark.serving
def test_status_proves_the_digest(stage: Stage) -> None:
    """What should run and what does run are both told."""
    status = show_state(read_state(stage.paths, Engine.connect()))
    web = next(one for one in status.services if one.service == "web")
    assert web.running_digest == web.digest == stage.image.partition("@")[2]
    assert (web.state, web.release, status.serving) == ("healthy", "000001", "000001")
    assert web.since


@pytest.mark.serving
@pytest.mark.long
def test_old_releases_are_pruned(stage: Stage) -> None:
    """The last two stay, with their networks and all they need; images that were there before are not ours to remove."""
    for number in (2, 3, 4):
        sheet = stage.good(number)
        sheet.extra["networks"] = {"default": {}, **({"brief": {}} if number == 2 else {})}
        assert stage.deploy(sheet).status == "live"
        names = {one["Name"] for one in Engine.connect().get("/networks")}
        # Release 2 may be gone back to while 3 serves.
        assert (f"{stage.app}_brief" in names) == (number < 4)
    assert sorted(entry.name for entry in stage.paths.releases.iterdir()) == ["000003", "000004"]
    assert sorted(entry.name for entry in stage.paths.routes.iterdir()) == ["000003", "000004"]
    assert len([name for name in stage.containers(running=False) if "-web-" in name]) == 2
    assert Engine.connect().image(stage.image) is not None


class _Board(http.server.BaseHTTPRequestHandler):
    """A board that takes events."""

    taken: list[tuple[str | None, dict[str, Any]]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken.append((self.headers["Authorization"], json.loads(body)))
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_board_is_told_after_the_result(stage: Stage) -> None:
    """With the token from the secret; a board that is down fails no deploy."""
    _Board.taken = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Board)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    store_secret(stage.paths, "token", b"canary-token\n")
    sheet = stage.good(1)
    sheet.secrets["token"] = hashlib.sha256(b"canary-token\n").hexdigest()
    sheet.extra["events"] = {"url": f"http://127.0.0.1:{server.server_port}", "token_secret": "token"}
    assert stage.deploy(sheet).status == "live"
    server.shutdown()
    server.server_close()
    ((authorization, event),) = _Board.taken
    assert authorization == "Bearer canary-token"
    assert (event["schema"], event["status"], event["release"], event["kind"]) == (
        "fairlead.event/v1",
        "live",
        "000001",
        "deploy",
    )
    assert event["images"]["web"] == stage.image.partition("@")[2]
    told = json.dumps(stage.events) + stage.paths.journal.read_text()
    assert "canary-token" not in told
