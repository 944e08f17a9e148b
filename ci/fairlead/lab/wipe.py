"""Take every app off a server of the lab, so that a story or a test starts on an empty one. Images stay."""

from __future__ import annotations

from fairlead.lab.engine import run_docker
from fairlead.lab.state import Server

# One shell on the server's console: every app and its data, but neither images nor known agents.
_SCRIPT = """
set -eu
containers=$(docker ps --all --quiet)
[ -z "$containers" ] || docker rm --force --volumes $containers
volumes=$(docker volume ls --quiet)
[ -z "$volumes" ] || docker volume rm --force $volumes
docker network prune --force
find /srv/fairlead -mindepth 1 -maxdepth 1 -not -name agents -exec rm -rf {} +
"""


def wipe_server(server: Server) -> None:
    """Remove the containers, volumes and networks on a server, and what Fairlead keeps of its apps.

    Raises:
        CommandFailedError: the server is not up, or its engine refuses.
    """
    run_docker("exec", server.name, "sh", "-c", _SCRIPT)
