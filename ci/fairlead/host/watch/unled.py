"""Ports at which a rolled service listens, and to which nothing leads the services that call it by its name.

No file has to name a port that a program opens: only when it runs can be seen that it is there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..engine.containers import Container
from ..engine.engine import Engine
from ..wire.inside import networks_of
from ..wire.release import Release, Service
from .listening import Listener, read_listeners

_EPHEMERAL = 32768
_CALLING = ("app", "worker", "job", "ops")
_SHOWN = 4


def explain_unled(engine: Engine, release: Release, service: Service, own: Sequence[Container]) -> str:
    """Such ports of a service, in words; empty where there are none, or nobody could call it."""
    if not own or not _may_be_called(release, service):
        return ""
    ports = find_unled(read_listeners(engine, own[0]) or (), release.called.get(service.name, ()))
    if not ports:
        return ""
    shown = ", ".join(map(str, ports[:_SHOWN])) + (", …" if len(ports) > _SHOWN else "")
    return (
        f"{service.name} listens at port {shown} too, to which nothing leads the services that call it by its name; "
        f'where one does, and by HTTP, say so: `expose: ["{ports[0]}"]`'
    )


def find_unled(listeners: Collection[Listener], led: Collection[int]) -> list[int]:
    """The ports that are open to others and are not led to; one that the kernel has chosen is nobody's to know. Pure."""
    open_ports = {one.port for one in listeners if not one.is_loopback and one.port < _EPHEMERAL}
    return sorted(open_ports - set(led))


def _may_be_called(release: Release, service: Service) -> bool:
    """Whether somebody else could, who is not led to its own containers within the release."""
    others = [one for one in release.services.values() if one.name != service.name and one.role in _CALLING]
    own = networks_of(service).keys()
    return service.is_rolled and any(
        service.name not in one.calls and own & networks_of(one).keys() for one in others
    )
