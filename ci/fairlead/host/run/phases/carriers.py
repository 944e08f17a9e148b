"""The containers that carry calls between services: seen to listen before anything relies on them, and ended gently."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Iterator, Sequence
from typing import Optional

from ...disk.atomic import SHOWN_FILE, write_file
from ...engine.containers import Container, find_proxy, read_app_containers
from ...watch.evidence import read_evidence
from ...watch.patience import wait_until
from ...watch.probe import Target, listens
from ...wire.caddy.snippet import LEAVING
from ...wire.errors import ReleaseFault
from ...wire.inside import ROLE, carried_by
from ..context import Deploy, Host
from ..graceful import stop_containers

_WAIT = 15.0
_POLL = 0.05
_LEAVING_SECONDS = 1.0
"""For so long before connections are closed each answer says that its own is: none that is busy is cut then."""

_END_WITHIN = 5.0


def wait_for_carriers(deploy: Deploy, names: Collection[str]) -> None:
    """Wait until these accept connections at each of their ports.

    Raises:
        ReleaseFault: one does not, with its last lines.
    """
    release = deploy.target.release
    for name in names:
        ports = release.called[carried_by(release.services[name])]
        found: list[Optional[Container]] = [None]

        def ready(
            name: str = name,
            ports: Collection[int] = ports,
            found: list[Optional[Container]] = found,
        ) -> bool:
            deploy.checkpoint()
            found[0] = find_proxy(read_app_containers(deploy.engine, deploy.paths), name)
            return found[0] is not None and accepts(found[0], ports)

        if not wait_until(ready, timeout=_WAIT, poll=_POLL):
            raise ReleaseFault(
                f"{name}, which carries calls between services, does not listen",
                why=f"nobody accepts a connection at port {' or '.join(map(str, ports))} after {_WAIT:g} s",
                fix="what serves was not touched; see what it printed last, quoted here",
                details=read_evidence(deploy.engine, found[0]) if found[0] is not None else (),
                service=name,
            )


@contextlib.contextmanager
def leaving(host: Host, carriers: Collection[Container]) -> Iterator[None]:
    """Close the connections of these within: before that, whoever uses one is told so with his answer."""
    if not carriers:
        yield
        return
    flag = host.paths.carried / LEAVING
    try:
        write_file(flag, b"", SHOWN_FILE)
        time.sleep(_LEAVING_SECONDS)
        yield
    finally:
        flag.unlink(missing_ok=True)


def end_carriers(host: Host, carriers: Sequence[Container]) -> None:
    """Stop them, when others answer to the same names already.

    One that ends is named by the engine's DNS as long as it runs, and accepts nobody any more: a stream, which never ends by
    itself, may not make that last.
    """
    running = [one for one in carriers if one.running]
    with leaving(host, running):
        stop_containers(host, running, within=_END_WITHIN)


def forget_leaving(host: Host) -> None:
    """Take back what an agent left that died within ``leaving``."""
    (host.paths.carried / LEAVING).unlink(missing_ok=True)


def forget_sockets(host: Host, gone: Collection[Container]) -> None:
    """Remove the admin sockets of carriers that are gone."""
    for one in gone:
        if one.role == ROLE:
            own = host.paths.inside_socket(one.service)
            for socket in (own, *own.parent.glob(f"{own.stem}+*.sock")):
                socket.unlink(missing_ok=True)


def accepts(container: Container, ports: Collection[int]) -> bool:
    """Whether a container accepts connections at each of these ports."""
    address = next(iter(container.addresses), None)
    return address is not None and all(listens(Target("http", address, port, "", "/")) for port in ports)
