"""What a running Caddy is told by its admin socket."""

from __future__ import annotations

import http.client
from pathlib import Path

from .bounded import Bound, connect_unix
from .unixhttp import UnixConnection

_SECONDS = 10.0
_MAX_ANSWER = 1 << 16


def load_caddyfile(socket: Path, text: str) -> str:
    """Have a Caddy go by this text from now on; what it says where it does not, empty when it does.

    It listens at new ports before it closes old ones, and goes on as it was where the text does not hold.
    """
    return _post(socket, "/load", text.encode())


def is_up(socket: Path) -> bool:
    """Whether a Caddy listens at its admin socket, which outlasts it."""
    try:
        connect_unix(socket, Bound(_SECONDS, 0)).close()
    except (OSError, ValueError):
        return False
    return True


def stop_caddy(socket: Path) -> str:
    """Have a Caddy end; what it says where it does not."""
    return _post(socket, "/stop", b"")


def _post(socket: Path, path: str, content: bytes) -> str:
    connection = UnixConnection(str(socket), Bound(_SECONDS, _MAX_ANSWER), foreign=True)
    try:
        connection.request("POST", path, content, {"Content-Type": "text/caddyfile"})
        with connection.getresponse() as answer:
            said = answer.read(_MAX_ANSWER).decode(errors="replace")
        return "" if answer.status == http.client.OK else said.strip() or f"it answers {answer.status}"
    except (OSError, http.client.HTTPException, ValueError, OverflowError) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
