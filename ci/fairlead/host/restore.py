"""Start what should serve and does not: after a host came back without its containers."""

from __future__ import annotations

from .bundle import read_bundle
from .containers import read_app_containers
from .context import Host
from .routes import read_live


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
