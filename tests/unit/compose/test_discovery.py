"""A front that finds containers at the engine's socket leads users past the switch."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.compose.model import ComposeApp
from fairlead.errors import ComposeInvalidError
from tests.unit.compose.small import small_app, split_small

SOCKET = "    volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro']\n"
TRAEFIK = f"  front:\n    image: traefik:v3\n    ports: ['80:80']\n{SOCKET}"
REMOTE = "  front:\n    image: traefik:v3\n    ports: ['80:80']\n    command: ['--providers.docker.endpoint=tcp://engine:2375']\n"
CADDY = f"  front:\n    image: lucaslorentz/caddy-docker-proxy:2\n    ports: ['80:80']\n{SOCKET}"
NGINX = f"  front:\n    image: nginxproxy/nginx-proxy:1\n    ports: ['80:80']\n{SOCKET}"
FILE = "  front:\n    image: traefik:v3\n    ports: ['80:80']\n    command: ['--providers.file.filename=/r.yml']\n"
ROUTED = "    labels: ['traefik.enable=true', 'traefik.http.routers.web.rule=Host(`x`)']\n"


def _app(root: Path, front: str, lines: str) -> ComposeApp:
    web = "services:\n  web:\n    image: ghcr.io/acme/board/web:1\n    expose: ['8000']\n"
    return small_app(root, f"{web}{lines}{front}")


@pytest.mark.parametrize(
    ("front", "lines"),
    [
        (TRAEFIK, ROUTED),
        (REMOTE, ROUTED),
        (TRAEFIK, "    labels: {traefik.http.routers.web.rule: Host(`x`)}\n"),
        (CADDY, "    labels: {caddy: example.com, caddy.reverse_proxy: '{{upstreams 8000}}'}\n"),
        (NGINX, "    environment: {VIRTUAL_HOST: example.com}\n"),
    ],
)
def test_what_it_would_find_is_refused(tmp_path: Path, front: str, lines: str) -> None:
    """It would send users to a release that is not verified, and to two of them at once."""
    with pytest.raises(ComposeInvalidError) as raised:
        split_small(_app(tmp_path, front, lines))
    (finding,) = raised.value.findings
    assert "front finds web at the engine" in finding.what
    assert finding.location is not None
    assert finding.location.line == 5
    assert "file" in finding.fix


@pytest.mark.parametrize(
    ("front", "lines"),
    [
        (TRAEFIK, ""),
        (TRAEFIK, "    labels: {traefik.enable: 'false', traefik.http.x: y}\n"),
        (TRAEFIK, f"{ROUTED}    x-fairlead: {{rollout: recreate}}\n"),
        (FILE, ROUTED),
        (NGINX, ROUTED),
        ("", ROUTED),
    ],
)
def test_what_it_would_not_find_is_no_concern(tmp_path: Path, front: str, lines: str) -> None:
    split_small(_app(tmp_path, front, lines))
