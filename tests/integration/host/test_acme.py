"""Certificates by ACME from a real authority: the first ones, their renewal, and what is told where there is none."""

from __future__ import annotations

import contextlib
import http.server
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fairlead.app.network.addresses import plan_sites
from fairlead.app.network.sites import ACME_ROOT, inner_port, render_caddyfile
from fairlead.app.remarks import Remarks
from fairlead.host.watch.certificates import CertificateRefusal, explain_certificate
from fairlead.host.wire.caddy.snippet import render_switch
from fairlead.host.wire.setup import Authority as Named
from fairlead.settings.values import AcmeSettings
from tests.adversary.local_edge import local_edge
from tests.integration.host.acme import Authority, pebble, run_caddy, stingy
from tests.patience import PATIENCE
from tests.unit.app.small import small_app


def test_ten_hostnames_of_the_edge_are_certified_when_they_are_asked_for_and_no_others(
    tmp_path: Path,
) -> None:
    """By the authority that the host's owner names, whose own address no public one certifies."""
    names = [f"app{number}.example.com" for number in range(10)]
    claims = {name: name.partition(".")[0] for name in names}
    with pebble(tmp_path, [*names, "stranger.example.com"]) as authority:
        ports = (authority.plain, authority.secure)
        named = Named(authority.directory, authority.trusted_root.read_text())
        with local_edge(tmp_path, claims, ports=ports, authority=named) as edge:
            context = authority.context()
            # It registers at the authority; what asks while it does may be tried again only after a minute.
            authority.get(names[0], context)
            with ThreadPoolExecutor(max_workers=len(names)) as pool:
                answers = pool.map(lambda name: authority.get(name, context), names)
            for app, answer in zip(claims.values(), answers, strict=True):
                assert answer.startswith(b"HTTP/1.1 200 "), answer
                assert f'"app": "{app}"'.encode() in answer
            with pytest.raises(ssl.SSLError):
                authority.certificate("stranger.example.com", context)
            issued = {path.stem for path in (tmp_path / "storage" / "certificates").rglob("*.crt")}
            assert issued == set(names)
            assert edge.may_certify(names[0])
            assert not edge.may_certify("stranger.example.com")


@pytest.mark.parametrize("name", ["example.com", "board.corp.internal"])
@pytest.mark.long
def test_the_added_proxy_is_certified_by_the_authority_that_the_settings_name(
    name: str, tmp_path: Path
) -> None:
    """As it is generated: a public name, and one for which Caddy by itself would be its own authority.

    One at a time: of several that register a fresh account at once, Caddy tries some again only after a minute.
    """
    app_server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    with pebble(tmp_path, [name]) as authority:
        acme = AcmeSettings(directory=authority.directory, root=authority.trusted_root)
        text = "services: {web: {image: web, expose: ['8000']}}\n"
        app = small_app(tmp_path, text, url=f"https://{name}", acme=acme)
        written = render_caddyfile(plan_sites(app, Remarks(app.files)), app)
        live = tmp_path / "live"
        live.mkdir()
        (live / "web").write_text("127.0.0.1")
        (tmp_path / "switch.caddy").write_text(render_switch().replace("/fairlead", str(tmp_path)))
        for before, after in (
            ("switch web 8000", f"switch web {app_server.server_port}"),
            ("/fairlead/switch.caddy", str(tmp_path / "switch.caddy")),
            (ACME_ROOT, str(authority.trusted_root)),
            (f"http_port {inner_port(80)}", f"http_port {authority.plain}\n\tadmin off"),
            (f"https_port {inner_port(443)}", f"https_port {authority.secure}"),
        ):
            assert before in written
            written = written.replace(before, after)
        threading.Thread(target=app_server.serve_forever, daemon=True).start()
        with run_caddy(tmp_path / "proxy", written, authority.plain):
            context = authority.context()
            assert authority.get(name, context).startswith(b"HTTP/1.1 200 "), name
        app_server.shutdown()
        app_server.server_close()


@pytest.mark.long
def test_a_certificate_is_renewed_before_it_ends_and_nobody_notices(tmp_path: Path) -> None:
    """It lives for seconds here: each handshake is held to one that a client believes at that moment."""
    name = "app.example.com"
    with pebble(tmp_path, [name], lifetime=12) as authority:
        options = f"{authority.options}\trenew_interval 1s\n"
        with local_edge(tmp_path, {name: "app"}, ports=(authority.plain, authority.secure), options=options):
            context = authority.context()
            authority.get(name, context)
            serials = [authority.certificate(name, context)]
            deadline = time.monotonic() + PATIENCE
            while len(set(serials)) < 2:
                serials.append(authority.certificate(name, context))
                assert time.monotonic() < deadline, serials
                time.sleep(0.1)


def test_why_a_name_is_not_certified_is_told_out_of_the_real_log(tmp_path: Path) -> None:
    """DNS does not know it; and the authority, of which a proxy here makes a stingy one, has a limit for the rate."""
    lost, greedy = "lost.example.com", "greedy.example.com"
    with pebble(tmp_path, []) as authority:
        claims = {lost: "app"}
        ports = (authority.plain, authority.secure)
        with local_edge(tmp_path, claims, ports=ports, options=authority.options):
            refusal = _refusal(authority, tmp_path, lost)
            assert "DNS does not know the name" in refusal.why
            assert "Could not resolve" in refusal.why or "could not resolve" in refusal.why
            assert lost in refusal.fix
    root = tmp_path / "limited"
    root.mkdir()
    with pebble(root, [greedy]) as authority, stingy(root, authority) as limited:
        ports = (authority.plain, authority.secure)
        with local_edge(root, {greedy: "app"}, ports=ports, options=limited.options):
            refusal = _refusal(authority, root, greedy)
            assert "issued too many lately" in refusal.why
            assert "retry after 2099-01-01" in refusal.why


def _refusal(authority: Authority, root: Path, name: str) -> CertificateRefusal:
    """What the log of the edge in ``root`` tells of a name, after somebody has asked for it."""
    context = ssl.create_default_context()
    deadline = time.monotonic() + PATIENCE
    with (
        socket.create_connection(("127.0.0.1", authority.secure), PATIENCE) as stream,
        context.wrap_socket(stream, server_hostname=name, do_handshake_on_connect=False) as secured,
    ):
        secured.settimeout(0.5)
        while True:
            with contextlib.suppress(OSError):
                secured.do_handshake()
            found = explain_certificate((root / "log").read_text().splitlines(), name)
            if found is not None:
                return found
            assert time.monotonic() < deadline, (root / "log").read_text()[-2000:]
            time.sleep(0.05)
