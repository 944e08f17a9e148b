"""verify: nothing is believed that was not seen. Containers, images, answers: each three times in a row.

What has served before, and somebody goes back to in a hurry, once: the watch asks again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Optional

from ...disk.ledger import ROLLBACK
from ...disk.routes import open_dark
from ...engine.containers import Container, find_proxy
from ...watch.certificates import CertificateRefusal, read_refusal
from ...watch.healthcheck import checking
from ...watch.probe import Answer
from ...watch.questions import Question, plan_direct, plan_inside, plan_public, public_probes
from ...wire.errors import ReleaseFault
from ...wire.inside import ROLE as INSIDE
from ...wire.release import Service
from ..context import Deploy, Outcome
from .proof import IN_A_ROW, Proof, check_images, enough_of, first_waiting, to_wait_for
from .recreated import (
    CARRYING,
    ask_recreated,
    bear_errors,
    find_unasked,
    find_unasked_page,
    own_containers,
    recreated_services,
    tell_unasked,
    tell_unled,
)
from .refusing import refuse
from .starting import crashes_of, look_again, tell_crashes
from .trailing import trails

_POLL = 0.05
_WITHIN = 5.0
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
    containers = deploy.look()
    fresh = [one for one in to_wait_for(deploy, containers) if not trails(deploy, one)]
    answers = None
    while answers is None:
        # Again where one crashed meanwhile, and is started again: it may have another address.
        answers = _prove(deploy, fresh, containers, began + release.start_timeout)
    tell_unled(deploy, fresh)
    seen = [one for one in recreated_services(deploy) if one.role != INSIDE]
    services = f"{len(release.rolled) + len(seen)} services"
    return Outcome(", ".join([services, f"{answers} answers", *tell_crashes(deploy)]))


def _prove(
    deploy: Deploy, fresh: list[Service], containers: list[Container], deadline: float
) -> Optional[int]:
    """Wait for the containers and ask everything; how many answers there were, None where one crashed meanwhile."""
    with checking(deploy.engine, deploy.host.proved, hurry=deploy.plan.kind == ROLLBACK) as checks:
        Proof(deploy, fresh, checks, deadline).wait()
    if fresh:
        containers = look_again(deploy)
    check_images(deploy, containers)
    is_first = not deploy.progress.token
    deploy.progress.token = open_dark(deploy.paths, deploy.target.id)
    questions = list(_questions(deploy, containers))
    if is_first:
        unasked = find_unasked(deploy, fresh, containers, questions)
        tell_unasked(deploy, [*unasked, *find_unasked_page(deploy, containers, questions)])
    return len(questions) if _ask_all(deploy, fresh, questions, deadline) else None


def _ask_all(deploy: Deploy, fresh: list[Service], questions: Sequence[Question], patience: float) -> bool:
    """Ask every question until it was answered well often enough in a row; False where one crashed meanwhile.

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
        if not _ask(deploy, question, deadline, patience, lambda: _has_crashed(deploy, fresh), behind):
            return False
    return True


def _has_crashed(deploy: Deploy, fresh: list[Service]) -> bool:
    """Whether one has crashed since this was last asked; one that comes to nothing ends it all."""
    before = crashes_of(deploy).total
    first_waiting(deploy, fresh)
    return crashes_of(deploy).total > before


def _ask(
    deploy: Deploy,
    question: Question,
    deadline: float,
    patience: float,
    crashed: Callable[[], bool],
    behind: Sequence[Service],
) -> bool:
    row = 0
    # Where nobody watches, nobody asks again.
    enough = enough_of(deploy) if deploy.plan.window else IN_A_ROW
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
            return True
        if fault:
            if crashed():
                return False
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
                refuse(
                    deploy, service, f"{question.about} {fault}{lasting}", limit, () if service else behind
                )
            time.sleep(_POLL)
    return True


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
