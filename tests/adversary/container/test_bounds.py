"""A container answers badly: never, for ever, a byte at a time, or through a socket that is not its own."""

from __future__ import annotations

import os
import threading
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.disk.orders import give_order
from fairlead.host.disk.routes import read_live
from fairlead.host.engine.engine import Engine
from fairlead.host.run.deploy import run_deploy
from fairlead.host.watch.patience import wait_until
from fairlead.host.wire.answer import render_answer
from fairlead.host.wire.request import parse_deploy_request
from fairlead.host.wire.result import Result
from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage
from tests.patience import PATIENCE
from tests.unit.host.hostile import DRIPS, FLOODS, dripping, hostile

_APP = Path(__file__).with_name("hostile_app.py")
_BINDS = (
    *("/usr:/usr:ro", "/usr/lib:/lib:ro", "/usr/lib64:/lib64:ro"),
    *("/etc/alternatives:/etc/alternatives:ro",),
)
"""The Python of this machine, which is the engine's: the image has nothing but Caddy."""


def _python(sheet: Sheet, *words: str, **changes: Any) -> None:
    """A service ``web`` that runs a program in Python instead of Caddy."""
    definition = {
        "command": ["/usr/bin/python3", *words],
        "volumes": list(_BINDS),
        "stop_grace_period": "1s",
        **changes.pop("definition", {}),
    }
    sheet.routes["web"] = 8000
    mounts = [{"file": sheet.file(_APP.read_text()), "target": "/app.py", "read_only": True}]
    health = {"health": {"path": "/", "status": 200}, "expect_release": None, "gate": "http"}
    sheet.service("web", "app", port=8000, **{**health, **changes}, definition=definition, mounts=mounts)
    sheet.proxy()


def _hostile(stage: Stage, kind: str, patience: float = 1.0) -> Sheet:
    sheet = stage.sheet(2)
    _python(sheet, "/app.py", kind, sheet.revision)
    options = {"start_timeout": patience, "drain_timeout": 2, "keep": 2, "standby": 0.0, "watch": sheet.watch}
    sheet.extra = {"options": options}
    return sheet


def _still_serves(stage: Stage, result: Result) -> dict[str, Any]:
    assert (result.exit, result.serving) == (6, "000001"), (result.error, stage.events)
    assert result.error is not None
    assert not any("000002" in name for name in stage.containers(running=False))
    return render_answer(result.error)


@pytest.mark.serving
@pytest.mark.parametrize("kind", ["drips its body", "says 100 for ever"])
def test_a_health_path_without_an_end(stage: Stage, kind: str) -> None:
    """A new release's health path answers a byte at a time, or says `100 Continue` for ever, to hold the lock.

    Holds: an answer has one deadline for the whole of it and one size; the release is refused, the one before serves.
    """
    error = _still_serves(stage, stage.deploy(_hostile(stage, kind)))
    assert "did not answer" in error["what"]


@pytest.mark.serving
def test_a_health_path_without_an_end_after_the_switch(stage: Stage) -> None:
    """A release answers well until it serves, then its health path answers a byte at a time.

    Holds: the watch takes each answer for a bad one when its time is over, and renames back.
    """
    sheet = _hostile(stage, "later:drips its body")
    sheet.extra["options"]["watch"] = {"window": 2.0}

    def turn() -> None:
        assert wait_until(lambda: read_live(stage.paths) == "000002", timeout=PATIENCE, poll=0.01)
        urllib.request.urlopen(f"http://127.0.0.1:{stage.port}/turn", timeout=PATIENCE).close()

    turning = threading.Thread(target=turn)
    turning.start()
    result = stage.deploy(sheet)
    turning.join()
    _still_serves(stage, result)
    assert result.status == "reverted"


@pytest.mark.serving
def test_stop_is_heeded_while_an_answer_drips(stage: Stage) -> None:
    """The health path of a new release drips for as long as `start_timeout` allows, and the user wants to stop.

    Holds: stop is heeded in the midst of an answer, and the release before serves.
    """
    raw, blobs = stage.request(_hostile(stage, "drips its body", patience=600.0))
    done: list[Result] = []
    request = parse_deploy_request(raw, blobs, None)
    deploying = threading.Thread(target=lambda: done.append(run_deploy(stage.paths, request, stage.hear)))
    deploying.start()
    assert wait_until(
        lambda: "asked" in Engine.connect().logs(f"{stage.app}-000002-web-000002-1", tail=9), timeout=PATIENCE
    )
    give_order(stage.paths.task(raw["task"]), "stop", "the user had enough")
    deploying.join()
    assert _still_serves(stage, done[0])["what"] == "stopped"


@pytest.mark.serving
def test_a_health_check_that_floods(stage: Stage) -> None:
    """A health check prints without an end, and its container without an end of line, to fill memory and report.

    Holds: neither is kept; the release is refused with a few short lines of evidence.
    """
    sheet = stage.sheet(2)
    flood = "import os\nwhile True: os.write(1, b'x' * 65536)"
    check = {
        "test": ["CMD", "/usr/bin/python3", "-c", flood],
        "interval": "1s",
        "timeout": "1s",
        "retries": 1,
    }
    crash = "import os, time\nfor _ in range(300): os.write(1, b'y' * 65536)\ntime.sleep(600)"
    _python(sheet, "-c", crash, gate="healthcheck", definition={"healthcheck": check})
    error = _still_serves(stage, stage.deploy(sheet))
    assert sum(map(len, error["details"])) < 100_000
    assert "y" * 100 in "".join(error["details"])


def _as_drip(place: Path, stack: ExitStack) -> None:
    stack.enter_context(dripping(place, DRIPS["a body"]))


def _as_flood(place: Path, stack: ExitStack) -> None:
    stack.enter_context(hostile(place, FLOODS["a body without an end"]))


def _as_link(place: Path, _: ExitStack) -> None:
    place.symlink_to(Engine.connect().socket_path)


def _as_pipe(place: Path, _: ExitStack) -> None:
    os.mkfifo(place)


def test_an_admin_socket_that_is_none(stage: Stage) -> None:
    """A proxy puts in the place of its admin socket: one that drips, one that floods, a pipe, the engine's own.

    Holds: a link is never followed, and all of them, hundreds too, have the time of one; the deploy goes through and
    says that it could not count requests.
    """
    assert stage.deploy(stage.good(1)).status == "live"
    kinds: tuple[Callable[[Path, ExitStack], None], ...] = (_as_drip, _as_flood, _as_link, _as_pipe)
    with ExitStack() as stack:
        stage.paths.admin_socket.unlink()
        _as_drip(stage.paths.admin_socket, stack)
        for number, put in enumerate(kinds):
            put(stage.paths.run / f"admin-{number}.sock", stack)
        for number in range(300):
            (stage.paths.run / f"admin-x{number}.sock").symlink_to(stage.paths.admin_socket)
        result = stage.deploy(stage.good(2))
    assert (result.status, result.serving) == ("live", "000002"), result.error
    assert any("could not be asked for requests in flight" in text for text in stage.notes())
