"""Replicas serve together, and a worker starts when its service says."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from fairlead.host.engine.engine import Engine
from fairlead.host.wire.document import parse_release
from fairlead.host.wire.errors import InputFault
from tests.integration.host.sheet import HEALTHY, Sheet
from tests.integration.host.stage import Stage

_ANSWERS = 24
"""With two replicas, one that was never asked would be chance once in eight million times."""


def _crowd(stage: Stage, number: int, command: str = "/etc/site") -> Sheet:
    """Two of a service that says which of them answered, and a worker that starts late."""
    sheet = stage.sheet(number)
    sheet.watch = {"window": 0}
    text = f"{{\n\tadmin off\n}}\n:8000 {{\n\theader X-Release {sheet.revision}\n\trespond {{system.hostname}}\n}}\n"
    sheet.web(text=text, definition={"deploy": {"replicas": 2}})
    definition = {
        "command": ["/caddy", "run", "--config", command, "--adapter", "caddyfile"],
        "labels": {"of": sheet.revision},
        "healthcheck": HEALTHY,
    }
    mounts = [{"file": sheet.file(text), "target": "/etc/site", "read_only": True}]
    sheet.service("queue", "worker", start="after", definition=definition, mounts=mounts)
    sheet.proxy()
    return sheet


def _started(name: str) -> float:
    found = Engine.connect().inspect(name)
    assert found is not None
    moment, _, rest = found["State"]["StartedAt"].partition(".")
    return time.mktime(time.strptime(moment, "%Y-%m-%dT%H:%M:%S")) - time.timezone + float(f"0.{rest[:6]}")


def _running(stage: Stage) -> set[str]:
    return {name for name in stage.containers() if "caddy" not in name}


def _release(stage: Stage, number: str) -> set[str]:
    names = {*(f"web-{number}-{replica}" for replica in (1, 2)), f"queue-{number}-1"}
    return {f"{stage.app}-{number}-{name}" for name in names}


def test_all_replicas_serve_and_a_late_worker_starts_when_they_do(
    stage: Stage, fetch: Callable[[], str]
) -> None:
    """Both answer, both go; a worker that fails takes its release back with it."""
    assert stage.deploy(_crowd(stage, 1)).status == "live"
    first = {fetch() for _ in range(_ANSWERS)}
    assert len(first) == 2
    assert stage.deploy(_crowd(stage, 2)).status == "live"
    second = {fetch() for _ in range(_ANSWERS)}
    assert (len(second), first & second) == (2, set())
    assert _running(stage) == _release(stage, "000002")
    (switched,) = (
        event["at"]
        for event in stage.events
        if (event.get("phase"), event.get("state")) == ("switch", "begin")
    )
    assert _started(f"{stage.app}-000002-web-000002-2") < switched
    assert _started(f"{stage.app}-000002-queue-000002-1") > switched

    bad = _crowd(stage, 3, command="/missing")
    # So that it is the watch that looks at the worker, too.
    bad.watch = {"window": 1}
    result = stage.deploy(bad)
    assert (result.status, result.exit, result.serving) == ("reverted", 6, "000002")
    assert result.error is not None
    assert "queue" in result.error.what
    assert _running(stage) == _release(stage, "000002")
    assert {fetch() for _ in range(_ANSWERS)} == second


@pytest.mark.long
def test_only_a_worker_may_start_late(stage: Stage) -> None:
    """What answers must be there when the switch sends it somebody."""
    sheet = stage.sheet(1)
    sheet.web(start="after")
    sheet.proxy()
    with pytest.raises(InputFault) as caught:
        parse_release(sheet.document())
    assert "start is for workers" in str(caught.value.details)
