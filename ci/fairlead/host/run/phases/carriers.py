"""The containers that carry calls between services listen before anything relies on them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Optional

from ...engine.containers import Container, find_proxy, read_app_containers
from ...watch.evidence import read_evidence
from ...watch.patience import wait_until
from ...watch.probe import Target, listens
from ...wire.errors import ReleaseFault
from ...wire.inside import ROLE, carried_by
from ..context import Deploy, Host

_WAIT = 15.0
_POLL = 0.05


def wait_for_carriers(deploy: Deploy, names: Collection[str]) -> None:
    """Wait until these accept connections at each of their ports.

    Raises:
        ReleaseFault: one does not, with its last lines.
    """
    release = deploy.target.release
    for name in names:
        ports = [port for service in carried_by(release.services[name]) for port in release.called[service]]
        found: list[Optional[Container]] = [None]

        def ready(
            name: str = name, ports: list[int] = ports, found: list[Optional[Container]] = found
        ) -> bool:
            deploy.checkpoint()
            found[0] = find_proxy(read_app_containers(deploy.engine, deploy.paths), name)
            return found[0] is not None and _accepts(found[0], ports)

        if not wait_until(ready, timeout=_WAIT, poll=_POLL):
            raise ReleaseFault(
                f"{name}, which carries calls between services, does not listen",
                why=f"nobody accepts a connection at port {' or '.join(map(str, ports))} after {_WAIT:g} s",
                fix="what serves was not touched; see what it printed last, quoted here",
                details=read_evidence(deploy.engine, found[0]) if found[0] is not None else (),
                service=name,
            )


def forget_sockets(host: Host, gone: Collection[Container]) -> None:
    """Remove the admin sockets of carriers that are gone."""
    for one in gone:
        if one.role == ROLE:
            host.paths.inside_socket(one.service).unlink(missing_ok=True)


def _accepts(container: Container, ports: Collection[int]) -> bool:
    address = next(iter(container.addresses), None)
    return address is not None and all(listens(Target("http", address, port, "", "/")) for port in ports)
