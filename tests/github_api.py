"""A server that speaks GitHub's API of comments and deployments over real HTTP: GitHub itself is out of a test's reach."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "t0ken"
BOT = {"login": "github-actions[bot]", "type": "Bot"}


class Api(ThreadingHTTPServer):
    """Comments of one pull request, listed in pages of two whatever ``per_page`` asks."""

    daemon_threads = True

    def __init__(self, token: str, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        if tls is not None:
            # The handshake is the thread's of the connection: one that fails ends no other.
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.scheme = "https" if tls is not None else "http"
        self.token = token
        self.comments: list[dict[str, Any]] = []
        self.deployments: list[dict[str, Any]] = []
        self.statuses: dict[int, list[dict[str, Any]]] = {}
        self.requests: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.refusals: list[int] = []
        self.retry_after = ""
        self.meanwhile: list[Callable[[], None]] = []

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """Quiet: a client that does not believe the certificate hangs up."""

    def deployed(self, environment: str, sha: str, *states: str, payload: object = "") -> dict[str, Any]:
        """A deployment that is there, and how it went."""
        number = len(self.deployments) + 1
        made = {
            "id": number,
            "sha": sha,
            "environment": environment,
            "payload": payload,
            "url": f"{self.url}/d/{number}",
        }
        self.deployments.append(made)
        self.statuses[number] = [{"state": state} for state in states]
        return made

    def told(self) -> list[tuple[str, str]]:
        """The commit of each deployment, and its last state."""
        last = {
            number: statuses[-1]["state"] if statuses else "" for number, statuses in self.statuses.items()
        }
        return [(one["sha"], last[one["id"]]) for one in self.deployments]


class Handler(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        if "/deployments" in self.path:
            self._answer(200, self._deployments())
            return
        one = re.search(r"/comments/(\d+)\Z", self.path)
        if one is not None:
            self._answer(200, self._comment(int(one[1])))
            return
        page = int((re.search(r"[?&]page=(\d+)", self.path) or ["", "1"])[1])
        shown = self.server.comments[(page - 1) * 2 : page * 2]
        more = len(self.server.comments) > page * 2
        link = f'<{self.server.url}{self.path.split("?")[0]}?page={page + 1}>; rel="next"' if more else ""
        self._answer(200, shown, {"Link": link} if link else {})

    def do_POST(self) -> None:
        if self.path in {"/graphql", "/api/graphql"}:
            self._body()
            self._answer(200, {"data": {"viewer": {"login": BOT["login"]}}})
            return
        if "/deployments" in self.path:
            self._answer(201, self._add_deployment(self._body()))
            return
        comment = {
            "user": BOT,
            "id": len(self.server.comments) + 100,
            "html_url": f"{self.server.url}/new",
            **self._body(),
        }
        if not self.server.refusals:
            self._meanwhile()
            self.server.comments.append(comment)
        self._answer(201, comment)

    def do_PATCH(self) -> None:
        comment = self._comment(int(self.path.rsplit("/", 1)[1]))
        comment.update(self._body())
        self._meanwhile()
        self._answer(200, comment)

    def do_DELETE(self) -> None:
        self.server.comments.remove(self._comment(int(self.path.rsplit("/", 1)[1])))
        self._answer(204, None)

    def _deployments(self) -> list[dict[str, Any]]:
        """Those of an environment, or the statuses of one; the newest first."""
        of_one = re.search(r"/deployments/(\d+)/statuses\?per_page=(\d+)\Z", self.path)
        if of_one is not None:
            return self.server.statuses[int(of_one[1])][::-1][: int(of_one[2])]
        asked = parse_qs(urlsplit(self.path).query)
        found = [one for one in self.server.deployments if [one["environment"]] == asked["environment"]]
        return found[::-1][: int(asked["per_page"][0])]

    def _add_deployment(self, body: dict[str, Any]) -> dict[str, Any]:
        of_one = re.search(r"/deployments/(\d+)/statuses\Z", self.path)
        if of_one is not None:
            if not self.server.refusals:
                self.server.statuses[int(of_one[1])].append(body)
            return body
        return self.server.deployed(body["environment"], body["ref"], payload=body["payload"])

    def _comment(self, number: int) -> dict[str, Any]:
        (comment,) = [one for one in self.server.comments if one["id"] == number]
        return comment

    def _meanwhile(self) -> None:
        """What another job does before the answer arrives."""
        if self.server.meanwhile:
            self.server.meanwhile.pop(0)()

    def _body(self) -> dict[str, Any]:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert isinstance(body, dict)
        self.server.bodies.append(body)
        return body

    def _answer(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        if self.headers["Authorization"] != f"Bearer {self.server.token}":
            status, body = 401, {"message": "Bad credentials"}
        if self.server.refusals:
            status, body = self.server.refusals.pop(0), {"message": "no"}
            headers = {"Retry-After": self.server.retry_after} if self.server.retry_after else {}
        data = b"" if status == 204 else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base names it
        """Quiet."""


@contextmanager
def serve_api(token: str = TOKEN, tls: ssl.SSLContext | None = None) -> Iterator[Api]:
    """The server, for as long as the block lasts; only ``token`` may write. ``tls``: it speaks HTTPS."""
    server = Api(token, tls)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
