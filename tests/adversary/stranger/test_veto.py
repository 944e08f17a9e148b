"""A stranger asks a new release for what looks bad in its figures, so that it is taken back."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from fairlead.host.disk.routes import read_live
from fairlead.host.watch.patience import wait_until
from fairlead.host.wire.result import Result
from tests.integration.host.sheet import Sheet
from tests.integration.host.stage import Stage
from tests.patience import PATIENCE

OLD, NEW = 2, 3
# A method that it does not know, a page that fails as it always did, and one that only its successor breaks.
_APP = """\
{
	admin off
}
:8000 {
	header X-Release RELEASE
	@unknown not method GET HEAD POST
	respond @unknown "what?" 501
	respond /crash "no" 500
	respond /buy "BUY" STATUS
	respond "hello" 200
}
"""


def _sheet(stage: Stage, number: int, *, buy: int = 200) -> Sheet:
    sheet = stage.sheet(number)
    sheet.web(text=_APP.replace("RELEASE", sheet.revision).replace("STATUS", str(buy)))
    sheet.proxy()
    # Nobody asks the old release while it is watched: what the new one is compared with is asked beside it.
    sheet.watch = {"window": 2.0 if number > OLD else 0}
    return sheet


@contextlib.contextmanager
def _asking(stage: Stage, *asked: tuple[str, str], after: bool = True) -> Iterator[None]:
    """Four clients for each method and path, from the moment on that the release in question serves, or all the time."""
    stop = threading.Event()
    answered: Counter[str] = Counter()

    def ask(method: str, path: str) -> None:
        if after:
            wait_until(
                lambda: stop.is_set() or read_live(stage.paths) == "000003", timeout=PATIENCE, poll=0.005
            )
        connection = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=PATIENCE)
        while not stop.wait(0.03):
            try:
                connection.request(method, path)
                connection.getresponse().read()
                answered[path] += 1
            except (OSError, http.client.HTTPException):
                connection.close()
        connection.close()

    clients = [threading.Thread(target=ask, args=one) for one in asked for _ in range(4)]
    for client in clients:
        client.start()
    try:
        if not after:
            assert wait_until(lambda: answered.total() > 50, timeout=PATIENCE), (
                "the old release is asked first"
            )
        yield
    finally:
        stop.set()
        for client in clients:
            client.join()


def _is_kept(stage: Stage, result: Result) -> dict[str, Any]:
    assert (result.status, result.exit, result.serving) == ("live", 0, "000003"), (result.error, result.data)
    watch: Any = result.data["watch"]
    assert watch["verdict"] == "inconclusive"
    assert not stage.paths.before.is_symlink()
    assert not stage.paths.trial.is_symlink()
    return dict(watch["traffic"][0])


@pytest.mark.serving
def test_errors_on_demand(stage: Stage) -> None:
    """As soon as the release changes: a flood of `FOO /`, or of a page that always fails, GET or POST.

    Holds: the old release, asked the same, does no better: inconclusive, the new one is kept, exit 0.
    """
    assert stage.deploy(_sheet(stage, OLD)).status == "live"
    with _asking(stage, ("FOO", "/"), ("GET", "/crash"), ("POST", "/crash")):
        traffic = _is_kept(stage, stage.deploy(_sheet(stage, NEW)))
    assert traffic["new"]["errors"] > 20
    assert traffic["differs"] == 0


@pytest.mark.serving
def test_errors_on_demand_do_not_hide_a_bad_release(stage: Stage) -> None:
    """A page breaks with the new release, while somebody floods it with `FOO /`.

    Holds: what the old release answers well and the new one does not counts, whatever else is asked: it goes back.
    """
    assert stage.deploy(_sheet(stage, OLD)).status == "live"
    with _asking(stage, ("GET", "/buy"), after=False), _asking(stage, ("FOO", "/")):
        result = stage.deploy(_sheet(stage, NEW, buy=500))
    assert (result.status, result.exit, result.serving) == ("reverted", 6, "000002"), result.data
    assert result.error is not None
    assert "asked the same, answered well" in result.error.what


@pytest.mark.serving
def test_uploads_that_are_broken_off(stage: Stage) -> None:
    """As soon as the release changes: uploads that end before they are whole, which a proxy counts as its own failures.

    Holds: what anybody can break off proves nothing: the new release is kept, exit 0.
    """
    assert stage.deploy(_sheet(stage, OLD)).status == "live"
    stop = threading.Event()

    def break_off() -> None:
        wait_until(lambda: stop.is_set() or read_live(stage.paths) == "000003", timeout=PATIENCE, poll=0.005)
        while not stop.wait(0.03):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", stage.port)) as client:
                client.sendall(b"POST /buy HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc")

    clients = [threading.Thread(target=break_off) for _ in range(4)]
    for client in clients:
        client.start()
    result = stage.deploy(_sheet(stage, NEW))
    stop.set()
    for client in clients:
        client.join()
    assert (result.status, result.exit, result.serving) == ("live", 0, "000003"), (result.error, result.data)


@pytest.mark.serving
def test_the_moment_of_the_switch(stage: Stage) -> None:
    """Read from `X-Release` which release serves, and when it changes.

    Holds: with `deploy: {release_header: false}` the proxy drops the header for the public, whatever is asked for,
    from the very switch on; verify sees it all the same.
    """
    sheet = _sheet(stage, 2)
    options = {"start_timeout": 20, "drain_timeout": 2, "keep": 2, "standby": 0.0, "watch": {"window": 0.5}}
    sheet.extra = {"options": {**options, "release_header": False}}
    assert _headers(stage)["X-Release"] == "1" * 40
    assert stage.deploy(sheet).status == "live"
    for header in ({}, {"X-Fairlead-Dark": "x" * 64}, {"X-Fairlead-Probe": "1"}):
        assert _headers(stage, **header)["X-Release"] is None
    wrong = _sheet(stage, 3)
    wrong.extra = sheet.extra
    wrong.services["web"]["expect_release"] = "0" * 40
    assert "answered as release" in str(stage.deploy(wrong).error)
    assert stage.rollback().serving == "000001"
    assert _headers(stage)["X-Release"] == "1" * 40


def _headers(stage: Stage, **sent: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=PATIENCE)
    try:
        connection.request("GET", "/", headers=sent)
        return connection.getresponse().headers
    finally:
        connection.close()
