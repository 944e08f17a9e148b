"""Places that pass from one service to another: who has to end first does, and routes lead to either meanwhile."""

from __future__ import annotations

from collections.abc import Collection

from ...disk.atomic import SHOWN_FILE, write_file
from ...plan.handover import named_bridges
from ..context import Deploy
from ..graceful import stop_containers


def hand_over(deploy: Deploy, takers: Collection[str]) -> None:
    """End what must have ended before these are started; ``revert`` starts it again."""
    wanted = [one for one in deploy.plan.handovers if one.taker in takers]
    if not wanted:
        return
    containers = [one for one in deploy.host.list_containers() if any(each.has(one) for each in wanted)]
    for one in wanted:
        deploy.host.note(str(one))
    stop_containers(deploy.host, [one for one in containers if one.running])
    names = {deploy.target.release.services[name].definition.get("container_name") for name in takers}
    for container in containers:
        if container.name in names and not container.has_nameless_volume:
            deploy.engine.remove(container.id)


def open_bridges(deploy: Deploy) -> None:
    """Let the routes that serve lead to what is of the platform still, and rolled from this release on.

    The proxy and those who carry calls go by routes from now on, before the release has begun to serve.
    """
    live = deploy.state.live
    if live is None:
        return
    for service, name in named_bridges(deploy.target.release.routes, live.release).items():
        write_file(deploy.paths.route(live.id) / service, name.encode(), SHOWN_FILE)
