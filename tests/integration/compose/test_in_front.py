"""A load balancer in front that ends TLS: real Caddy before the very Caddyfile that Fairlead generates.

The app redirects whatever did not come by TLS, as frameworks do, and tells who asked.
"""

from __future__ import annotations

import http.client
import http.server
import json
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from fairlead.app.network.addresses import plan_sites
from fairlead.app.network.sites import inner_port, render_caddyfile
from fairlead.app.remarks import Remarks
from fairlead.host.wire.caddy.snippet import render_switch
from tests.adversary.local_edge import caddy_program, wait_for
from tests.patience import PATIENCE
from tests.ports import free_ports
from tests.unit.app.small import small_app

_TEXT = "services: {web: {image: web, expose: ['8000']}, api: {image: api, expose: ['8000']}}\n"
_NAMES = {
    "hostnames": ("b.example.com",),
    "domains": {"api": ("api.example.com",)},
    "redirects": ("www.example.com",),
}
_BALANCER = "127.0.0.3"


@dataclass(frozen=True)
class Place:
    """Where the proxy and the load balancer in front of it listen."""

    plain: int
    balancer: int

    def ask(
        self, host: str, *, by_tls: bool, source: str = "127.0.0.1", **headers: str
    ) -> tuple[int, str, Mapping[str, str]]:
        """Status, Location, and what the app saw; by TLS through the load balancer, or straight to the proxy."""
        connection: http.client.HTTPConnection
        if by_tls:
            context = ssl._create_unverified_context()  # noqa: S323 - a certificate of the test's own
            context.server_hostname = host  # type: ignore[attr-defined]
            connection = _ByName(host, self.balancer, context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.plain, 20, source_address=(source, 0))
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", "/p?q=1", headers={"Host": host, **given})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        seen = json.loads(body) if answer.status == 200 and body else {}
        return answer.status, answer.headers.get("Location", ""), seen


class _ByName(http.client.HTTPSConnection):
    """TLS to this machine, asked for by a name."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext) -> None:
        super().__init__("127.0.0.1", port, timeout=PATIENCE, context=context)
        self._name, self._made = host, context

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._made.wrap_socket(self.sock, server_hostname=self._name)


class _App(http.server.BaseHTTPRequestHandler):
    """Redirects unless it was asked by TLS."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        secure = self.headers.get("X-Forwarded-Proto") == "https"
        body = json.dumps({**dict(self.headers.items()), "service": self.server.name}).encode()  # type: ignore[attr-defined]
        self.send_response(200 if secure else 301)
        if not secure:
            self.send_header("Location", f"https://{self.headers['Host']}{self.path}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def caddy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program."""
    return caddy_program(tmp_path_factory.mktemp("caddy"))


@contextmanager
def _serve(root: Path, caddy: Path, trusted: tuple[str, ...], url: str) -> Iterator[Place]:
    """The app, its generated proxy, and a load balancer that comes from an address of its own."""
    plain, secure, balancer, spare = free_ports(4)
    live = root / "live"
    live.mkdir()
    servers = {}
    for name in ("web", "api"):
        servers[name] = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _App)
        servers[name].name = name  # type: ignore[attr-defined]
        threading.Thread(target=servers[name].serve_forever, daemon=True).start()
        (live / name).write_text("127.0.0.1")
    app = small_app(
        root,
        _TEXT,
        url=url,
        images=("web", "api"),
        trusted_proxies=trusted,
        **_NAMES,  # type: ignore[arg-type]
    )
    (root / "switch.caddy").write_text(render_switch().replace("/fairlead", str(root)))
    text = render_caddyfile(plan_sites(app, Remarks(app.files)), app)
    for name, server in servers.items():
        text = text.replace(f"switch {name} 8000", f"switch {name} {server.server_port}")
    text = text.replace("/fairlead/switch.caddy", str(root / "switch.caddy"))
    text = text.replace(f"http_port {inner_port(80)}", f"http_port {plain}\n\tadmin off")
    text = text.replace(f"https_port {inner_port(443)}", f"https_port {secure}\n\tskip_install_trust")
    # No public authority is asked from a test.
    text = text.replace(".example.com {", ".example.com {\n\ttls internal").replace(
        "\ttls internal\n\ttls internal\n", "\ttls internal\n"
    )
    lines = text.split("\nhttp://")
    text = lines[0] + "".join("\nhttp://" + one.replace("\ttls internal\n", "", 1) for one in lines[1:])
    front = (
        f"{{\n\tadmin off\n\tskip_install_trust\n\thttp_port {spare}\n\thttps_port {balancer}\n"
        "\tauto_https disable_redirects\n\tservers {\n\t\tprotocols h1 h2\n\t}\n}\n"
        f"https:// {{\n\ttls internal {{\n\t\ton_demand\n\t}}\n\treverse_proxy 127.0.0.1:{plain} {{\n"
        f"\t\ttransport http {{\n\t\t\tlocal_address {_BALANCER}\n\t\t}}\n\t}}\n}}\n"
    )
    try:
        with _caddy(root / "proxy", caddy, text, plain), _caddy(root / "front", caddy, front, balancer):
            yield Place(plain, balancer)
    finally:
        for server in servers.values():
            server.shutdown()
            server.server_close()


@contextmanager
def _caddy(home: Path, program: Path, text: str, port: int) -> Iterator[None]:
    home.mkdir()
    (home / "Caddyfile").write_text(text)
    argv = [str(program), "run", "--config", str(home / "Caddyfile"), "--adapter", "caddyfile"]
    environ = {"HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    with (home / "log").open("wb") as log, subprocess.Popen(argv, stderr=log, env=environ) as process:
        try:
            wait_for(port, process, home / "log")
            yield
        finally:
            process.kill()


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_load_balancer_that_ends_tls_is_heeded_and_nobody_else(
    scheme: str, tmp_path: Path, caddy: Path
) -> None:
    """Whatever the url's scheme: what came by TLS in front is served, not sent in a circle."""
    with _serve(tmp_path, caddy, (f"{_BALANCER}/32",), f"{scheme}://a.example.com") as place:
        for host, service in (("a.example.com", "web"), ("b.example.com", "web"), ("api.example.com", "api")):
            status, location, seen = place.ask(
                host, by_tls=True, X_Forwarded_For="203.0.113.9", X_Real_IP="6.6.6.6"
            )
            assert (status, location) == (200, ""), (tmp_path / "proxy" / "log").read_text()[-2000:]
            assert (seen["service"], seen["Host"], seen["X-Forwarded-Proto"]) == (service, host, "https")
            # The load balancer drops what its own client says of others; who asked is the test itself.
            assert seen["X-Forwarded-For"] == f"127.0.0.1, {_BALANCER}"
            assert "X-Real-Ip" not in seen
        assert place.ask("www.example.com", by_tls=True)[:2] == (308, f"{scheme}://a.example.com/p?q=1")
        for headers in (
            {"X_Forwarded_Proto": "https"},
            {"X_Forwarded_Proto": "https", "X_Forwarded_For": _BALANCER},
        ):
            status, location, _ = place.ask("a.example.com", by_tls=False, **headers)
            assert (status, location) == (308 if scheme == "https" else 301, "https://a.example.com/p?q=1")


def test_what_a_cdn_hands_through_is_not_believed_with_it(tmp_path: Path, caddy: Path) -> None:
    """It adds who asked it at the end of what that one said; only the end counts, and no other header does."""
    with _serve(tmp_path, caddy, (f"{_BALANCER}/32",), "https://a.example.com") as place:
        _, _, seen = place.ask(
            "a.example.com",
            by_tls=False,
            source=_BALANCER,
            X_Forwarded_For="6.6.6.6, 203.0.113.5",
            X_Forwarded_Proto="https",
            X_Forwarded_Host="evil.example.com",
            X_Original_URL="/admin",
        )
        assert seen["X-Forwarded-For"] == f"203.0.113.5, {_BALANCER}"
        assert (seen["X-Forwarded-Host"], seen.get("X-Original-Url")) == ("a.example.com", None)
        for scheme in ("http", "HTTPS", "https,http", "wss", ""):
            answer = place.ask("a.example.com", by_tls=False, source=_BALANCER, X_Forwarded_Proto=scheme)
            assert answer[:2] == (308, "https://a.example.com/p?q=1"), scheme


def test_without_the_setting_nobody_is_heeded(tmp_path: Path, caddy: Path) -> None:
    with _serve(tmp_path, caddy, (), "http://a.example.com") as place:
        status, location, _ = place.ask("a.example.com", by_tls=True)
        assert (status, location) == (301, "https://a.example.com/p?q=1")
