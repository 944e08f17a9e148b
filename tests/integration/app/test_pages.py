from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from tests.integration.app.board import RELEASE, Role, make_document, post, wait_for
from tests.patience import PATIENCE
from tests.ports import free_port


@pytest.fixture(scope="module")
def web(start: Callable[..., Role], api: Role) -> Role:
    """The pages of the shared api."""
    return start("web", BOARD_API_URL=api.url)


def read(role: Role, path: str) -> str:
    answer = httpx.get(f"{role.url}{path}", timeout=PATIENCE)
    assert answer.status_code == 200
    return answer.text


def renewal(html: str) -> str:
    """Where the page asks whether anything happened."""
    found = re.search(r'hx-get="([^"]+)"', html)
    assert found
    return found[1]


def test_the_board_says_what_runs_where_since_when_by_whom_and_which_digest(web: Role, api: Role) -> None:
    document = make_document(by="Ada L.", host="eu-7.example.com", release="000777", serving="000777")
    post(api, document)
    html = read(web, "/")
    for fact in (
        document["app"],
        "production",
        "000777",
        "Ada L.",
        "eu-7.example.com",
        document["revision"][:8],
    ):
        assert fact in html
    assert document["images"]["web"] in html
    since = datetime.fromtimestamp(document["finished_at"], UTC)
    assert f'datetime="{since:%Y-%m-%dT%H:%M:%S}' in html
    assert RELEASE[:12] in html


def test_a_refused_release_is_told_beside_the_one_that_serves(web: Role, api: Role) -> None:
    document = make_document()
    post(api, document)
    refused = document | {
        "id": str(uuid.uuid4()),
        "release": "000044",
        "previous": "000043",
        "serving": "000043",
        "status": "refused",
        "finished_at": document["finished_at"] + 60,
        "phases": [
            {"phase": "pull", "state": "done", "seconds": 3},
            {"phase": "verify", "state": "failed", "seconds": 9},
        ],
        "error": {"what": "web is not healthy", "why": "503 from /health/ready"},
    }
    post(api, refused)
    html = read(web, f"/apps/{document['app']}/production")
    assert "000044 was refused" in html
    assert "web is not healthy; <strong>000043 serves</strong>" in html
    page = read(web, f"/events/{refused['id']}")
    for fact in ("503 from /health/ready", "state-failed", "3.0 s", "9.0 s", document["revision"]):
        assert fact in page


def test_what_events_say_is_never_markup(web: Role, api: Role) -> None:
    document = make_document(
        by="<script>alert(1)</script>", error={"what": "<b>", "why": "<i>"}, status="failed"
    )
    post(api, document)
    for path in ("/", f"/apps/{document['app']}/production", f"/events/{document['id']}"):
        html = read(web, path)
        assert "<script>alert" not in html
        assert "<b>" not in html
        assert "&lt;script&gt;" in html


def test_the_commit_is_told_with_what_leads_to_more(web: Role, api: Role) -> None:
    """Its texts are of whoever wrote it; an event of an older deployer has none of it."""
    document = make_document()
    told = {**document["commit"], "subject": "Mend <b>all\u202e of\x00 it", "author": "Ann <i>"}
    assert post(api, document | {"commit": told}).status_code == 202
    source, (old, new) = told["source"], (told["before"], document["revision"])
    for path in ("/", f"/apps/{document['app']}/production", f"/events/{document['id']}"):
        html = read(web, path)
        assert r"<bdi>Mend &lt;b&gt;all\u202e of\u0000 it</bdi>" in html
        assert "<bdi>Ann &lt;i&gt;</bdi>" in html
        assert f'href="{source}/commit/{new}"' in html
        assert f'href="{source}/compare/{old}...{new}"' in html
        assert f'href="{told["run"]}"' in html
    older = make_document()
    del older["commit"]
    assert post(api, older).status_code == 202
    assert f"{source}/commit" not in read(web, f"/apps/{older['app']}/production")


def test_a_page_renews_itself_only_when_something_happened(web: Role, api: Role) -> None:
    document = make_document()
    post(api, document)
    path = renewal(read(web, f"/apps/{document['app']}/production"))
    assert httpx.get(f"{web.url}{path}").status_code == 204
    post(api, document | {"id": str(uuid.uuid4()), "release": "000099", "serving": "000099"})
    renewed = httpx.get(f"{web.url}{path}")
    assert renewed.status_code == 200
    assert "000099" in renewed.text
    assert renewal(renewed.text) != path


@pytest.mark.parametrize(
    "path", ["/nowhere", "/apps/none/production", "/events/none", f"/events/{uuid.uuid4()}"]
)
def test_what_is_not_there_has_a_page_too(web: Role, path: str) -> None:
    answer = httpx.get(f"{web.url}{path}")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


def test_everything_comes_from_here(web: Role) -> None:
    """No CDN: each script, style and picture is the board's own, and the policy allows nothing else."""
    answer = httpx.get(web.url)
    assets = re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.text)
    assert len(set(assets)) == 4
    assert not re.findall(r'<(?:script|link|img)[^>]+"(?:https?:)?//', answer.text)
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "style=" not in answer.text
    for asset in set(assets):
        found = httpx.get(f"{web.url}{asset}")
        assert (found.status_code, "immutable" in found.headers["Cache-Control"]) == (200, True)


def test_a_page_is_one_question_that_keeps_its_id(web: Role, api: Role) -> None:
    httpx.get(web.url, headers={"X-Request-ID": "followed-through"})

    def followed() -> bool:
        paths = {line["path"] for line in api.lines() if line.get("request_id") == "followed-through"}
        return paths == {"/api/v1/overview"}

    wait_for("the api's log", followed)


def test_without_the_api_the_page_says_so_and_the_service_stays_ready(start: Callable[..., Role]) -> None:
    """Readiness does not hang on a neighbour: before the first release serves, nobody answers at all."""
    web = start("web", BOARD_API_URL=f"http://127.0.0.1:{free_port()}")
    answer = httpx.get(web.url, timeout=PATIENCE)
    assert answer.status_code == 503
    assert "does not answer" in answer.text
    assert renewal(answer.text) == "/?seen=-1"
    assert httpx.get(f"{web.url}/health/ready").status_code == 200
    assert httpx.get(f"{web.url}/health/deep", timeout=PATIENCE).status_code == 503


@pytest.fixture
def moody_api() -> Iterator[str]:
    """Answers the first two questions by hanging up, and the third with 502; then it knows no event."""

    class Moody(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        asked = 0

        def do_GET(self) -> None:
            Moody.asked += 1
            if Moody.asked <= 2:
                self.close_connection = True
                return
            body = b'{"version": 0, "environments": [], "events": []}'
            self.send_response(502 if Moody.asked == 3 else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Moody) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_lost_connection_to_the_api_costs_no_page(start: Callable[..., Role], moody_api: str) -> None:
    web = start("web", BOARD_API_URL=moody_api)
    assert "Nothing has been deployed yet" in read(web, "/")
