"""Whether a container may serve."""

from __future__ import annotations

from typing import Any

import pytest

from fairlead.host.engine.containers import parse_container
from fairlead.host.watch.health import Readiness, judge_container, judge_replicas
from tests.unit.host.samples import container


@pytest.mark.parametrize(
    ("changes", "gate", "state", "told"),
    [
        ({}, "healthcheck", "ready", "healthy"),
        ({"health": "none"}, "running", "ready", "running"),
        ({"health": "none"}, "healthcheck", "failed", "no health check"),
        ({"health": "starting"}, "running", "waiting", "not passed"),
        ({"health": "unhealthy"}, "running", "failed", "unhealthy"),
        ({"running": False, "exit_code": 3}, "running", "failed", "exited with code 3"),
        ({"running": False, "exit_code": 0}, "running", "failed", "exited with code 0"),
        ({"running": False, "created": True}, "running", "waiting", "not started"),
        ({"restarting": True, "exit_code": 1}, "running", "failed", "crashed"),
        ({"restarts": 1}, "healthcheck", "failed", "crashed"),
        ({"restarts": 1, "exit_code": 0}, "healthcheck", "failed", "crashed and was restarted"),
        ({"oom_killed": True}, "running", "failed", "memory"),
    ],
)
def test_each_state_is_judged_at_once(changes: dict[str, Any], gate: str, state: str, told: str) -> None:
    """A crash is not waited out, and unhealthy does not pass for healthy."""
    verdict = judge_container(container("web", "000001", **changes), gate=gate)
    assert verdict.state == state
    assert told in verdict.reason


def test_one_that_was_started_again_has_failed_though_nobody_counted_it() -> None:
    """An engine that was restarted counts from 0 again."""
    seen = container("web", started_at="2030-01-01T00:00:00Z")
    again = container("web", started_at="2030-01-01T00:00:05Z")
    for now, state in ((seen, "ready"), (again, "failed")):
        assert judge_container(now, gate="healthcheck", since=seen.started_at).state == state
    assert judge_container(again, gate="healthcheck").state == "ready"


def test_restarts_of_the_past_do_not_count() -> None:
    """Who crashed last month may be carried over."""
    assert judge_container(container("web", restarts=4), gate="healthcheck", restarts=4).state == "ready"
    assert judge_container(container("web", restarts=5), gate="healthcheck", restarts=4).state == "failed"


def test_the_worst_replica_decides() -> None:
    """All of them are healthy, or the service is not."""
    good, slow, bad = (
        container("web"),
        container("web", health="starting"),
        container("web", health="unhealthy"),
    )
    assert judge_replicas([good, good], wanted=2, gate="healthcheck").state == "ready"
    assert judge_replicas([good], wanted=2, gate="healthcheck").state == "waiting"
    assert judge_replicas([good, slow], wanted=2, gate="healthcheck").state == "waiting"
    assert judge_replicas([good, slow, bad], wanted=3, gate="healthcheck").state == "failed"
    assert judge_replicas([], wanted=0, gate="healthcheck").state == "ready"


def test_a_check_that_passed_counts_until_the_engine_has_looked() -> None:
    """Starting by the engine's account, and healthy by its own check: ready. Unhealthy stays unhealthy."""
    slow, bad = container("web", health="starting"), container("api", health="unhealthy")
    assert judge_container(slow, gate="healthcheck", proved=True) == Readiness("ready", "healthy")
    assert judge_container(bad, gate="healthcheck", proved=True).state == "failed"
    assert (
        judge_container(container("web", health="starting", restarts=1), gate="running", proved=True).state
        == "failed"
    )
    assert judge_replicas([slow], wanted=1, gate="healthcheck", proved={slow.id}).state == "ready"
    assert judge_replicas([slow], wanted=1, gate="healthcheck", proved={bad.id}).state == "waiting"


@pytest.mark.parametrize(
    ("healthcheck", "shell", "check"),
    [
        (None, None, ()),
        ({"Test": ["NONE"]}, None, ()),
        ({"Test": []}, None, ()),
        ({"Test": ["CMD", "probe", "-x"]}, None, ("probe", "-x")),
        ({"Test": ["CMD-SHELL", "probe | grep ok"]}, None, ("/bin/sh", "-c", "probe | grep ok")),
        ({"Test": ["CMD-SHELL", "probe"]}, ["/bin/ash", "-ec"], ("/bin/ash", "-ec", "probe")),
    ],
)
def test_the_check_is_the_one_that_the_engine_runs(
    healthcheck: dict[str, Any] | None, shell: list[str] | None, check: tuple[str, ...]
) -> None:
    """In each of its forms."""
    config = {"Image": "web", "Healthcheck": healthcheck, "Shell": shell}
    raw = {"Id": "x", "Name": "/web", "Image": "sha256:1", "State": {}, "Config": config}
    assert parse_container(raw).check == check


def test_a_container_is_read_from_the_engines_words() -> None:
    """What is missing has a sober default."""
    raw = {
        "Id": "x",
        "Name": "/board-web-1",
        "Image": "sha256:1",
        "RestartCount": 2,
        "State": {
            "Running": True,
            "StartedAt": "0001-01-01T00:00:00Z",
            "Health": {"Status": "healthy", "Log": [{"ExitCode": 1, "Output": " no\n"}]},
        },
        "Config": {"Image": "web", "Labels": {"dev.fairlead.service": "web"}, "StopTimeout": 0},
        "HostConfig": {"PortBindings": {"443/tcp": [{"HostIp": "", "HostPort": "443"}]}},
        "NetworkSettings": {
            "Networks": {"edge": {"IPAddress": "172.18.0.9", "GlobalIPv6Address": ""}},
            "Ports": {},
        },
        "Mounts": [{"Type": "bind", "Source": "/a"}, {"Type": "volume", "Source": "/b"}],
    }
    found = parse_container(raw)
    assert (found.name, found.service, found.restarts, found.started_at, found.grace) == (
        "board-web-1",
        "web",
        2,
        "",
        0.0,
    )
    assert found.addresses == ("172.18.0.9",)
    assert found.sources == ("/a",)
    assert found.ports == {"443/tcp": (("", 443),)}
    assert found.health_log == ("health check, exit 1: no",)


def test_the_code_of_a_crash_is_told_only_while_the_engine_knows_it() -> None:
    """Once it has started the container again, what it says is 0: a program that crashed did not end with that."""
    again = judge_container(container("web", restarts=1, exit_code=0), gate="running")
    assert again.reason == "crashed and was restarted"
    waiting = judge_container(container("web", restarting=True, exit_code=3), gate="running")
    assert waiting.reason == "crashed and was restarted (exit code 3)"
    well = judge_container(container("web", restarting=True, exit_code=0), gate="running")
    assert well.reason == "ended by itself (exit code 0) and was started again"
