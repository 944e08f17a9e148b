"""verify: nothing is believed that was not seen. Containers, images, answers: each three times in a row.

What has served before, and somebody goes back to in a hurry, once: the watch asks again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Optional

from ...disk.ledger import ROLLBACK
from ...disk.routes import open_dark
from ...engine.containers import STARTING, Container, find_proxy, refresh_containers
from ...plan.actions import CREATE, START
from ...state.standby import with_called
from ...state.state import read_digests
from ...watch.certificates import CertificateRefusal, read_refusal
from ...watch.diagnose import advise_start, explain_silence
from ...watch.evidence import explain_container, read_evidence
from ...watch.health import FAILED, READY
from ...watch.healthcheck import HealthChecks, checking
from ...watch.patience import pause_for
from ...watch.probe import Answer
from ...watch.questions import Question, plan_direct, plan_inside, plan_public, public_probes
from ...wire.errors import ReleaseFault
from ...wire.inside import ROLE as INSIDE
from ...wire.release import Service
from ..context import Deploy, Outcome
from .recreated import (
    CARRYING,
    ask_recreated,
    bear_errors,
    find_unasked,
    find_unasked_page,
    judge_service,
    own_containers,
    recreated_services,
    restarts_before,
    tell_unasked,
)

_POLL = 0.05
_IN_A_ROW = 3
_SETTLE = 2.0
"""Seconds that a container without any check has to run: a crash at start shows by then."""
_SETTLE_AGAIN = 0.5
"""The same where the release has served before, and who goes back to it is in a hurry."""
_WITHIN = 5.0
_QUOTED = 3
"""Services whose last words are told where any of them may have answered."""
_CERTIFIED_EVERY = 0.5
_ANSWER_WITHIN = 5.0
"""Seconds for answers once all containers are healthy: more waiting would not make a wrong answer right."""


def run_verify(deploy: Deploy) -> Outcome:
    """Prove that the release is fit to serve.

    Raises:
        ReleaseFault: it is not, with the evidence.
    """
    release = deploy.target.release
    began = time.monotonic()
    fresh = [one for one in _to_wait_for(deploy, deploy.host.list_containers()) if not _trails(deploy, one)]
    recreated = recreated_services(deploy)
    hurry = deploy.plan.kind == ROLLBACK
    with checking(deploy.engine, deploy.host.proved, hurry=hurry) as checks:
        _wait_for_containers(deploy, fresh, began + release.start_timeout, checks)
    containers = deploy.host.refresh_containers()
    _check_images(deploy, containers)
    deploy.progress.token = open_dark(deploy.paths, deploy.target.id)
    questions = list(_questions(deploy, containers))
    unasked = find_unasked(deploy, fresh, containers, questions)
    tell_unasked(deploy, [*unasked, *find_unasked_page(deploy, containers, questions)])
    _ask_all(deploy, fresh, questions, began + release.start_timeout)
    seen = [one for one in recreated if one.role != INSIDE]
    return Outcome(f"{len(release.rolled) + len(seen)} services, {len(questions)} answers")


def trailing_services(deploy: Deploy) -> list[Service]:
    """Those that were started before the switch, and are proved after it."""
    if deploy.plan.kind != ROLLBACK:
        return []
    return [one for one in _to_wait_for(deploy, deploy.host.seen) if _trails(deploy, one)]


def _trails(deploy: Deploy, service: Service) -> bool:
    """Whether users need not wait for it: who goes back is in a hurry, and no request of theirs comes to a worker.

    What shares files of the release may get requests by one of them, a socket.
    """
    release = deploy.target.release
    needed = with_called(release, release.routes)
    hurry = deploy.plan.kind == ROLLBACK
    return hurry and service.is_rolled and not service.together and service.name not in needed


def verify_late(deploy: Deploy, services: list[Service]) -> None:
    """Prove that services which users did not wait for are healthy, and what they should be.

    Raises:
        ReleaseFault: they are not, with the evidence.
    """
    deploy.host.list_containers()
    deadline = time.monotonic() + deploy.target.release.start_timeout
    hurry = deploy.plan.kind == ROLLBACK
    with checking(deploy.engine, deploy.host.proved, hurry=hurry) as checks:
        _wait_for_containers(deploy, services, deadline, checks)
    containers = deploy.host.refresh_containers()
    _check_images(deploy, containers)
    # Of pages it was told before the switch.
    tell_unasked(deploy, find_unasked(deploy, services, containers, ()))


def _to_wait_for(deploy: Deploy, containers: Sequence[Container]) -> list[Service]:
    """The services that start or are recreated, and those that run on though the engine has not looked at them yet."""
    started = {one.service for one in deploy.plan.of(START, CREATE, platform=False)}
    rolled = deploy.target.release.rolled.values()
    waited = [
        service
        for service in rolled
        if (service.name in started and not service.starts_late)
        or any(one.health == STARTING for one in own_containers(deploy, service, containers))
    ]
    return [*recreated_services(deploy), *waited]


def _wait_for_containers(
    deploy: Deploy, services: list[Service], deadline: float, checks: HealthChecks
) -> None:
    row = 0
    enough = _enough(deploy)
    began = time.monotonic()
    unproved = [one for one in services if one.gate == "running" and one.role not in CARRYING]
    settle = _settle(deploy) if unproved else 0.0
    while services:
        deploy.checkpoint()
        waiting = _first_waiting(deploy, services, checks)
        row = 0 if waiting else row + 1
        if row >= enough and time.monotonic() - began >= settle:
            return
        if waiting and time.monotonic() >= deadline:
            service, reason = waiting
            limit = deploy.target.release.start_timeout
            _refuse(deploy, service, f"{service.name} was not healthy within {limit:g} s: it {reason}", limit)
        time.sleep(pause_for(time.monotonic() - began, _POLL) if waiting else _POLL)


def _enough(deploy: Deploy) -> int:
    """How often in a row: whoever goes back is in a hurry, and to what has served before."""
    return 1 if deploy.plan.kind == ROLLBACK else _IN_A_ROW


def _settle(deploy: Deploy) -> float:
    return _SETTLE_AGAIN if deploy.plan.kind == ROLLBACK else _SETTLE


def _first_waiting(
    deploy: Deploy, services: list[Service], checks: Optional[HealthChecks] = None
) -> Optional[tuple[Service, str]]:
    """A service that is not ready yet, and why; one that has failed ends it all."""
    waiting = None
    restarts = restarts_before(deploy)
    for service in services:
        own = refresh_containers(deploy.engine, own_containers(deploy, service, deploy.host.seen))
        if len(own) < service.replicas:
            own = own_containers(deploy, service, deploy.host.list_containers())
        if checks is not None:
            checks.follow(service, own)
        verdict = judge_service(deploy, service, own, restarts=restarts)
        if verdict.state == FAILED:
            _refuse(deploy, service, f"{service.name} {verdict.reason}")
        if verdict.state != READY and waiting is None:
            waiting = service, verdict.reason
    return waiting


def _check_images(deploy: Deploy, containers: list[Container]) -> None:
    """The image that runs is the one that was scanned and published, by its digest."""
    for service in (*deploy.target.release.rolled.values(), *recreated_services(deploy)):
        if service.digest is None:
            deploy.host.note(f"{service.name}: its image has no digest, so that nobody can tell what runs")
            continue
        for image in {one.image_id for one in own_containers(deploy, service, containers)}:
            running = deploy.state.digests.get(image, ())
            if service.digests.isdisjoint(running):
                # It was not there yet, or not under this name: the engine takes 20 ms an image, so only then.
                running = read_digests(deploy.engine, image)
            if service.digests.isdisjoint(running):
                found = ", ".join(running) or image
                _refuse(deploy, service, f"{service.name} runs another image than the release's: {found}")


def _ask_all(deploy: Deploy, fresh: list[Service], questions: Sequence[Question], patience: float) -> None:
    """Ask every question until it was answered well often enough in a row.

    Who says nothing of its health but by answers gets the whole time that a start may take, until ``patience``.
    """
    asked = {question.service for question in questions}
    silent = {
        one.name for one in fresh if one.gate == "http" or (one.gate == "running" and one.name in asked)
    }
    soon = time.monotonic() + _ANSWER_WITHIN
    for question in questions:
        patient = question.service in silent if question.service else bool(silent)
        deadline = patience if patient else soon
        behind = _behind(deploy, fresh)
        _ask(deploy, question, deadline, patience, lambda: _first_waiting(deploy, fresh), behind)


def _ask(
    deploy: Deploy,
    question: Question,
    deadline: float,
    patience: float,
    crashed: Callable[[], object],
    behind: Sequence[Service],
) -> None:
    row = 0
    # Where nobody watches, nobody asks again.
    enough = _enough(deploy) if deploy.plan.window else _IN_A_ROW
    bears = bear_errors(deploy, question, deploy.host.seen)
    well = time.monotonic()
    while row < enough:
        deploy.checkpoint()
        token, within = "" if question.direct else deploy.progress.token, max(question.within, _WITHIN)
        answer = question.ask(token, within, checkpoint=deploy.checkpoint)
        fault = question.fault(answer)
        row = 0 if fault else row + 1
        well = well if question.is_error(answer) else time.monotonic()
        if fault and question.public and answer.tls:
            refusal = _read_refusal(deploy)
            if refusal is None and time.monotonic() < deadline:
                # It may be on its way.
                time.sleep(_CERTIFIED_EVERY)
                continue
            # A certificate may need the public to reach this host first: unknown is not wrong.
            deploy.host.warn(f"{question.about}: {refusal or fault}; the page could not be probed in public")
            deploy.progress.uncertified = (*deploy.progress.uncertified, question)
            return
        if fault:
            crashed()
            # A certificate may be on its way, and who asks for it waits: that is no answer yet.
            awaited = question.public and question.target.scheme == "https" and not answer.status
            over = time.monotonic() >= (patience if awaited else deadline)
            if over and awaited:
                _refuse_uncertified(deploy, f"{question.about} {fault}")
            tired = time.monotonic() - well >= bears
            if over or tired or _is_final(question, answer):
                lasting = f" for {bears:g} s on end, as users are answered, too" if tired and not over else ""
                release = deploy.target.release
                service = release.services.get(question.service or "")
                silent = service is not None and service.gate == "http" and not answer.status
                limit = release.start_timeout if silent or lasting else None
                _refuse(
                    deploy, service, f"{question.about} {fault}{lasting}", limit, () if service else behind
                )
            time.sleep(_POLL)


def _behind(deploy: Deploy, fresh: Sequence[Service]) -> list[Service]:
    """The services that the public's questions may have come to; nobody but they knows why an answer was bad."""
    release = deploy.target.release
    names = (*release.routes, *(one.name for one in fresh if one.role not in CARRYING))
    return [release.services[name] for name in dict.fromkeys(names) if name in release.services]


def _read_refusal(deploy: Deploy) -> Optional[CertificateRefusal]:
    """Why there is no certificate for the url, where the log of whoever ends its TLS tells."""
    release = deploy.target.release
    return read_refusal(deploy.engine, release, deploy.host.list_containers())


def _refuse_uncertified(deploy: Deploy, what: str) -> None:
    """Refuse a release that nobody can reach for want of a certificate, where that is the reason."""
    refusal = _read_refusal(deploy)
    if refusal is not None:
        raise ReleaseFault(what, why=refusal.why, fix=f"{refusal.fix}; then deploy again")


def _is_final(question: Question, answer: Answer) -> bool:
    """A good answer of a wrong release stays wrong."""
    return not answer.fault(question.expected) and bool(question.fault(answer))


def _questions(deploy: Deploy, containers: list[Container]) -> Iterator[Question]:
    release = deploy.target.release
    proxy = find_proxy(containers, release.proxy)
    if proxy is None:
        raise ReleaseFault(f"the proxy {release.proxy} does not run", service=release.proxy)
    for name in release.routes:
        yield from plan_direct(
            deploy.target, name, own_containers(deploy, release.services[name], containers)
        )
        yield from plan_inside(deploy.target, name, containers)
    yield from ask_recreated(deploy, containers)
    public = list(plan_public(deploy.target, proxy))
    if release.url and len(public) < len(public_probes(release)):
        deploy.host.warn(
            f"{release.url}: the proxy publishes no port for it, so that it was not probed in public"
        )
    yield from public


def _refuse(
    deploy: Deploy,
    service: Optional[Service],
    what: str,
    limit: Optional[float] = None,
    behind: Sequence[Service] = (),
) -> None:
    """Refuse the release, with what can be seen of the service that is to blame.

    ``limit`` is what it did not keep to; ``behind`` are those whose last words may tell, where nobody knows which it is.
    """
    details: tuple[str, ...] = ()
    why = advice = ""
    if service is not None:
        own = own_containers(deploy, service, deploy.host.list_containers())
        died = [one for one in own if one.has_died]
        bad = died or [one for one in own if not one.serves]
        for one in (bad or own)[:3]:
            details += read_evidence(deploy.engine, one)
        cause = explain_container(bad[0], details) if bad else ""
        silence = "" if died else explain_silence(deploy.engine, service, own)
        why = "; ".join(filter(None, (silence, cause)))
        advice = advise_start(own, limit)
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
