"""The output of the containers that serve, service by service or merged as it comes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Optional

from ..disk.hide import VaultMask
from ..disk.paths import Paths
from ..engine.containers import Container
from ..engine.engine import Engine
from ..shape.bundle import Bundle
from ..state.state import State, read_state
from ..wire.errors import InputFault
from ..wire.events import LogEvent


def stream_logs(
    paths: Paths, engine: Engine, service: Optional[str], tail: int, follow: bool
) -> Iterator[LogEvent]:
    """The output of the containers that serve, line by line.

    The values of the app's secrets are hidden in it.

    Raises:
        InputFault: no such service, or nothing serves.
    """
    state = read_state(paths, engine)
    if state.live is None:
        raise InputFault(
            f"{paths.app} has no release that serves", fix="`fairlead history` tells what happened"
        )
    chosen = list(_serving_containers(state, state.live))
    known = sorted({one.service for one in chosen})
    if service is not None:
        chosen = [one for one in chosen if one.service == service]
        if not chosen:
            raise InputFault(f"{service!r} is no service that runs", fix=f"there are: {', '.join(known)}")
    mask = VaultMask(paths)
    for line in _merge_logs(engine, chosen, tail, follow=follow):
        yield replace(line, line=mask.text(line.line))


def _serving_containers(state: State, live: Bundle) -> Iterator[Container]:
    for name, service in live.release.services.items():
        if not service.is_job:
            yield from state.of_service(name, live.homes.get(name, ""))


def _merge_logs(
    engine: Engine, containers: Iterable[Container], tail: int, *, follow: bool
) -> Iterator[LogEvent]:
    if not follow:
        for one in containers:
            for line in engine.logs(one.id, tail=tail):
                yield _log_line(one, line)
        return
    from .follow import follow_logs

    for one, line in follow_logs(engine, containers, tail):
        yield _log_line(one, line)


def _log_line(container: Container, line: str) -> LogEvent:
    return LogEvent(container.service, container.release, container.name, line)
