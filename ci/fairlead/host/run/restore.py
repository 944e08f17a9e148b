"""Start what should serve and does not: after a host or an engine came back without it, or an agent died in a switch."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Optional

from ..disk.routes import service_name
from ..engine.containers import Container, read_app_containers, refresh_containers, release_project
from ..shape.bundle import Bundle, compose_file
from ..watch.patience import wait_until
from ..wire.errors import AgentError
from .context import Host

_AT_ONCE = 8
_WAIT = 30.0
_POLL = 0.1


def find_stopped(live: Optional[Bundle], containers: Sequence[Container]) -> list[Container]:
    """The containers of the release that serves, and of the platform, that do not run. Pure."""
    if live is None:
        return []
    return [one for one in containers if not one.running and not one.oneoff and _is_wanted(one, live)]


def start_stopped(host: Host, live: Optional[Bundle], containers: Sequence[Container]) -> list[Container]:
    """Start them, and say so; who cannot be started is told as a warning. Does not wait for their health."""
    stopped = find_stopped(live, containers)

    def start(container: Container) -> str:
        try:
            host.engine.start(container.id)
        except AgentError as error:
            return error.why or error.what
        return ""

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        faults = list(pool.map(start, stopped))
    for container, fault in zip(stopped, faults):
        if fault:
            host.warn(f"{container.name} should run, and cannot be started: {fault}")
        else:
            host.note(f"{container.name} was stopped: started")
    return [container for container, fault in zip(stopped, faults) if not fault]


def restart_serving(host: Host, live: Optional[Bundle]) -> list[str]:
    """Start what is stopped and wait until it serves, for half a minute at most; what was done, in words."""
    started = start_stopped(host, live, host.list_containers())
    if started and not wait_until(
        lambda: all(one.serves for one in refresh_containers(host.engine, started)),
        timeout=_WAIT,
        poll=_POLL,
    ):
        host.warn(f"started, and not healthy after {_WAIT:g} s: see `fairlead logs`")
    return [f"{container.name} was stopped: started" for container in started]


def create_late(host: Host, live: Bundle) -> list[str]:
    """Make the workers that were to start after the switch, where the agent died between the two; say which."""
    there = {(one.service, one.release) for one in read_app_containers(host.engine, host.paths)}
    made = []
    for name, home in live.homes.items():
        if not live.release.services[name].starts_late or (name, home) in there:
            continue
        words = ("up", "--detach", "--no-deps", "--no-build", service_name(name, home))
        project, file = release_project(host.paths.app, home), compose_file(host.paths, home)
        done = host.engine.compose(project, file, *words)
        made.append(f"{name} had not been started: {'started' if done.ok else 'it cannot be started'}")
    return made


def _is_wanted(container: Container, live: Bundle) -> bool:
    service = live.release.services.get(container.service)
    known = service is not None and not service.is_job
    return known and live.homes.get(container.service, "") == container.release
