"""Take every app off a server of the lab, so that a story or a test starts on an empty one. Images stay."""

from __future__ import annotations

from lab.engine import run_docker
from lab.state import Server

# One shell on the server's console: every app and its data, but neither images nor known agents.
# An agent may still be tidying up behind its last deploy: what it removes first is no reason to give up.
_SCRIPT = """
wipe() {
    containers=$(docker ps --all --quiet) &&
    { [ -z "$containers" ] || docker rm --force --volumes $containers; } &&
    volumes=$(docker volume ls --quiet) &&
    { [ -z "$volumes" ] || docker volume rm --force $volumes; } &&
    docker network prune --force &&
    find /srv/fairlead -mindepth 1 -maxdepth 1 -not -name agents -exec rm -rf {} +
}
for again in 1 2 3 4; do
    wipe && exit 0
    sleep 1
done
wipe
"""


def wipe_server(server: Server) -> None:
    """Remove the containers, volumes and networks on a server, and what Fairlead keeps of its apps.

    Raises:
        CommandFailedError: the server is not up, or its engine refuses.
    """
    run_docker("exec", server.name, "sh", "-c", _SCRIPT)
