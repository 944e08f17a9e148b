"""Everybody sees a page instead of the app, and deploys are made and verified behind it."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from fairlead.host.__main__ import main
from fairlead.host.door.maintaining import answer_maintenance
from fairlead.host.engine.engine import Engine
from fairlead.host.run.serving import ask_public
from fairlead.host.state.shown import read_history, show_state
from fairlead.host.state.state import read_state
from fairlead.host.wire.answer import render_answer
from fairlead.host.wire.events import render_event
from fairlead.host.wire.restriction import Restriction
from fairlead.host.wire.text import find_troubles
from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage
from tests.patience import PATIENCE

PAGE = "<!doctype html><title>Closed {http.request.host}</title>"
KEY = "SHA256:" + "a" * 43


def _ask(stage: Stage, path: str = "/", method: str = "GET", **headers: str) -> tuple[int, str, str, str]:
    """Status, body, Retry-After, and which release answered."""
    with closing(http.client.HTTPConnection("127.0.0.1", stage.port, timeout=PATIENCE)) as connection:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, answer.read().decode(), told.get("retry-after", ""), told.get("x-release", "")


def _request(stage: Stage, **frame: Any) -> dict[str, Any]:
    asked = {"request": "maintenance", "app": stage.app, "by": "alice", **frame}
    *_, last = answer_maintenance(stage.root, asked, Restriction(KEY))
    return dict(last["data"])


@contextmanager
def _visits(stage: Stage) -> Iterator[list[tuple[int, str]]]:
    """Somebody who asks on and on; the answers that he got, each once in a row."""
    stop, seen = threading.Event(), [_ask(stage)[:2]]

    def visit() -> None:
        while not stop.wait(0.01):
            answer = _ask(stage)[:2]
            if answer != seen[-1]:
                seen.append(answer)

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        yield seen
    finally:
        stop.set()
        visitor.join()


def _good(stage: Stage, number: int, path: str = "/health/ready") -> Sheet:
    sheet = stage.sheet(number)
    sheet.web(health={"path": path, "status": 200})
    sheet.proxy()
    return sheet


def test_a_deploy_is_made_behind_the_page(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Users get the page and nothing else from one command to the other; no proxy is made again for it."""
    stage.deploy(_good(stage, 1))
    proxy = stage.proxy_id()
    with _visits(stage) as seen:
        told = _request(stage, on=True, page=PAGE, retry_after=120)
        assert told["unseen"] == []
        assert _ask(stage, "/deep/down?x=1", "POST") == (503, PAGE, "120", "")
        result = stage.deploy(_good(stage, 2, "/up"))
        assert result.status == "live", (result.error, stage.notes())
        assert any("in maintenance" in note and "by alice" in note for note in stage.notes())
        assert render_event(result)["data"]["maintenance"]["by"] == "alice"
        assert _ask(stage)[:3] == (503, PAGE, "120")
        _looks_past_it(stage, told["look"], "2" * 40)
        _is_told(stage)
        found = _request(stage, on=False)
        assert (found["on"], found["was_on"], found["unserved"]) == (False, True, [])
    assert [status for status, _ in seen] == [200, 503, 200], seen
    assert _ask(stage)[3] == "2" * 40
    web = next(one for one in stage.containers() if "-web-" in one)
    Engine.connect().remove(web)
    monkeypatch.setenv("FAIRLEAD_ROOT", str(stage.root))
    on = ["--app", stage.app, "maintenance", "on", "--retry-after", "7"]
    assert main(on) == 0, "on the server, and the app is dead"
    assert _ask(stage)[2] == "7"
    assert stage.proxy_id() == proxy
    assert [one.status for one in read_history(stage.paths).history if one.kind == "maintenance"] == [
        "on",
        "off",
        "on",
    ]


def _looks_past_it(stage: Stage, look: str, release: str) -> None:
    assert _ask(stage, f"/.fairlead/look/{look}")[0] == 302
    assert _ask(stage, f"/.fairlead/look/{'b' * 32}")[0] == 503
    assert _ask(stage, Cookie=f"a=b; fairlead-look={look}")[3] == release
    for cookie in ("fairlead-look=", f"fairlead-look={'b' * 32}"):
        assert _ask(stage, Cookie=cookie)[0] == 503
    assert [_ask(stage, path)[0] for path in ("/health/ready", "/up", "/health", "/health/*")] == [
        200,
        200,
        503,
        503,
    ]


def _is_told(stage: Stage) -> None:
    state = read_state(stage.paths, Engine.connect())
    assert ask_public(stage.paths, state, Engine.connect()) == [], "the app behind the page is well"
    troubles = find_troubles(show_state(state))
    assert len(troubles) == 1, troubles
    assert "in maintenance" in troubles[0]
    assert "look" not in render_answer(show_state(state))["maintenance"]
