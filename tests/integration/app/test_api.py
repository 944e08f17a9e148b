from __future__ import annotations

import uuid
from collections.abc import Callable

import httpx
import pytest

from tests.integration.app.board import (
    RELEASE,
    SECRET,
    Backends,
    Role,
    make_document,
    post,
    run_role,
    wait_for,
)
from tests.patience import PATIENCE
from tests.ports import free_port


def test_an_event_is_taken_once_and_a_repeat_changes_nothing(api: Role) -> None:
    document = make_document()
    first, again = post(api, document), post(api, document | {"status": "failed"})
    assert (first.status_code, first.json()) == (202, {"id": document["id"], "repeated": False})
    assert (again.status_code, again.json()) == (200, {"id": document["id"], "repeated": True})
    kept = httpx.get(f"{api.url}/api/v1/events/{document['id']}").json()
    seconds = round(document["finished_at"] - document["started_at"], 1)
    assert (kept["status"], kept["seconds"], kept["images"]) == ("live", seconds, document["images"])


def test_an_event_needs_the_token_whatever_it_says(api: Role) -> None:
    for token in ("wrong", SECRET[:-1], SECRET + "x"):
        assert post(api, make_document(), token).status_code == 401
    refused = httpx.post(f"{api.url}/api/v1/events", json={"nonsense": True})
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert post(api, {"nonsense": True}).status_code == 422


def test_the_board_follows_from_the_events(api: Role) -> None:
    """What serves, the releases and the timeline after: two deploys, a refused one, a rollback."""
    begin = make_document()
    app = begin["app"]

    def tell(minute: float, **changes: object) -> None:
        moment = begin["started_at"] + 60 * minute
        document = (
            begin | {"id": str(uuid.uuid4()), "started_at": moment, "finished_at": moment + 5} | changes
        )
        assert post(api, document).status_code == 202

    tell(0, release="000001", previous=None, serving="000001")
    tell(1, release="000002", previous="000001", serving="000002", by="bob")
    tell(2, release="000003", previous="000002", serving="000002", status="refused", error={"what": "ill"})
    environment = httpx.get(f"{api.url}/api/v1/apps/{app}/environments/production").json()
    (host,) = environment["hosts"]
    assert (host["release"], host["by"], host["last"]["status"]) == ("000002", "bob", "refused")
    assert host["last"]["error"] == {"what": "ill", "why": ""}

    tell(3, release="000001", previous="000002", serving="000001", kind="rollback")
    # Told late, because the board was away: it happened before the rollback.
    tell(2.5, release="000004", previous="000002", serving="000002", status="failed")
    (host,) = httpx.get(f"{api.url}/api/v1/apps/{app}/environments").json()[0]["hosts"]
    assert (host["release"], host["brought_by"]["kind"]) == ("000001", "rollback")
    releases = httpx.get(f"{api.url}/api/v1/apps/{app}/environments/production/releases").json()
    assert [(r["id"], r["outcome"], r["serving_on"]) for r in releases] == [
        ("000004", "failed", []),
        ("000003", "refused", []),
        ("000002", "live", []),
        ("000001", "live", ["app.example.com"]),
    ]
    assert {"name": app, "environments": ["production"]} in httpx.get(f"{api.url}/api/v1/apps").json()


def test_the_timeline_is_read_page_by_page(api: Role) -> None:
    document = make_document()
    sent = [str(uuid.uuid4()) for _ in range(5)]
    for event in sent:
        post(api, document | {"id": event})
    found: list[str] = []
    query: dict[str, str | int] = {"app": document["app"], "environment": "production", "limit": 2}
    pages = 0
    while pages < 3:
        page = httpx.get(f"{api.url}/api/v1/timeline", params=query).json()
        found += [event["id"] for event in page["events"]]
        pages += 1
        if page["next"] is None:
            break
        query["before"] = page["next"]
    assert (found, pages) == (sent[::-1], 3)
    assert httpx.get(f"{api.url}/api/v1/timeline", params={"environment": "production"}).status_code == 422


@pytest.mark.parametrize(
    "path", ["apps/none/environments", "apps/none/environments/production", f"events/{uuid.uuid4()}"]
)
def test_what_is_not_there_is_404(api: Role, path: str) -> None:
    assert httpx.get(f"{api.url}/api/v1/{path}").status_code == 404


def test_answers_name_release_and_request(api: Role) -> None:
    answer = httpx.get(f"{api.url}/api/v1/version", headers={"X-Request-ID": "a-request-of-mine"})
    assert (answer.headers["X-Release"], answer.headers["X-Request-ID"]) == (RELEASE, "a-request-of-mine")
    (line,) = wait_for(
        "the access log",
        lambda: [line for line in api.lines() if line.get("request_id") == "a-request-of-mine"],
    )
    assert (line["path"], line["status"], line["release"]) == ("/api/v1/version", 200, RELEASE)


def test_openapi_shows_an_event_that_the_api_takes(api: Role) -> None:
    schema = httpx.get(f"{api.url}/api/openapi.json").json()
    (example,) = schema["components"]["schemas"]["EventIn"]["examples"]
    assert post(api, example | {"id": str(uuid.uuid4())}).status_code == 202
    assert {"202", "200", "401", "422"} <= set(schema["paths"]["/api/v1/events"]["post"]["responses"])


def test_metrics_count_requests_by_route_not_by_path(api: Role) -> None:
    httpx.get(f"{api.url}/api/v1/events/{uuid.uuid4()}")
    httpx.get(f"{api.url}/one/of/many/paths")
    text = httpx.get(f"{api.url}/metrics").text
    assert 'board_http_requests_total{method="GET",route="/api/v1/events/{event_id}",status="404"}' in text
    assert "many" not in text


def test_deep_health_tells_about_pool_and_queue(api: Role) -> None:
    checks = httpx.get(f"{api.url}/health/deep").json()["checks"]
    assert set(checks) == {"database", "cache", "schema", "notifications", "pool"}


def test_ready_means_database_cache_and_schema(backends: Backends, start: Callable[..., Role]) -> None:
    """Behind is not ready, ahead is: the release before must still run after a migration."""
    role = start("api")

    def ask() -> tuple[int, str]:
        answer = httpx.get(f"{role.url}/health/ready")
        return answer.status_code, answer.json()["checks"]["schema"]["detail"]

    with backends.connect() as connection:
        (head,) = connection.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
        try:
            for revision, status in (("0001", 503), ("ffff", 200)):
                connection.execute("UPDATE alembic_version SET version_num = %s", (revision,))
                assert ask()[0] == status
        finally:
            connection.execute("UPDATE alembic_version SET version_num = %s", (head,))
    assert ask() == (200, f"at {head}")


def test_without_its_cache_it_is_not_ready_but_still_takes_events(start: Callable[..., Role]) -> None:
    """The event is in the database; the notification is late, not lost."""
    role = start("api", ready=False, BOARD_REDIS_PORT=str(free_port()))

    def alive() -> bool:
        try:
            return httpx.get(f"{role.url}/health").status_code == 200
        except httpx.TransportError:
            return False

    wait_for("the api to live", alive)
    answer = httpx.get(f"{role.url}/health/ready", timeout=PATIENCE)
    assert answer.status_code == 503
    assert [name for name, check in answer.json()["checks"].items() if not check["good"]] == ["cache"]
    assert post(role, make_document()).status_code == 202


def test_wrong_settings_are_told_together_and_exit_with_2(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_role("api", {"BOARD_LOG_LEVEL": "loud"}).wait() == 2
    told = capfd.readouterr().err.splitlines()
    assert len(told) == 6
    assert all(line.startswith("settings: BOARD_") for line in told)
