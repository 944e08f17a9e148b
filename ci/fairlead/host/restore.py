"""Start what should serve and does not: after a host came back without its containers, or an agent died in a switch."""

from __future__ import annotations

from .bundle import Bundle, compose_file, read_bundle
from .containers import read_app_containers, release_project
from .context import Host
from .routes import read_live, service_name


def restart_serving(host: Host) -> list[str]:
    """Start the stopped containers of the release that serves and of the platform; say which."""
    live = read_bundle(host.paths, read_live(host.paths))
    if live is None:
        return []
    started = []
    for container in read_app_containers(host.engine, host.paths):
        service = live.release.services.get(container.service)
        wanted = service is not None and not service.is_job and not container.oneoff
        if wanted and not container.running and live.homes.get(container.service, "") == container.release:
            host.engine.start(container.id)
            started.append(f"{container.name} was stopped: started")
    return started


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
