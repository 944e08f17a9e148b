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
from ...watch.certificates import Refusal, read_refusal
from ...watch.healthcheck import checking
from ...watch.probe import Answer
from ...watch.questions import Question, plan_direct, plan_inside, plan_public, public_probes
from ...wire.errors import ReleaseFault
from ...wire.inside import ROLE as INSIDE
from ...wire.release import Service
from ..context import Context, Outcome
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


def run_verify(context: Context) -> Outcome:
    """Prove that the release is fit to serve.

    Raises:
        ReleaseFault: it is not, with the evidence.
    """
    release = context.target.release
    began = time.monotonic()
    containers = context.look()
    fresh = [one for one in to_wait_for(context, containers) if not trails(context, one)]
    answers = None
    while answers is None:
        # Again where one crashed meanwhile, and is started again: it may have another address.
        answers = _prove(context, fresh, containers, began + release.start_timeout)
    tell_unled(context, fresh)
    seen = [one for one in recreated_services(context) if one.role != INSIDE]
    services = f"{len(release.rolled) + len(seen)} services"
    return Outcome(", ".join([services, f"{answers} answers", *tell_crashes(context)]))


def _prove(
    context: Context, fresh: list[Service], containers: list[Container], deadline: float
) -> Optional[int]:
    """Wait for the containers and ask everything; how many answers there were, None where one crashed meanwhile."""
    with checking(context.engine, context.host.proved, hurry=context.plan.kind == ROLLBACK) as checks:
        Proof(context, fresh, checks, deadline).wait()
    if fresh:
        containers = look_again(context)
    check_images(context, containers)
    is_first = not context.token
    context.token = open_dark(context.paths, context.target.id)
    questions = list(_questions(context, containers))
    if is_first:
        unasked = find_unasked(context, fresh, containers, questions)
        tell_unasked(context, [*unasked, *find_unasked_page(context, containers, questions)])
    return len(questions) if _ask_all(context, fresh, questions, deadline) else None


def _ask_all(context: Context, fresh: list[Service], questions: Sequence[Question], patience: float) -> bool:
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
        behind = _behind(context, fresh)
        if not _ask(context, question, deadline, patience, lambda: _has_crashed(context, fresh), behind):
            return False
    return True


def _has_crashed(context: Context, fresh: list[Service]) -> bool:
    """Whether one has crashed since this was last asked; one that comes to nothing ends it all."""
    before = crashes_of(context).total
    first_waiting(context, fresh)
    return crashes_of(context).total > before


def _ask(
    context: Context,
    question: Question,
    deadline: float,
    patience: float,
    crashed: Callable[[], bool],
    behind: Sequence[Service],
) -> bool:
    row = 0
    # Where nobody watches, nobody asks again.
    enough = enough_of(context) if context.plan.window else IN_A_ROW
    bears = bear_errors(context, question, context.host.seen)
    well = time.monotonic()
    while row < enough:
        context.heed()
        token, within = "" if question.direct else context.token, max(question.within, _WITHIN)
        answer = question.ask(token, within, heed=context.heed)
        fault = question.fault(answer)
        row = 0 if fault else row + 1
        well = well if question.is_error(answer) else time.monotonic()
        if fault and question.public and answer.tls:
            refusal = _read_refusal(context)
            if refusal is None and time.monotonic() < deadline:
                # It may be on its way.
                time.sleep(_CERTIFIED_EVERY)
                continue
            # A certificate may need the public to reach this host first: unknown is not wrong.
            context.host.warn(f"{question.about}: {refusal or fault}; the page could not be probed in public")
            context.uncertified = (*context.uncertified, question)
            return True
        if fault:
            if crashed():
                return False
            # A certificate may be on its way, and who asks for it waits: that is no answer yet.
            awaited = question.public and question.target.scheme == "https" and not answer.status
            over = time.monotonic() >= (patience if awaited else deadline)
            if over and awaited:
                _refuse_uncertified(context, f"{question.about} {fault}")
            tired = time.monotonic() - well >= bears
            if over or tired or _is_final(question, answer):
                lasting = f" for {bears:g} s on end, as users are answered, too" if tired and not over else ""
                release = context.target.release
                service = release.services.get(question.service or "")
                silent = service is not None and service.gate == "http" and not answer.status
                limit = release.start_timeout if silent or lasting else None
                refuse(
                    context, service, f"{question.about} {fault}{lasting}", limit, () if service else behind
                )
            time.sleep(_POLL)
    return True


def _behind(context: Context, fresh: Sequence[Service]) -> list[Service]:
    """The services that the public's questions may have come to; nobody but they knows why an answer was bad."""
    release = context.target.release
    names = (*release.routes, *(one.name for one in fresh if one.role not in CARRYING))
    return [release.services[name] for name in dict.fromkeys(names) if name in release.services]


def _read_refusal(context: Context) -> Optional[Refusal]:
    """Why there is no certificate for the url, where the log of whoever ends its TLS tells."""
    release = context.target.release
    return read_refusal(context.engine, release, context.host.list_containers())


def _refuse_uncertified(context: Context, what: str) -> None:
    """Refuse a release that nobody can reach for want of a certificate, where that is the reason."""
    refusal = _read_refusal(context)
    if refusal is not None:
        raise ReleaseFault(what, why=refusal.why, fix=f"{refusal.fix}; then deploy again")


def _is_final(question: Question, answer: Answer) -> bool:
    """A good answer of a wrong release stays wrong."""
    return not answer.fault(question.expected) and bool(question.fault(answer))


def _questions(context: Context, containers: list[Container]) -> Iterator[Question]:
    release = context.target.release
    proxy = find_proxy(containers, release.proxy)
    if proxy is None:
        raise ReleaseFault(f"the proxy {release.proxy} does not run", service=release.proxy)
    for name in release.routes:
        yield from plan_direct(
            context.target, name, own_containers(context, release.services[name], containers)
        )
        yield from plan_inside(context.target, name, containers)
    yield from ask_recreated(context, containers)
    public = list(plan_public(context.target, proxy))
    if release.url and len(public) < len(public_probes(release)):
        context.host.warn(
            f"{release.url}: the proxy publishes no port for it, so that it was not probed in public"
        )
    yield from public
