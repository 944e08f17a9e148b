"""What a release starts or recreates in place, whatever its role: who that is, how it is judged, and who was asked nothing.

What is rolled has the old release beside it. What is recreated has not, so that it is looked at no less.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Optional

from ...disk.ledger import ROLLBACK
from ...engine.containers import UNCHECKED, Container, find_proxy
from ...watch.health import Readiness, judge_replicas
from ...watch.questions import Question, plan_recreated
from ...watch.unled import explain_unled
from ...wire.errors import ReleaseFault
from ...wire.inside import ROLE as INSIDE
from ...wire.inside import networks_of
from ...wire.release import Service
from ..context import Deploy
from .beside import is_replaced
from .platform import changed_services
from .undone import LATE

_UNREACHED = frozenset({"macvlan", "ipvlan"})
"""Networks in which a host does not reach its own containers."""
_ERRORS_SHARE = 1 / 8
_ERRORS_AT_LEAST = 3.0
CARRYING = ("proxy", INSIDE)
"""What carries requests, and is seen by whether these arrive."""


def recreated_services(deploy: Deploy) -> list[Service]:
    """The services of the platform that the release starts or recreates."""
    return [deploy.target.release.services[name] for name in changed_services(deploy)]


def own_containers(deploy: Deploy, service: Service, containers: Iterable[Container]) -> list[Container]:
    """The containers of a service, rolled or not, in the release that is to serve."""
    home = deploy.target.homes.get(service.name, "")
    return [
        one
        for one in containers
        if one.service == service.name
        and one.release == home
        and not one.oneoff
        and not is_replaced(one, deploy.target.release)
    ]


def judge_service(
    deploy: Deploy,
    service: Service,
    own: Sequence[Container],
    restarts: Mapping[str, int],
    *,
    since: Optional[Mapping[str, str]] = None,
) -> Readiness:
    """Whether all its replicas are fit; of a proxy only that it stays up while nothing served before.

    Its health check may well ask for a page.
    """
    first_proxy = service.role == "proxy" and deploy.state.live is None
    return judge_replicas(
        [replace(one, health=UNCHECKED) for one in own] if first_proxy else own,
        wanted=service.replicas,
        gate="running" if first_proxy else service.gate,
        restarts=restarts,
        since=since,
        proved=deploy.host.proved,
    )


def ask_recreated(deploy: Deploy, containers: Sequence[Container]) -> Iterator[Question]:
    """What is asked of each of them by itself."""
    networks = deploy.target.release.networks
    for service in recreated_services(deploy):
        drivers = {str((networks.get(name) or {}).get("driver", "")) for name in networks_of(service)}
        if not drivers & _UNREACHED:
            yield from plan_recreated(service, containers)


def bear_errors(deploy: Deploy, question: Question, containers: Sequence[Container]) -> float:
    """For how many seconds on end errors may be answered before they are final.

    The users of what is recreated get them all the while, so that this is a part of `start_timeout`, and not less than
    the `start_period` of its own health check. Of what is rolled, or first, nobody sees them.
    """
    asked = [
        one
        for one in recreated_services(deploy)
        if question.service == one.name or (question.service is None and one.role in LATE)
    ]
    if not asked or deploy.state.live is None:
        return math.inf
    own = [found for one in asked for found in own_containers(deploy, one, containers)]
    part = _ERRORS_SHARE * deploy.target.release.start_timeout
    return max(_ERRORS_AT_LEAST, part, *(one.start_period for one in own))


def find_unasked(
    deploy: Deploy,
    services: Iterable[Service],
    containers: Sequence[Container],
    questions: Sequence[Question],
) -> list[str]:
    """Of whom nothing more can be told than that he runs, in words. Zero questions are no proof."""
    asked = {one.service for one in questions}
    return [
        f"nothing tells whether {service.name} works: it has neither a health check nor a port to ask"
        for service in services
        if service.replicas
        and service.role not in CARRYING
        and service.name not in asked
        and not any(one.check for one in own_containers(deploy, service, containers))
    ]


def find_unasked_page(
    deploy: Deploy, containers: Sequence[Container], questions: Sequence[Question]
) -> list[str]:
    """Whether nothing is asked as users ask, in words."""
    proxy = find_proxy(list(containers), deploy.target.release.proxy)
    leads = proxy is not None and bool(proxy.ports)
    if not leads or any(one.public for one in questions):
        return []
    return [
        "no page was asked for as users ask: there is no url, or none that the proxy publishes a port for"
    ]


def tell_unasked(deploy: Deploy, unasked: Sequence[str]) -> None:
    """Say so, and remember it for the result.

    Raises:
        ReleaseFault: somebody could be asked nothing, and evidence was asked for.
    """
    deploy.progress.unasked = (*deploy.progress.unasked, *unasked)
    if unasked and deploy.options.require_evidence:
        raise ReleaseFault(unasked[0], why="evidence was asked for", fix=_FIX, details=tuple(unasked))
    for text in unasked:
        deploy.host.warn(f"{text}; {_FIX}")


def tell_unled(deploy: Deploy, services: Sequence[Service]) -> None:
    """Warn of what others may call and are not led to; that it is there, no file needs to say.

    Who goes back has been told, and is in a hurry.
    """
    for service in services if deploy.plan.kind != ROLLBACK else ():
        own = [one for one in own_containers(deploy, service, deploy.host.seen) if one.running]
        words = explain_unled(deploy.engine, deploy.target.release, service, own)
        if words:
            deploy.host.warn(words)


_FIX = "give it a `healthcheck:`, or `x-fairlead: {port: N}`; where users come, the environment's `url:`"
