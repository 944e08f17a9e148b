"""verify: nothing is believed that was not seen. Containers, images, answers: each three times in a row.

Containers that have served before, to which somebody goes back in a hurry, once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Optional

from ..actions import CREATE, START
from ..containers import STARTING, Container, find_proxy, refresh_containers
from ..context import Context, Outcome
from ..errors import ReleaseFault
from ..evidence import explain_container, read_evidence
from ..health import FAILED, READY, judge_replicas
from ..healthcheck import HealthChecks, checking
from ..ledger import ROLLBACK
from ..patience import pause_for
from ..probe import Answer, probe_http
from ..questions import Question, plan_direct, plan_inside, plan_public
from ..release import Service
from ..routes import open_dark
from ..state import read_digests
from .beside import is_replaced
from .platform import changed_services

_POLL = 0.05
_IN_A_ROW = 3
_SETTLE = 2.0
"""Seconds that a container without any check has to run: a crash at start shows by then."""
_SETTLE_AGAIN = 0.5
"""The same where the release has served before, and who goes back to it is in a hurry."""
_ANSWER_WITHIN = 5.0
"""Seconds for answers once all containers are healthy: more waiting would not make a wrong answer right."""


def run_verify(context: Context) -> Outcome:
    """Prove that the release is fit to serve.

    Raises:
        ReleaseFault: it is not, with the evidence.
    """
    release = context.target.release
    began = time.monotonic()
    fresh = _to_wait_for(context, context.host.list_containers())
    hurry = context.plan.kind == ROLLBACK
    with checking(context.engine, context.host.proved, hurry=hurry) as checks:
        _wait_for_containers(context, fresh, began + release.start_timeout, checks)
    containers = context.host.refresh_containers()
    _check_images(context, containers)
    context.token = open_dark(context.paths, context.target.id)
    patient = any(service.gate == "http" for service in fresh)
    deadline = began + release.start_timeout if patient else time.monotonic() + _ANSWER_WITHIN
    asked = _ask_all(context, fresh, containers, deadline)
    return Outcome(f"{len(release.rolled)} services, {asked} answers over the dark route")


def verify_late(context: Context, services: list[Service]) -> None:
    """Prove that services which were started after the switch are healthy, and what they should be.

    Raises:
        ReleaseFault: they are not, with the evidence.
    """
    context.host.list_containers()
    deadline = time.monotonic() + context.target.release.start_timeout
    with checking(context.engine, context.host.proved) as checks:
        _wait_for_containers(context, services, deadline, checks)
    _check_images(context, context.host.refresh_containers())


def _to_wait_for(context: Context, containers: list[Container]) -> list[Service]:
    """The services that start, and those that run on though the engine has not looked at their health yet."""
    started = {one.service for one in context.plan.of(START, CREATE, platform=False)}
    rolled = context.target.release.rolled.values()
    return [
        service
        for service in rolled
        if (service.name in started and not service.starts_late)
        or any(one.health == STARTING for one in _own(context, service, containers))
    ]


def _wait_for_containers(
    context: Context, services: list[Service], deadline: float, checks: HealthChecks
) -> None:
    row = 0
    # Whoever goes back is in a hurry, and to what has served before.
    enough = 1 if context.plan.kind == ROLLBACK else _IN_A_ROW
    began = time.monotonic()
    settle = _settle(context) if any(service.gate == "running" for service in services) else 0.0
    while services:
        context.heed()
        waiting = _first_waiting(context, services, checks)
        row = 0 if waiting else row + 1
        if row >= enough and time.monotonic() - began >= settle:
            return
        if waiting and time.monotonic() >= deadline:
            service, reason = waiting
            limit = context.target.release.start_timeout
            _refuse(context, service, f"{service.name} was not healthy within {limit:g} s: it {reason}")
        time.sleep(pause_for(time.monotonic() - began, _POLL) if waiting else _POLL)


def _settle(context: Context) -> float:
    return _SETTLE_AGAIN if context.plan.kind == ROLLBACK else _SETTLE


def _first_waiting(
    context: Context, services: list[Service], checks: Optional[HealthChecks] = None
) -> Optional[tuple[Service, str]]:
    """A service that is not ready yet, and why; one that has failed ends it all."""
    waiting = None
    for service in services:
        own = refresh_containers(context.engine, _own(context, service, context.host.seen))
        if len(own) < service.replicas:
            own = _own(context, service, context.host.list_containers())
        if checks is not None:
            checks.follow(service, own)
        proved = context.host.proved
        verdict = judge_replicas(own, wanted=service.replicas, gate=service.gate, proved=proved)
        if verdict.state == FAILED:
            _refuse(context, service, f"{service.name} {verdict.reason}")
        if verdict.state != READY and waiting is None:
            waiting = service, verdict.reason
    return waiting


def _check_images(context: Context, containers: list[Container]) -> None:
    """The image that runs is the one that was scanned and published, by its digest."""
    changed = [context.target.release.services[name] for name in changed_services(context)]
    for service in (*context.target.release.rolled.values(), *changed):
        if service.digest is None:
            context.host.note(f"{service.name}: its image has no digest, so that nobody can tell what runs")
            continue
        for image in {one.image_id for one in _own(context, service, containers)}:
            running = context.state.digests.get(image, ())
            if service.digests.isdisjoint(running):
                # It was not there yet, or not under this name: the engine takes 20 ms an image, so only then.
                running = read_digests(context.engine, image)
            if service.digests.isdisjoint(running):
                found = ", ".join(running) or image
                _refuse(context, service, f"{service.name} runs another image than the release's: {found}")


def _ask_all(context: Context, fresh: list[Service], containers: list[Container], deadline: float) -> int:
    """Ask every question until it was answered well three times in a row; the number of questions."""
    questions = list(_questions(context, containers))
    for question in questions:
        _ask(context, question, deadline, crashed=lambda: _first_waiting(context, fresh))
    return len(questions)


def _ask(context: Context, question: Question, deadline: float, crashed: Callable[[], object]) -> None:
    row = 0
    while row < _IN_A_ROW:
        context.heed()
        answer = probe_http(question.target, "" if question.direct else context.token, heed=context.heed)
        fault = question.fault(answer)
        row = 0 if fault else row + 1
        if fault and question.public and answer.tls:
            # A certificate may need the public to reach this host first: unknown is not wrong.
            context.host.warn(f"{question.about}: {fault}; the page could not be probed in public")
            return
        if fault:
            crashed()
            if time.monotonic() >= deadline or _is_final(question, answer):
                service = context.target.release.services.get(question.service or "")
                _refuse(context, service, f"{question.about} {fault}")
            time.sleep(_POLL)


def _is_final(question: Question, answer: Answer) -> bool:
    """A good answer of a wrong release stays wrong."""
    return not answer.fault(question.expected) and bool(question.fault(answer))


def _questions(context: Context, containers: list[Container]) -> Iterator[Question]:
    release = context.target.release
    proxy = find_proxy(containers, release.proxy)
    if proxy is None:
        raise ReleaseFault(f"the proxy {release.proxy} does not run", service=release.proxy)
    for name in release.routes:
        yield from plan_direct(context.target, name, _own(context, release.services[name], containers))
        yield from plan_inside(context.target, name, containers)
    public = list(plan_public(context.target, proxy))
    if release.url and len(public) < len(release.probes):
        context.host.warn(
            f"{release.url}: the proxy publishes no port for it, so that it was not probed in public"
        )
    yield from public


def _own(context: Context, service: Service, containers: Sequence[Container]) -> list[Container]:
    home = context.target.homes.get(service.name, "")
    own = [
        one for one in containers if one.service == service.name and one.release == home and not one.oneoff
    ]
    return [one for one in own if not is_replaced(one, context.target.release)]


def _refuse(context: Context, service: Optional[Service], what: str) -> None:
    details: tuple[str, ...] = ()
    why = ""
    if service is not None:
        own = _own(context, service, context.host.list_containers())
        bad = [one for one in own if not one.serves]
        for one in (bad or own)[:3]:
            details += read_evidence(context.engine, one)
        why = explain_container(bad[0], details) if bad else ""
    raise ReleaseFault(
        what,
        why=why,
        fix="what it printed last stands below; correct it and deploy again",
        details=details,
        service=service.name if service else None,
    )
