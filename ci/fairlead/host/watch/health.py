"""Whether a container may serve: pure judgement over what the engine says of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

from ..engine.containers import STARTING, UNCHECKED, UNHEALTHY, Container

READY = "ready"
WAITING = "waiting"
FAILED = "failed"


@dataclass(frozen=True)
class Readiness:
    """``ready``, ``waiting`` or ``failed``, and the reason in words."""

    state: str
    reason: str = ""


def tell_ended(code: Optional[int], often: str = "") -> str:
    """That a container has ended and was started again, in words; ``code`` is None where nobody knows it."""
    if code == 0:
        return f"ended by itself (exit code 0) and was started again{often}"
    return f"crashed and was restarted{often}{f' (exit code {code})' if code else ''}"


def judge_container(
    container: Container, *, gate: str, restarts: int = 0, since: str = "", proved: bool = False
) -> Readiness:
    """Whether this container is fit, as far as the engine can tell.

    A crash, a restart and a kill for memory fail at once: who waits for a timeout to see them wastes a minute.

    Args:
        gate: ``healthcheck`` demands the container's own health check to pass.
        restarts: how often the engine had restarted it before (one that is carried over or started again).
        since: when it had started when it was seen well; empty where that does not matter. An engine that was
            restarted itself may count from 0 again.
        proved: its health check has passed, run by us: the engine's own next look at it may be half a minute away.
    """
    if container.oom_killed:
        return Readiness(FAILED, "was killed because it used more memory than its limit")
    begun_anew = bool(since) and container.running and container.started_at != since
    if container.restarting or container.restarts > restarts or begun_anew:
        # Started again, it has no code of its own yet, and the engine says 0.
        known = container.exit_code if container.restarting or container.exit_code else None
        return Readiness(FAILED, tell_ended(known))
    if container.created:
        return Readiness(WAITING, "is created, not started yet")
    if not container.running:
        return Readiness(FAILED, f"exited with code {container.exit_code}")
    if container.health == UNHEALTHY:
        return Readiness(FAILED, "is unhealthy: its health check fails")
    if container.health == STARTING and not proved:
        return Readiness(WAITING, "has not passed its health check yet")
    if gate == "healthcheck" and container.health == UNCHECKED:
        return Readiness(FAILED, "has no health check, though the release says that one decides")
    return Readiness(READY, "running" if container.health == UNCHECKED else "healthy")


def judge_replicas(
    containers: Sequence[Container],
    restarts: Mapping[str, int] | None = None,
    *,
    wanted: int,
    gate: str,
    since: Mapping[str, str] | None = None,
    proved: Collection[str] = (),
) -> Readiness:
    """Whether all replicas of a service are fit: the worst of them decides. All that is known is by id, see above."""
    known, started = restarts or {}, since or {}
    verdicts = [
        judge_container(
            one,
            gate=gate,
            restarts=known.get(one.id, 0),
            since=started.get(one.id, ""),
            proved=one.id in proved,
        )
        for one in containers
    ]
    for state in (FAILED, WAITING):
        for verdict in verdicts:
            if verdict.state == state:
                return verdict
    if len(containers) < wanted:
        return Readiness(WAITING, f"has {len(containers)} of {wanted} containers")
    return Readiness(READY, verdicts[0].reason if verdicts else "has no containers, as asked")
