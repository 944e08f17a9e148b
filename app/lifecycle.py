"""Serves an application and stops it without losing a request.

On SIGTERM, readiness turns false at once while requests are still taken for ``drain`` seconds,
so that whoever routes by readiness moves on; then the socket closes and requests in flight finish.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

log = logging.getLogger(__name__)

IN_FLIGHT_TIMEOUT = 20
"""Seconds that requests in flight get to finish; below the container's stop_grace_period."""

KEEP_ALIVE = 130
"""Seconds that an idle connection is kept: longer than Caddy's own two minutes, so that it is the proxy that
closes an idle connection, never this server just as a request is sent on it."""


class Lifecycle:
    """Whether this process is on its way out."""

    def __init__(self) -> None:
        self.draining = False


class DrainingServer(uvicorn.Server):
    """A uvicorn server that drains before it stops; a second signal stops it at once."""

    def __init__(self, config: uvicorn.Config, lifecycle: Lifecycle, drain: float) -> None:
        super().__init__(config)
        self._lifecycle = lifecycle
        self._drain = drain

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Turn unready now, stop taking connections ``drain`` seconds later."""
        if self._lifecycle.draining:
            self.should_exit = self.force_exit = True
            return
        self._lifecycle.draining = True
        log.info("draining", extra={"signal": signal.Signals(sig).name, "seconds": self._drain})
        asyncio.get_running_loop().call_later(self._drain, self._stop)

    def _stop(self) -> None:
        self.should_exit = True


def serve(application: ASGIApp, *, port: int, drain: float, lifecycle: Lifecycle) -> int:
    """Serve until a signal; returns the exit code: 0, or 1 if the application could not start."""
    config = uvicorn.Config(
        application,
        host="0.0.0.0",  # noqa: S104  a container is reached through its network
        port=port,
        http="httptools",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=IN_FLIGHT_TIMEOUT,
    )
    server = DrainingServer(config, lifecycle, drain)
    try:
        server.run()
    except SystemExit as error:
        # uvicorn leaves by itself when the port is taken or the application does not start; it has logged why.
        return error.code if isinstance(error.code, int) else 1
    return 0 if server.started else 1
