"""The watch after the switch, on the real engine and the real proxy."""

from __future__ import annotations

import contextlib
import http.client
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fairlead.host.disk.routes import read_live
from fairlead.host.engine.engine import Engine
from fairlead.host.watch.patience import wait_until
from fairlead.host.wire.result import Result
from tests.integration.host.sheet import TWO_FACED, Sheet, site
from tests.integration.host.stage import Stage
from tests.patience import PATIENCE

# Good to who asks for the page, and in pieces for who buys.
_BROKEN = """\
{
	admin off
}
:8000 {
	header X-Release RELEASE
	respond /buy "no" 500
	respond "hello" 200
}
"""
# Nobody waits for it who is told at once.
_LONG = 60.0
_STOPPABLE = """\
{
	admin 0.0.0.0:2019 {
		origins *
	}
}
:8000 {
	header X-Release RELEASE
	respond "hello" 200
}
"""


def _sheet(stage: Stage, number: int, text: str, window: float = 5.0, **watch: Any) -> Sheet:
    sheet = stage.sheet(number)
    sheet.web(text=text.replace("RELEASE", sheet.revision))
    sheet.proxy()
    sheet.watch = {"window": window, **watch}
    return sheet


@contextlib.contextmanager
def _load(stage: Stage, path: str = "/buy") -> Iterator[Counter[int]]:
    """Four clients that ask 30 times a second each; how many answers had which status (0: none)."""
    fates: Counter[int] = Counter()
    stop = threading.Event()

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=PATIENCE)
        while not stop.wait(0.03):
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                answer.read()
                fates[answer.status] += 1
            except (OSError, http.client.HTTPException):
                fates[0] += 1
                connection.close()
        connection.close()

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        assert wait_until(lambda: fates.total() > 100, timeout=PATIENCE), "the old release is asked first"
        yield fates
    finally:
        stop.set()
        for client in clients:
            client.join()


def _wait_for_switch(stage: Stage) -> None:
    assert wait_until(lambda: read_live(stage.paths) == "000002", timeout=PATIENCE, poll=0.01), stage.events


def _verdict(result: Result) -> str:
    watch: Any = result.data["watch"]
    return str(watch["verdict"])


def _details(result: Result) -> list[str]:
    assert result.error is not None
    details: Any = result.error.details
    return list(details)


def _watched(stage: Stage) -> float:
    """Seconds that the watch took by its own events."""
    times = [event["at"] for event in stage.events if event.get("phase") == "watch" and "state" in event]
    return float(times[-1] - times[0])


@pytest.mark.serving
def test_errors_that_only_users_see(stage: Stage, fetch: Callable[[], str]) -> None:
    """Every check is good, every tenth page is not: the proxy's own count brings the old release back."""
    old = stage.containers()
    with _load(stage) as fates:
        result = stage.deploy(_sheet(stage, 2, _BROKEN, _LONG))
        served = fates[200]
        assert wait_until(lambda: fates[200] > served, timeout=PATIENCE)
    assert (result.status, result.exit, result.serving) == ("reverted", 6, "000001")
    assert result.error is not None
    assert "of the answers of web failed (5xx) where the old release, asked the same" in str(
        result.error.what
    )
    assert any("errors (5xx)" in line for line in _details(result))
    assert _verdict(result) == "fail"
    assert _watched(stage) < _LONG, "not to its end"
    assert any("ms after the verdict" in note for note in stage.notes())
    assert fates[0] == 0
    assert fetch() == "web 1111"
    assert stage.containers() == old
    assert stage.containers(running=False) == old


@pytest.mark.serving
@pytest.mark.long
def test_what_was_as_bad_before_is_no_reason(stage: Stage) -> None:
    """A release is not blamed for errors that were there already."""
    stage.deploy(_sheet(stage, 2, _BROKEN, 0.0))
    with _load(stage):
        result = stage.deploy(_sheet(stage, 3, _BROKEN, 2.0))
    assert (result.status, result.serving) == ("live", "000003")
    watch: Any = result.data["watch"]
    assert watch["verdict"] == "pass"
    assert watch["traffic"][0]["old"]["errors"] > 10


@pytest.mark.serving
def test_counts_are_the_users(stage: Stage) -> None:
    """What the proxy counts is what was asked, but for the probes."""
    with _load(stage) as fates:
        deploying = threading.Thread(
            target=lambda: results.append(stage.deploy(_sheet(stage, 2, site("2" * 40), 4.0)))
        )
        results: list[Any] = []
        deploying.start()
        _wait_for_switch(stage)
        before = sum(fates.values())
        deploying.join()
        asked = sum(fates.values()) - before
    watch = results[0].data["watch"]
    assert (watch["verdict"], set(fates)) == ("pass", {200})
    assert watch["probes"]["asked"] == watch["probes"]["answered"] >= 4
    (web,) = watch["traffic"]
    # An estimate, and on a busy machine a sample may come late.
    assert 0.3 * asked < web["new"]["answers"] < 1.5 * asked
    assert web["old"]["answers"] > 50
    assert web["new"]["errors"] == 0


@pytest.mark.long
def test_too_little_traffic(stage: Stage) -> None:
    """Kept and said so; taken back only for who asked for evidence."""
    first = stage.deploy(_sheet(stage, 1, site("1" * 40), 1.0), require_evidence=True)
    assert (first.status, first.serving) == ("live", "000001"), (
        "there is nothing to compare a first release with"
    )
    result = stage.deploy(_sheet(stage, 2, site("2" * 40), 1.0))
    assert (result.status, result.exit, result.serving) == ("live", 0, "000002")
    assert _verdict(result) == "inconclusive"
    warnings = [event["text"] for event in stage.events if event.get("level") == "warning"]
    assert any("inconclusive, the release is kept: too little traffic" in text for text in warnings)
    result = stage.deploy(_sheet(stage, 3, site("3" * 40), 1.0), require_evidence=True)
    assert (result.status, result.exit, result.serving) == ("reverted", 6, "000002")
    assert result.error is not None
    assert "evidence was asked for" in result.error.what
    assert "--require-evidence" in result.error.fix


@pytest.mark.serving
def test_probe_that_fails_in_public(stage: Stage, fetch: Callable[[], str]) -> None:
    """What the dark route was told is not what the public is told."""
    result = stage.deploy(_sheet(stage, 2, TWO_FACED, _LONG))
    assert (result.status, result.exit, result.serving) == ("reverted", 6, "000001")
    assert result.error is not None
    assert "answered 503, expected 200" in result.error.what
    assert _watched(stage) < _LONG, "not to its end"
    assert fetch() == "web 1111"


@pytest.mark.serving
def test_crash_in_the_watch(stage: Stage, fetch: Callable[[], str]) -> None:
    """The engine starts it again at once; that it had to is enough."""

    def crash() -> None:
        _wait_for_switch(stage)
        found = Engine.connect().inspect(f"{stage.app}-000002-web-000002-1")
        assert found is not None
        address = next(iter(found["NetworkSettings"]["Networks"].values()))["IPAddress"]
        urllib.request.urlopen(
            urllib.request.Request(f"http://{address}:2019/stop", method="POST"), timeout=PATIENCE
        )

    crashing = threading.Thread(target=crash)
    crashing.start()
    result = stage.deploy(_sheet(stage, 2, _STOPPABLE, _LONG))
    crashing.join()
    assert (result.status, result.exit, result.serving) == ("reverted", 6, "000001")
    assert result.error is not None
    assert (result.error.service, "web" in result.error.what) == ("web", True)
    assert any(line.startswith("web: ") for line in _details(result))
    assert fetch() == "web 1111"


@pytest.mark.serving
@pytest.mark.long
def test_what_was_started_again_without_being_counted(stage: Stage) -> None:
    """An engine that was restarted counts restarts from 0."""

    def begin_anew() -> None:
        _wait_for_switch(stage)
        name = f"{stage.app}-000002-web-000002-1"
        Engine.connect().stop(name, grace=1)
        Engine.connect().start(name)

    restarting = threading.Thread(target=begin_anew)
    restarting.start()
    result = stage.deploy(_sheet(stage, 2, site("RELEASE"), _LONG))
    restarting.join()
    assert result.status == "reverted", result.error


@pytest.mark.long
def test_first_release_that_fails_serves_nobody(stage: Stage) -> None:
    """There is nothing to go back to; what failed is not left serving."""
    result = stage.deploy(_sheet(stage, 1, TWO_FACED))
    assert (result.status, result.exit, result.serving) == ("reverted", 6, None)
    assert not any("-web-" in name for name in stage.containers(running=False))


@pytest.mark.serving
@pytest.mark.long
def test_no_watch(stage: Stage) -> None:
    """A window of 0 turns it off."""
    result = stage.deploy(_sheet(stage, 2, TWO_FACED, 0.0))
    assert (result.status, "watch" in result.data) == ("live", False)
    assert {one.phase: one.state for one in result.phases}["watch"] == "skipped"


@pytest.mark.serving
@pytest.mark.long
def test_a_probe_looks_at_body_and_headers(stage: Stage) -> None:
    """Before the switch already."""
    wanted: list[dict[str, Any]] = [{"body": "goodbye"}, {"headers": {"X-Missing": ""}}]
    for number, field in enumerate(wanted, 2):
        sheet = stage.good(number)
        sheet.extra = {"probes": [{"path": "/", "status": 200, **field}]}
        result = stage.deploy(sheet)
        assert (result.status, result.exit, result.serving) == ("refused", 6, "000001")
        assert result.error is not None
        assert "answered without the" in result.error.what
