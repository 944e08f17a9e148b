from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.asgi import Envelope, accept_request_id
from app.health import Check, Health, run_checks
from app.healthcheck import probe_heartbeat
from app.lifecycle import Lifecycle
from app.logs import JsonFormatter, request_id
from app.store.schema import MIGRATIONS, SchemaBehindError, judge_schema, read_revisions


async def _hello(_request: Request) -> Response:
    return PlainTextResponse(request_id.get())


async def _broken(_request: Request) -> Response:
    raise RuntimeError("broken")


class Client:
    """Asks an application in this process."""

    def __init__(self, lifecycle: Lifecycle, ready: Mapping[str, Check]) -> None:
        health = Health(lifecycle, "abc", ready=ready, deep={})
        routes = [
            Route("/", _hello),
            Route("/broken", _broken),
            Route("/health/ready", health.ready_endpoint),
        ]
        self._application = Envelope(Starlette(routes=routes), release="abc", lifecycle=lifecycle)

    def get(self, path: str, **headers: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._application, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
                return await client.get(path, headers=headers)

        return asyncio.run(ask())


async def _good() -> str:
    return "answers"


async def _bad() -> str:
    raise ConnectionError("refused")


async def _slow() -> str:
    await asyncio.sleep(5)
    return "late"


def test_every_answer_carries_release_and_request_id() -> None:
    client = Client(Lifecycle(), {})
    answer = client.get("/", **{"X-Request-ID": "from-the-caller"})
    assert (answer.text, answer.headers["X-Request-ID"]) == ("from-the-caller", "from-the-caller")
    for path, status in (("/nowhere", 404), ("/broken", 500)):
        answer = client.get(path)
        assert answer.status_code == status
        assert answer.headers["X-Release"] == "abc"
        assert len(answer.headers["X-Request-ID"]) == 32


@pytest.mark.parametrize(
    "offered", ["", "short", "with space here", 'quote"quote"', "x" * 200, "new\nline-new-line"]
)
def test_an_unfit_request_id_is_replaced(offered: str) -> None:
    assert accept_request_id(offered) != offered


def test_while_draining_nothing_is_ready_and_clients_are_sent_away() -> None:
    lifecycle = Lifecycle()
    client = Client(lifecycle, {"database": _good})
    assert client.get("/health/ready").status_code == 200
    lifecycle.draining = True
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.headers["Connection"]) == (503, "close")
    assert answer.json()["checks"]["draining"]["good"] is False
    assert client.get("/").status_code == 200


def test_readiness_names_what_is_missing() -> None:
    answer = Client(Lifecycle(), {"database": _bad, "cache": _good}).get("/health/ready")
    checks: dict[str, Any] = answer.json()["checks"]
    assert answer.status_code == 503
    assert checks["database"]["detail"] == "ConnectionError: refused"
    assert checks["cache"]["good"] is True


def test_what_keeps_it_from_being_ready_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    lifecycle = Lifecycle()
    client = Client(lifecycle, {"cache": _good})
    with caplog.at_level(logging.INFO, "app.health"):
        for draining in (False, False, True, True):
            lifecycle.draining = draining
            client.get("/health/ready")
    assert caplog.messages == ["ready", "not ready: draining: this process is stopping"]


def test_a_check_that_hangs_has_failed() -> None:
    (finding,) = asyncio.run(run_checks({"cache": _slow}, limit=0.01))
    assert (finding.good, finding.detail) == (False, "no answer within 0.01 s")


def test_a_log_line_is_one_json_object_with_extras_and_the_request() -> None:
    record = logging.makeLogRecord(
        {"name": "app", "levelname": "INFO", "msg": "said %s", "args": ("é\n",), "status": 200}
    )
    token = request_id.set("the-request")
    try:
        text = JsonFormatter("api", "abc").format(record)
    finally:
        request_id.reset(token)
    line = json.loads(text)
    assert "\n" not in text
    assert (line["message"], line["status"], line["request_id"], line["service"]) == (
        "said é\n",
        200,
        "the-request",
        "api",
    )


def test_a_database_behind_is_not_ready_and_one_ahead_is() -> None:
    known = read_revisions()
    assert len(known) >= 2
    assert judge_schema(known[0], known) == f"at {known[0]}"
    assert judge_schema("ffff", known) == f"at ffff, ahead of {known[0]}"
    for behind in (None, known[-1]):
        with pytest.raises(SchemaBehindError, match="run migrate"):
            judge_schema(behind, known)


def test_the_migrations_are_those_that_alembic_finds() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    found = ScriptDirectory.from_config(config).walk_revisions()
    assert read_revisions() == tuple(script.revision for script in found)


def test_a_worker_without_a_heartbeat_is_ill(tmp_path: Any) -> None:
    heartbeat = tmp_path / "heartbeat"
    assert probe_heartbeat(heartbeat, 0) == (False, "no heartbeat: No such file or directory")
    heartbeat.touch()
    now = heartbeat.stat().st_mtime
    assert probe_heartbeat(heartbeat, now + 1)[0]
    assert not probe_heartbeat(heartbeat, now + 60)[0]
