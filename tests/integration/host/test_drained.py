"""A host is drained: the load balancer is told, and users go on being served."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request

import pytest

from fairlead.host.engine.engine import Engine
from fairlead.host.state.drain import end_drain, parse_paths, read_drained, start_drain, wait_until_quiet
from fairlead.host.state.shown import show_state
from fairlead.host.state.state import read_state
from fairlead.host.wire.errors import InputFault
from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage
from tests.patience import PATIENCE


def _ask(stage: Stage, path: str, **headers: str) -> int:
    request = urllib.request.Request(f"http://127.0.0.1:{stage.port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def _good(stage: Stage, number: int) -> Sheet:
    sheet = stage.sheet(number)
    sheet.web(health={"path": "/health/ready", "status": 200})
    sheet.proxy()
    return sheet


def _quiet(stage: Stage, bound: float) -> bool:
    return wait_until_quiet(stage.paths, Engine.connect(), bound).quiet


def test_a_drained_host_serves_all_but_its_health_path(stage: Stage) -> None:
    """Deploys go on, the mark stays, and it ends at once."""
    with pytest.raises(InputFault, match="no release"):
        start_drain(stage.paths, ())
    stage.deploy(_good(stage, 1))
    proxy = stage.proxy_id()
    assert start_drain(stage.paths, ()) == ("/health/ready",)
    assert [_ask(stage, path) for path in ("/health/ready", "/health/", "/health", "/")] == [
        503,
        200,
        200,
        200,
    ]
    token = stage.paths.dark_token.read_text()
    asked = [_ask(stage, "/health/ready", **{"X-Fairlead-Probe": one}) for one in (token, "1", "", "f" * 64)]
    assert asked == [200, 503, 503, 503]
    stop = threading.Event()

    def visit() -> None:
        while not stop.wait(0.05):
            _ask(stage, "/")

    visitor = threading.Thread(target=visit)
    visitor.start()
    assert not _quiet(stage, 4), "somebody still comes"
    stop.set()
    visitor.join()
    assert _quiet(stage, 10)
    assert stage.deploy(_good(stage, 2)).status == "live"
    assert _ask(stage, "/health/ready") == 503
    assert show_state(read_state(stage.paths, Engine.connect())).drained == ("/health/ready",)
    assert start_drain(stage.paths, ("/a", "/b")) == ("/a", "/b")
    assert read_drained(stage.paths) == ["/a", "/b"]
    assert end_drain(stage.paths)
    assert not end_drain(stage.paths)
    assert [_ask(stage, path) for path in ("/health/ready", "/a")] == [200, 200]
    assert stage.proxy_id() == proxy


@pytest.mark.parametrize(
    "path", ["/", "health", "/a/", "/../etc/passwd", "/a/../b", "/a b", "/*", 7, "/" + "a" * 300]
)
def test_a_path_that_no_file_can_stand_for_is_refused(path: object) -> None:
    with pytest.raises(InputFault):
        parse_paths([path])
