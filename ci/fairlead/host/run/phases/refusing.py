"""A release is refused with what can be seen of whoever is to blame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Optional

from ...engine.containers import Container
from ...engine.engine import Engine
from ...watch.diagnose import advise_start, advise_staying, explain_silence
from ...watch.evidence import explain_container, read_evidence
from ...watch.health import judge_container
from ...watch.verdict import FAIL, Verdict
from ...wire.errors import ReleaseFault
from ...wire.release import Service
from ..context import Deploy
from .recreated import own_containers
from .starting import crashes_of

_QUOTED = 3
"""Services whose last words are told where any of them may have answered."""


def refuse(
    deploy: Deploy,
    service: Optional[Service],
    what: str,
    limit: Optional[float] = None,
    behind: Sequence[Service] = (),
) -> None:
    """Refuse the release, always.

    ``limit`` is what it did not keep to; ``behind`` are those whose last words may tell, where nobody knows which it is.
    """
    details: tuple[str, ...] = ()
    why = advice = ""
    if service is not None:
        own = own_containers(deploy, service, deploy.host.list_containers())
        died = [one for one in own if one.has_died]
        bad = died or [one for one in own if not one.serves]
        for one in (bad or own)[:3]:
            details += crashes_of(deploy).evidence(one) or read_evidence(deploy.engine, one)
        said = explain_container(bad[0], details) if bad else ""
        silence = "" if died else explain_silence(deploy.engine, service, own)
        down = list(find_down(deploy.engine, deploy.host.list_containers(), service.name))
        details = (*(line for _, evidence in down for line in evidence), *details)
        why = "; ".join(filter(None, (*(words for words, _ in down), silence, said)))
        ended_well = any(map(crashes_of(deploy).ended_well, own))
        advice = advise_staying(ended_well) or advise_start(own, limit)
    for other in behind[:_QUOTED]:
        for one in own_containers(deploy, other, deploy.host.list_containers())[:1]:
            details += read_evidence(deploy.engine, one)
    quoted = "see what it printed last, quoted here" if details else ""
    raise ReleaseFault(
        what,
        why=why,
        fix="; ".join(filter(None, (quoted, advice, "correct it and deploy again"))),
        details=details,
        service=service.name if service else None,
    )


def find_down(
    engine: Engine, containers: Sequence[Container], but: str
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The databases that do not run, or are started again, each in words and with its evidence: who calls them fails of that.

    Args:
        engine: the engine.
        containers: the app's.
        but: the service that is to blame anyway.
    """
    for one in containers:
        is_down = one.restarting or not (one.running or one.created)
        if is_down and one.role == "state" and not one.release and not one.oneoff and one.service != but:
            evidence = read_evidence(engine, one)
            said = explain_container(one, evidence).partition(": ")[2]
            reason = judge_container(one, gate="running").reason
            yield f"{one.service} {reason}{f': {said}' if said else ''}", evidence


def watch_fault(deploy: Deploy, verdict: Verdict, blamed: Optional[str]) -> ReleaseFault:
    """The fault of a release that did not pass its watch, with what was seen of it."""
    failed = verdict.state == FAIL
    what = "failed its watch" if failed else "gave too little evidence, and evidence was asked for"
    return ReleaseFault(
        f"release {deploy.target.id} {what} after {verdict.evidence.seconds:.1f} s: {verdict.reasons[0]}",
        why="; ".join(verdict.reasons[1:]),
        fix="what was seen is quoted here; correct it and deploy again"
        if failed
        else "deploy while there is traffic, with a longer `deploy.watch.window`, or without --require-evidence",
        details=(*verdict.reasons, *verdict.figures, *_logs(deploy, blamed if failed else None)),
        service=blamed if failed else None,
    )


def _logs(deploy: Deploy, blamed: Optional[str]) -> Iterator[str]:
    """The last lines of the service that is to blame; of each one that moved, where none is."""
    for container in deploy.host.seen:
        home = deploy.target.homes.get(container.service, "")
        if container.release != home or container.oneoff:
            continue
        if container.service == blamed or (blamed is None and home == deploy.target.id):
            yield from read_evidence(deploy.engine, container)
