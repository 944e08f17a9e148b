"""An app that sends everybody on to TLS is asked as by a load balancer that has ended it."""

from __future__ import annotations

import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from fairlead.host.watch.probe import Target
from fairlead.host.watch.questions import Question
from fairlead.host.wire.release import Probe


class _BehindTls(BaseHTTPRequestHandler):
    """Sends on to TLS who did not come by it; what is there then is broken, or the very redirect again."""

    deaf = False

    def do_GET(self) -> None:
        by_tls = self.headers.get("X-Forwarded-Proto") == "https" and not self.deaf
        self.send_response(500 if by_tls else 301)
        self.send_header("Location", f"https://{self.headers['Host']}{self.path}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Say nothing."""


class _Deaf(_BehindTls):
    deaf = True


@pytest.mark.parametrize(
    ("handler", "status", "told"),
    [(_BehindTls, None, "answered 500"), (_BehindTls, 301, ""), (_Deaf, None, "")],
)
def test_a_redirect_to_tls_is_no_evidence(
    handler: type[BaseHTTPRequestHandler], status: int | None, told: str
) -> None:
    """What stands behind it is asked, unless the redirect is what was asked for, or all that is to be had."""
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        target = Target("http", "127.0.0.1", server.server_port, "a.example.com", "/")
        question = Question("web", target, Probe("/", status))
        assert question.fault(question.ask()) == told
        server.shutdown()


def test_a_proxy_that_ends_tls_itself_is_followed_to_its_page() -> None:
    """Nobody is served where it sends everybody on to a page without a certificate; another hostname is not its own."""
    with HTTPServer(("127.0.0.1", 0), _Deaf) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        plain = Target("http", "127.0.0.1", server.server_port, "a.example.com", "/")
        # It speaks no TLS.
        secure = Target("https", "127.0.0.1", server.server_port, "a.example.com", "/")
        answer = Question("web", plain, Probe("/", None), public=True, secure=secure).ask()
        assert answer.tls
        assert not answer.status
        elsewhere = replace(secure, host="www.example.com")
        assert Question("web", plain, Probe("/", None), public=True, secure=elsewhere).ask().status == 301
        server.shutdown()
