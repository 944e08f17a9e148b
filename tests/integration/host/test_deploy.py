"""A deploy on the real engine: what serves, what is refused, and what is left."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from fairlead.host.disk.routes import read_live
from fairlead.host.engine.engine import Engine
from fairlead.host.state.shown import show_state
from fairlead.host.state.state import read_state
from fairlead.host.watch.patience import wait_until
from fairlead.host.wire.text import find_troubles
from tests.integration.host.sheet import site
from tests.integration.host.stage import Stage
from tests.modes import find_loose
from tests.patience import PATIENCE


def test_first_release_serves(stage: Stage, fetch: Callable[[], str]) -> None:
    """The first deploy makes platform and release, and the public is answered by it."""
    result = stage.deploy(stage.good(1, job=True))
    assert result.error is None
    assert (result.status, result.exit, result.serving) == ("live", 0, "000001")
    assert fetch() == "web 1111"
    assert find_loose(stage.root) == []
    assert [phase.state for phase in result.phases] == [
        "done",
        "skipped",
        *["done"] * 7,
        "skipped",
        "skipped",
    ]


@pytest.mark.serving
def test_second_release_replaces_the_first(stage: Stage, fetch: Callable[[], str]) -> None:
    """The second release is switched to, the first one stopped and startable, the platform left alone."""
    proxy = stage.proxy_id()
    result = stage.deploy(stage.good(2))
    assert (result.status, result.previous, result.serving) == ("live", "000001", "000002")
    assert fetch() == "web 2222"
    assert stage.proxy_id() == proxy
    assert stage.containers() == {f"{stage.app}-caddy-1", f"{stage.app}-000002-web-000002-1"}
    assert f"{stage.app}-000001-web-000001-1" in stage.containers(running=False)


@pytest.mark.serving
def test_unfit_release_is_refused(stage: Stage, fetch: Callable[[], str]) -> None:
    """Whatever is wrong with a release, what served goes on serving, and nothing of the other is left."""
    for sheet, reason, why in (
        (stage.sick(2), "web is unhealthy", ""),
        (stage.crashing(3), "web crashed", "web: "),
        (stage.failing_job(4), "the job migrate failed", "migrate: Error: unknown command"),
        (stage.wrong_answer(5), "answered 503", ""),
        (stage.wrong_release(6), "answered as release", ""),
    ):
        result = stage.deploy(sheet)
        assert (result.status, result.exit, result.serving) == ("refused", 6, "000001")
        assert result.error is not None
        assert reason in result.error.what
        assert why in result.error.why
        assert fetch() == "web 1111"
        assert stage.containers(running=False) == {f"{stage.app}-caddy-1", f"{stage.app}-000001-web-000001-1"}
        assert read_live(stage.paths) == "000001"
    unkept = stage.sheet(7)
    unkept.web(definition={"volumes": [{"type": "volume", "target": "/kept"}]})
    unkept.proxy()
    result = stage.deploy(unkept)
    assert (result.status, result.exit, result.serving) == ("refused", 2, "000001")
    assert result.error is not None
    assert result.error.what == "web keeps data in /kept, and each release would begin with an empty one"
    assert "tmpfs: [/kept]" in result.error.fix
    assert stage.containers(running=False) == {f"{stage.app}-caddy-1", f"{stage.app}-000001-web-000001-1"}


@pytest.mark.serving
@pytest.mark.long
def test_one_that_ends_until_its_neighbour_is_ready_comes_up(
    stage: Stage, fetch: Callable[[], str], tmp_path: Path
) -> None:
    """As it does in Compose; that it was started again is told, and does not fail its watch."""
    shared = [{"type": "volume", "source": "data", "target": "/data", "volume": {}}]
    ready = ["/caddy", "adapt", "--config", "/data/ready", "--adapter", "caddyfile"]
    check = {"test": ["CMD", *ready], "interval": "1s", "start_period": "300s"}
    sheet = stage.sheet(2)
    sheet.extra["volumes"] = {"data": {}}
    sheet.web(text=f"import /data/ready\n{site(sheet.revision, 'web 2222')}", definition={"volumes": shared})
    runs = {"command": ["/check", "--", "/caddy", "run"], "volumes": shared, "healthcheck": check}
    sheet.service("issuer", "worker", definition=runs)
    sheet.proxy()
    (tmp_path / "ready").write_text("# it is\n")
    prefix = f"{stage.app}-000002"

    def is_started_again() -> bool:
        return ((Engine.connect().inspect(f"{prefix}-web-000002-1") or {}).get("RestartCount") or 0) > 1

    def become_ready() -> None:
        assert wait_until(is_started_again, timeout=PATIENCE)
        copied = ["docker", "cp", str(tmp_path / "ready"), f"{prefix}-issuer-000002-1:/data/ready"]
        subprocess.run(copied, check=True, capture_output=True)

    neighbour = threading.Thread(target=become_ready)
    neighbour.start()
    result = stage.deploy(sheet)
    neighbour.join()
    assert (result.status, fetch()) == ("live", "web 2222"), (result.error, stage.notes())
    (told,) = (one for one in stage.notes() if "web crashed" in one)
    assert "times (exit code 1) while the release started, and has stayed up since" in told
    assert find_troubles(show_state(read_state(stage.paths, Engine.connect()))) == []


@pytest.mark.serving
@pytest.mark.long
def test_health_is_not_waited_for_that_is_there(stage: Stage, fetch: Callable[[], str]) -> None:
    """The engine looks after 5 minutes for the first time; the check itself passes at once, and that is enough."""
    seldom = {"test": ["CMD", "/check", "--version"], "interval": "300s", "timeout": "5s", "retries": 1}
    sheet = stage.sheet(2)
    sheet.web(definition={"healthcheck": seldom})
    sheet.proxy()
    result = stage.deploy(sheet)
    assert (result.status, result.error) == ("live", None)
    assert fetch() == "web 2222"
    # It is still starting by the engine's account, and no reason to be started again.
    assert stage.deploy(sheet).status == "unchanged"
