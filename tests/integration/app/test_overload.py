"""The roles under more than they can do, by real clients that go away."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from tests.integration.app.board import Role, wait_for
from tests.patience import PATIENCE

CLIENTS = 1000


def leave(url: str, path: str) -> None:
    """Ask, and go away without the answer."""
    parts = urlsplit(url)
    with socket.create_connection((str(parts.hostname), parts.port or 80), 30) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: board\r\n\r\n".encode())
        # A reset: whoever writes to it is told so.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def _all_well(url: str, times: int) -> bool:
    """A crowded machine may be too slow for one of them now and then; one that has no place left is so for ever."""
    return all(httpx.get(url, timeout=PATIENCE).status_code == 200 for _ in range(times))


@pytest.mark.parametrize("role", ["web", "api"])
def test_a_thousand_callers_who_leave_cost_the_next_one_nothing(
    start: Callable[..., Role], api: Role, role: str
) -> None:
    """Nobody is refused after them, nothing of them goes on: web has its places and its connections to the api back."""
    asked = start("web", BOARD_API_URL=api.url) if role == "web" else api
    path = "/" if role == "web" else "/api/v1/overview"
    with ThreadPoolExecutor(50) as pool:
        list(pool.map(lambda _: leave(asked.url, path), range(CLIENTS)))

    def in_flight() -> float:
        text = httpx.get(f"{asked.url}/metrics", timeout=PATIENCE).text
        return next(
            float(line.split()[1])
            for line in text.splitlines()
            if line.startswith("board_http_requests_in_flight ")
        )

    # One is the question itself.
    wait_for("them to be given up", lambda: in_flight() <= 1)
    wait_for("forty in a row to be answered", lambda: _all_well(f"{asked.url}{path}", 40))
    assert httpx.get(f"{asked.url}/health/ready", timeout=PATIENCE).status_code == 200
    assert httpx.get(f"{asked.url}/health/deep", timeout=PATIENCE).status_code == 200
