"""A deploy on the real engine: what serves, what is refused, and what is left."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fairlead.host.disk.routes import read_live
from tests.integration.host.stage import Stage
from tests.modes import find_loose


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
        assert reason in str(result.error["what"])
        assert why in str(result.error["why"])
        assert fetch() == "web 1111"
        assert stage.containers(running=False) == {f"{stage.app}-caddy-1", f"{stage.app}-000001-web-000001-1"}
        assert read_live(stage.paths) == "000001"
    unkept = stage.sheet(7)
    unkept.web(definition={"volumes": [{"type": "volume", "target": "/kept"}]})
    unkept.proxy()
    result = stage.deploy(unkept)
    assert (result.status, result.exit, result.serving) == ("refused", 2, "000001")
    assert result.error is not None
    assert result.error["what"] == "web keeps data in /kept, and each release would begin with an empty one"
    assert "tmpfs: [/kept]" in str(result.error["fix"])
    assert stage.containers(running=False) == {f"{stage.app}-caddy-1", f"{stage.app}-000001-web-000001-1"}


def test_health_is_not_waited_for_that_is_there(stage: Stage, fetch: Callable[[], str]) -> None:
    """The engine looks after 5 minutes for the first time; the check itself passes at once, and that is enough."""
    seldom = {"test": ["CMD", "/check", "--version"], "interval": "300s", "timeout": "5s", "retries": 1}
    sheet = stage.sheet(1)
    sheet.web(definition={"healthcheck": seldom})
    sheet.proxy()
    result = stage.deploy(sheet)
    assert (result.status, result.error) == ("live", None)
    assert fetch() == "web 1111"
    # It is still starting by the engine's account, and no reason to be started again.
    assert stage.deploy(sheet).status == "unchanged"
