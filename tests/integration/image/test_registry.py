from __future__ import annotations

import json
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from fairlead.errors import CommandFailedError, InputError
from fairlead.image.registry import link
from fairlead.image.registry.bodies import read_small
from fairlead.image.registry.client import check_login, resolve_image
from fairlead.image.registry.fault import FaultError
from fairlead.image.registry.link import Link
from lab.state import Lab


@pytest.fixture
def environ(lab: Lab) -> dict[str, str]:
    """The environment of the lab."""
    return {**os.environ, **lab.environ}


def test_the_tag_of_a_foreign_image_is_resolved_through_mirrors(environ: dict[str, str]) -> None:
    found = resolve_image("debian:trixie-slim", environ=environ)
    architectures = [entry["platform"]["architecture"] for entry in json.loads(found.data)["manifests"]]
    assert sorted(architectures) == ["amd64", "arm64"]
    pinned = resolve_image(f"debian:trixie-slim@{found.digest}", environ=environ)
    assert pinned.digest == found.digest


def test_an_image_that_is_not_there_is_the_callers_input(lab: Lab, environ: dict[str, str]) -> None:
    with pytest.raises(InputError, match="is not in the registry"):
        resolve_image(f"{lab.registry}/library/debian:no-such-tag", environ=environ)
    with pytest.raises(InputError, match="is not in the registry"):
        resolve_image(f"{lab.registry}/no-such-app/api:x", environ=environ, registry=lab.registry + "/x")


def test_the_login_goes_to_the_apps_registry_only(lab: Lab, environ: dict[str, str]) -> None:
    without = {**environ, "FAIRLEAD_REGISTRY": "ghcr.io/acme/board"}
    with pytest.raises(CommandFailedError, match="refuses the login"):
        resolve_image(f"{lab.registry}/no-such-app/api:x", environ=without)


def test_a_login_is_tried_before_anything_is_built(lab: Lab, environ: dict[str, str]) -> None:
    """As for an image that nobody has pushed yet."""
    image = f"{lab.registry}/no-such-app/api"
    check_login(image, environ)
    with pytest.raises(CommandFailedError, match="refuses the login"):
        check_login(image, {**environ, "FAIRLEAD_REGISTRY_PASSWORD": "not-the-password"})


def test_a_certificate_is_believed_where_docker_believes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    argv = (
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    )
    words = (
        "-subj",
        "/CN=x",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        "key.pem",
        "-out",
        "ca.crt",
    )
    subprocess.run([*argv, *words], cwd=tmp_path, check=True, capture_output=True)
    with serve_tls(tmp_path / "ca.crt", tmp_path / "key.pem") as port:
        host = f"127.0.0.1:{port}"
        with pytest.raises(FaultError) as caught, Link(host, lambda _: None).ask("GET", "/v2/"):
            pytest.fail("it was believed")
        assert caught.value.is_untrusted
        (tmp_path / "certs.d" / host).mkdir(parents=True)
        (tmp_path / "ca.crt").rename(tmp_path / "certs.d" / host / "ca.crt")
        monkeypatch.setattr(link, "_CERTIFICATES", tmp_path / "certs.d")
        with Link(host, lambda _: None).ask("GET", "/v2/") as answer:
            assert read_small(answer) == b"{}"


class Empty(BaseHTTPRequestHandler):
    """Answers everything with an empty object."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def serve_tls(certificate: Path, key: Path) -> Iterator[int]:
    """A server on a port of its own that speaks TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with HTTPServer(("127.0.0.1", 0), Empty) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        # Else its thread ends with the exception of a client that did not believe it.
        server.handle_error = lambda *_: None  # type: ignore[method-assign] # nobody reads it
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()
