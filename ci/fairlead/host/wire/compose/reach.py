"""Everything in a release that reaches the host or another app, as one list. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..inside import ROLE as INSIDE
from ..release import Release, Service
from .grants import READ_BY_COMPOSE, service_grants
from .resources import resource_grants

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .grants import Steps

KINDS = (
    *("privileged", "bind", "namespace", "device", "capability", "security"),
    *("volume", "network", "runtime", "provider", "label"),
)


@dataclass(frozen=True)
class Reach:
    """One thing that a release asks for beyond containers, networks and volumes of its own.

    ``kind`` is one of ``KINDS``; ``service`` is empty for a top-level network or volume; ``where`` is the key, like
    ``volumes[0]``; ``what`` says what it gives.
    """

    kind: str
    service: str
    where: str
    what: str


def find_reach(release: Release) -> tuple[Reach, ...]:
    """Everything in a release that reaches the host or another app, in the order of the document."""
    return tuple(_reach(release))


def _reach(release: Release) -> Iterator[Reach]:
    for service in release.services.values():
        if service.role == INSIDE:
            # Made on this host; no release may bring one.
            continue
        for kind, steps, what in service_grants(service.definition):
            yield Reach(kind, service.name, show_steps(steps), what)
        yield from _read_by_compose(service)
    for kind, resources in (("networks", release.networks), ("volumes", release.volumes)):
        for key, how in resources.items():
            for grant, steps, what in resource_grants(kind, key, release.app, how):
                yield Reach(grant, "", show_steps((kind, key, *steps)), what)


def _read_by_compose(service: Service) -> Iterator[Reach]:
    """Keys for which Compose reads files of the host; no client of Fairlead sends one."""
    for key in READ_BY_COMPOSE:
        if service.definition.get(key):
            yield Reach("bind", service.name, key, "Compose reads it from the host's own files")


def show_steps(steps: Steps) -> str:
    """A path in a document: ``volumes[0].source``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
