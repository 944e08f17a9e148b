"""A service that did not change is not touched."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable

import pytest

from fairlead.host.disk.routes import read_routes
from fairlead.host.engine.engine import Engine
from tests.integration.host.sheet import Sheet, site
from tests.integration.host.stage import Stage
from tests.patience import PATIENCE


def _pair(stage: Stage, number: int, *, api: str, web: str) -> Sheet:
    sheet = stage.sheet(number)
    sheet.web("web", text=site("none", web), expect_release=None)
    sheet.web("api", text=site("none", api), expect_release=None)
    sheet.proxy()
    return sheet


def _started(stage: Stage, container: str) -> str:
    found = Engine.connect().inspect(f"{stage.app}-{container}-1")
    assert found is not None
    return str(found["State"]["StartedAt"])


def test_unchanged_service_is_carried_over(stage: Stage, fetch: Callable[[], str]) -> None:
    """The new release's route points to the containers that run; they serve on, and go back with a rollback."""
    stage.deploy(_pair(stage, 1, api="api one", web="web one"))
    api = _started(stage, "000001-api-000001")
    result = stage.deploy(_pair(stage, 2, api="api one", web="web two"))
    assert result.error is None
    assert fetch() == "web two"
    assert read_routes(stage.paths, "000002") == {"web": "web-000002", "api": "api-000001"}
    assert _started(stage, "000001-api-000001") == api
    # A third release with another api stops the carried one; going back starts it again.
    stage.deploy(_pair(stage, 3, api="api three", web="web two"))
    assert read_routes(stage.paths, "000003") == {"web": "web-000002", "api": "api-000003"}
    assert stage.containers() == {
        f"{stage.app}-caddy-1",
        f"{stage.app}-000002-web-000002-1",
        f"{stage.app}-000003-api-000003-1",
    }
    assert stage.rollback().serving == "000002"
    assert f"{stage.app}-000001-api-000001-1" in stage.containers()


@pytest.mark.serving
def test_identical_release_changes_nothing(stage: Stage) -> None:
    """The same document again is `unchanged`, and starts its container where it is stopped; once that is gone it is not."""
    container = f"{stage.app}-000001-web-000001-1"
    result = stage.deploy(stage.good(1))
    assert (result.status, result.exit, result.serving) == ("unchanged", 0, "000001")
    Engine.connect().stop(container, grace=2)
    result = stage.deploy(stage.good(1))
    assert (result.status, result.serving) == ("unchanged", "000001")
    assert container in stage.containers()
    Engine.connect().remove(container)
    result = stage.deploy(stage.good(1))
    assert (result.status, result.serving) == ("live", "000002")


@pytest.mark.serving
def test_older_commit_is_refused(stage: Stage) -> None:
    """An older commit does not replace a newer one, unless it is asked for."""
    stage.deploy(stage.good(3))
    result = stage.deploy(stage.good(2))
    assert (result.status, result.exit, result.serving) == ("refused", 2, "000002")
    assert stage.deploy(stage.good(2), allow_older=True).status == "live"


def test_internal_call_goes_through_the_switch(stage: Stage) -> None:
    """`http://api:8000` from a container reaches the release that serves."""
    sheet = stage.sheet(1)
    sheet.web("api", text=site(sheet.revision, "api"))
    asks = "{\n\tadmin off\n}\n:8000 {\n\treverse_proxy api:8000 {\n\t\theader_up Host api:8000\n\t}\n}\n"
    sheet.web("web", text=asks, expect_release=None)
    sheet.proxy()
    assert stage.deploy(sheet).error is None
    with urllib.request.urlopen(f"http://127.0.0.1:{stage.port}/", timeout=PATIENCE) as answer:
        assert answer.read() == b"api"
