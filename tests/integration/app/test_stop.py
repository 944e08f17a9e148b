from __future__ import annotations

import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.integration.app.board import Backends, Role, make_document, post, wait_for
from tests.patience import PATIENCE


def test_sigterm_turns_unready_first_and_loses_no_request(
    backends: Backends, start: Callable[..., Role]
) -> None:
    """A request that the database holds up is answered after SIGTERM, one that comes while draining is too."""
    api = start("api", BOARD_DRAIN_SECONDS="7")
    document = make_document()
    with backends.connect() as connection, ThreadPoolExecutor() as pool:
        connection.autocommit = False
        connection.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
        held_up = pool.submit(post, api, document)
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        wait_for(
            "the request to reach the database", lambda: (connection.execute(waiting).fetchone() or (0,))[0]
        )

        api.signal(signal.SIGTERM)
        answer = wait_for("unready", lambda: _unready(api))
        assert "draining" in answer.json()["checks"]
        assert answer.headers["Connection"] == "close"
        assert httpx.get(f"{api.url}/health").status_code == 200
        assert not held_up.done()
        connection.rollback()
        assert held_up.result(30).status_code == 202
    assert api.wait() == 0
    assert any(line["message"] == "draining" for line in api.lines())


def _unready(api: Role) -> httpx.Response | None:
    answer = httpx.get(f"{api.url}/health/ready", timeout=PATIENCE)
    return answer if answer.status_code == 503 else None


def test_a_request_in_flight_outlives_the_drain(backends: Backends, start: Callable[..., Role]) -> None:
    """The socket is closed to new connections, and the request that is being served still gets its answer."""
    api = start("api", BOARD_DRAIN_SECONDS="0")
    with backends.connect() as connection, ThreadPoolExecutor() as pool:
        connection.autocommit = False
        connection.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
        held_up = pool.submit(post, api, make_document())
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        wait_for(
            "the request to reach the database", lambda: (connection.execute(waiting).fetchone() or (0,))[0]
        )
        api.signal(signal.SIGTERM)
        wait_for("the socket to close", lambda: _refuses(api))
        connection.rollback()
        assert held_up.result(30).status_code == 202
    assert api.wait() == 0


def _refuses(api: Role) -> bool:
    try:
        httpx.get(f"{api.url}/health", timeout=PATIENCE)
    except httpx.ConnectError:
        return True
    return False
