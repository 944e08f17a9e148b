"""The sticky comment, against a server that speaks GitHub's comments API over real HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from fairlead.__main__ import main
from fairlead.errors import CommandFailedError
from fairlead.github.comment import MARKER, put_comment
from fairlead.github.context import GitHubContext

CONTEXT = GitHubContext(
    event="pull_request",
    repository="acme/board",
    actor="alice",
    ref="",
    sha="",
    api_url="",
    server_url="https://github.com",
    run_id="1",
    pull_request=None,
)


class Api(ThreadingHTTPServer):
    """Comments of one pull request, listed in pages of two whatever ``per_page`` asks."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.comments: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.refusals: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        page = int((re.search(r"[?&]page=(\d+)", self.path) or ["", "1"])[1])
        shown = self.server.comments[(page - 1) * 2 : page * 2]
        more = len(self.server.comments) > page * 2
        link = f'<{self.server.url}{self.path.split("?")[0]}?page={page + 1}>; rel="next"' if more else ""
        self._answer(200, shown, {"Link": link} if link else {})

    def do_POST(self) -> None:
        comment = {
            "id": len(self.server.comments) + 100,
            "html_url": f"{self.server.url}/new",
            **self._body(),
        }
        if not self.server.refusals:
            self.server.comments.append(comment)
        self._answer(201, comment)

    def do_PATCH(self) -> None:
        number = int(self.path.rsplit("/", 1)[1])
        (comment,) = [one for one in self.server.comments if one["id"] == number]
        comment.update(self._body())
        self._answer(200, comment)

    def _body(self) -> dict[str, Any]:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert isinstance(body, dict)
        return body

    def _answer(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        if self.headers["Authorization"] != "Bearer t0ken":
            status, body = 401, {"message": "Bad credentials"}
        if self.server.refusals:
            status, body = self.server.refusals.pop(0), {"message": "no"}
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base names it
        """Quiet."""


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Api()
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def others(count: int) -> list[dict[str, Any]]:
    return [{"id": number, "html_url": "", "body": f"a word about {MARKER}"} for number in range(count)]


def test_it_is_made_once_and_updated_ever_after(api: Api) -> None:
    api.comments += others(3)
    context = replace(CONTEXT, api_url=api.url)
    first = put_comment(context, 12, "t0ken", f"{MARKER}\none")
    second = put_comment(context, 12, "t0ken", f"{MARKER}\ntwo")
    assert first == second == f"{api.url}/new"
    assert [one["body"] for one in api.comments[3:]] == [f"{MARKER}\ntwo"]
    assert api.requests[-1] == "PATCH /repos/acme/board/issues/comments/103"


def test_a_refusal_says_which_permission_is_missing(api: Api) -> None:
    with pytest.raises(CommandFailedError, match="answered 401") as caught:
        put_comment(replace(CONTEXT, api_url=api.url), 12, "wrong", "x")
    assert "pull-requests: write" in caught.value.fix
    assert "wrong" not in str(caught.value) + caught.value.why


def test_a_server_that_stumbles_is_asked_again(api: Api) -> None:
    api.refusals += [502]
    put_comment(replace(CONTEXT, api_url=api.url), 12, "t0ken", f"{MARKER}\none")
    assert len(api.comments) == 1


def test_an_unreachable_server_is_one_clear_error() -> None:
    with pytest.raises(CommandFailedError, match="could not be reached"):
        put_comment(replace(CONTEXT, api_url="http://127.0.0.1:9"), 12, "t0ken", "x")


def test_the_verb_names_what_was_published(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    event = {
        "pull_request": {
            "number": 12,
            "head": {"sha": "b" * 40, "ref": "t", "repo": {"full_name": "acme/board"}},
        }
    }
    (tmp_path / "event.json").write_text(json.dumps(event))
    image = {
        "repository": "ghcr.io/acme/board/api",
        "digest": "sha256:1",
        "tags": ["pr-12-b"],
        "platforms": {},
    }
    published = {"schema": "fairlead.publish/v1", "app": "b", "revision": "b" * 40, "images": {"api": image}}
    (tmp_path / "publish.json").write_text(json.dumps(published))
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": api.url,
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_REPOSITORY": "acme/board",
        "GITHUB_TOKEN": "t0ken",
        "GITHUB_OUTPUT": "",
        "GITHUB_STEP_SUMMARY": "",
    }.items():
        monkeypatch.setenv(name, value)
    assert main(["--json", "github", "comment", "--work-dir", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"schema": "fairlead.comment/v1", "number": 12, "url": f"{api.url}/new"}
    assert "ghcr.io/acme/board/api:pr-12-b" in api.comments[0]["body"]
    assert "t0ken" not in printed.err
