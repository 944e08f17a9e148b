"""The container's own health check: ``python -m app.healthcheck PATH`` or ``… worker``.

The images hold no curl; this imports little, because it runs every few seconds.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

HEARTBEAT = Path("/tmp/board-worker-heartbeat")  # noqa: S108  the container's own tmpfs
HEARTBEAT_LIMIT = 20.0
"""Seconds after which a worker that has not touched its file is taken for stuck."""


def main(arguments: list[str]) -> int:
    """0 if healthy; else 1, with the reason on stdout, which ``docker inspect`` keeps."""
    if arguments == ["worker"]:
        good, reason = probe_heartbeat(HEARTBEAT, time.time())
    else:
        good, reason = probe_http(arguments[0], int(os.environ.get("BOARD_PORT", "8000")))
    print(reason)  # noqa: T201  the engine keeps it as the health check's output
    return 0 if good else 1


def probe_http(path: str, port: int) -> tuple[bool, str]:
    """Whether this container's server answers ``path`` with 200, and what it answered."""
    # Imported here: it is most of what this process costs, and a worker's check runs while the worker itself is starting.
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status == 200, f"{response.status} {response.read(2000).decode(errors='replace')}"
    except (OSError, http.client.HTTPException) as error:
        return False, f"{type(error).__name__}: {error}"
    finally:
        connection.close()


def probe_heartbeat(heartbeat: Path, now: float) -> tuple[bool, str]:
    """Whether the worker has touched its file lately."""
    try:
        age = now - heartbeat.stat().st_mtime
    except OSError as error:
        return False, f"no heartbeat: {error.strerror}"
    return age < HEARTBEAT_LIMIT, f"last heartbeat {age:.1f} s ago"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
