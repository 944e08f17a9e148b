"""A front that finds containers at the engine's socket leads users past the switch."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.app.model import ComposeApp
from fairlead.errors import ComposeInvalidError
from tests.unit.app.small import small_app, split_small

SOCKET = "    volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro']\n"
TRAEFIK = f"  front:\n    image: traefik:v3\n    ports: ['80:80']\n{SOCKET}"
REMOTE = "  front:\n    image: traefik:v3\n    ports: ['80:80']\n    command: ['--providers.docker.endpoint=tcp://engine:2375']\n"
CADDY = f"  front:\n    image: lucaslorentz/caddy-docker-proxy:2\n    ports: ['80:80']\n{SOCKET}"
NGINX = f"  front:\n    image: nginxproxy/nginx-proxy:1\n    ports: ['80:80']\n{SOCKET}"
FILE = "  front:\n    image: traefik:v3\n    ports: ['80:80']\n    command: ['--providers.file.filename=/r.yml']\n"
BY_HOST = "    environment: {DOCKER_HOST: 'tcp://engine:2375'}\n"
NGINX_BY_HOST = f"  front:\n    image: nginxproxy/nginx-proxy:1\n    ports: ['80:80']\n{BY_HOST}"
GENERATOR = f"  front:\n    image: nginxproxy/docker-gen\n    ports: ['80:80']\n{BY_HOST}"
TRAEFIK_BY_HOST = f"  front:\n    image: traefik:v3\n    ports: ['80:80']\n{BY_HOST}"
FOLDER = "  front:\n    image: traefik:v3\n    ports: ['80:80']\n    volumes: ['/var/run/:/var/run:ro']\n"
VARIABLE = "  front:\n    image: traefik:v3\n    ports: ['80:80']\n    environment: {TRAEFIK_PROVIDERS_DOCKER_ENDPOINT: 'tcp://e:1'}\n"
WITH_FILE = "  front:\n    image: traefik:v3\n    ports: ['80:80']\n    volumes: ['./traefik.conf:/etc/traefik/traefik.yml:ro']\n"
OFF = "  front:\n    image: traefik:v3\n    ports: ['80:80']\n    {how}\n"
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
        (NGINX_BY_HOST, "    environment: {VIRTUAL_HOST: example.com}\n"),
        (GENERATOR, "    environment: {VIRTUAL_HOST: example.com}\n"),
        (TRAEFIK_BY_HOST, ROUTED),
        (FOLDER, ROUTED),
        (VARIABLE, ROUTED),
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


@pytest.mark.parametrize(
    "how",
    [
        "environment: {TRAEFIK_PROVIDERS_DOCKER: 'false'}",
        "environment: [TRAEFIK_PROVIDERS_DOCKER=False, TRAEFIK_PROVIDERS_SWARM=0]",
        "environment: [traefik_providers_docker=no, TRAEFIK_PROVIDERS_DOCKER_ENDPOINT=tcp://engine:2375]",
        "environment: [TRAEFIK_PROVIDERS_DOCKER_ENDPOINT=tcp://engine:2375, TRAEFIK_PROVIDERS_DOCKER=false]",
        "command: ['--providers.docker=false', '--providers.file.filename=/r.yml']",
        "command: [-providers.Docker=FALSE, --providers.docker.endpoint=tcp://engine:2375]",
        "command: --providers.docker --providers.docker=false",
        "entrypoint: [traefik, --providers.swarm=false]",
    ],
)
def test_a_provider_that_is_off_does_not_look(tmp_path: Path, how: str) -> None:
    """Traefik takes every value but ``true`` for off, whatever else is said of the provider."""
    parts = split_small(_app(tmp_path, OFF.format(how=how), ROUTED))
    assert not [one for one in parts.notes if "at the engine" in one.what]


@pytest.mark.parametrize(
    "how",
    [
        "environment: {TRAEFIK_PROVIDERS_DOCKER: 'true'}",
        "environment: {TRAEFIK_PROVIDERS_DOCKER: ''}",
        "environment: [TRAEFIK_PROVIDERS_DOCKER_EXPOSEDBYDEFAULT=false]",
        "environment: [TRAEFIK_PROVIDERS_DOCKER=false, TRAEFIK_PROVIDERS_SWARM=true]",
        "command: [--providers.docker]",
        "command: [--providers.docker=True]",
        "command: [--providers.docker.exposedbydefault=false]",
        "command: [--providers.docker=false, --providers.docker=true]",
        "{environment: {TRAEFIK_PROVIDERS_DOCKER: 'false'}, command: [--providers.docker]}",
    ],
)
def test_a_provider_that_is_on_does(tmp_path: Path, how: str) -> None:
    front = OFF.format(how=how)
    if how.startswith("{"):
        front = f"  front: {{image: traefik:v3, ports: ['80:80'], {how[1:]}\n"
    with pytest.raises(ComposeInvalidError) as raised:
        split_small(_app(tmp_path, front, ROUTED))
    assert "front finds web at the engine" in raised.value.findings[0].what


@pytest.mark.parametrize(
    "text",
    [
        "entryPoints: {web: {address: ':80'}}\nproviders:\n  docker:\n    endpoint: tcp://engine:2375\n",
        "providers: {docker: {endpoint: 'tcp://engine:2375'}}\n",
        '[providers]\n  [providers.docker]\n    endpoint = "tcp://engine:2375"\n',
        'providers.docker.endpoint = "tcp://engine:2375"\n',
        "providers:\n  file: {filename: /r.yml}\n  'swarm':\n    endpoint: tcp://engine:2375\n",
        '{"providers": {"docker": {}}}',
        "providers:\n  docker: true\n",
        "providers:\n  docker: &engine\n    endpoint: tcp://engine:2375\n",
    ],
)
def test_what_its_own_file_says_counts_as_well(tmp_path: Path, text: str) -> None:
    (tmp_path / "traefik.conf").write_text(text)
    with pytest.raises(ComposeInvalidError) as raised:
        split_small(_app(tmp_path, WITH_FILE, ROUTED))
    assert "front finds web at the engine" in raised.value.findings[0].what


@pytest.mark.parametrize(
    "text",
    [
        "providers:\n  file:\n    directory: /routes\n",
        "providers:\n  # docker:\n  file: {filename: /r.yml}\n",
        "providers:\n  docker: false\n  file: {filename: /r.yml}\n",
        "providers: {'docker': 'false', swarm: no}\n",
        '{"providers": {"docker": false}}',
        "providers.docker = false\n",
        '[providers.file]\n  filename = "/docker.toml"\n',
    ],
)
def test_a_file_of_routes_is_what_it_goes_by(tmp_path: Path, text: str) -> None:
    (tmp_path / "traefik.conf").write_text(text)
    parts = split_small(_app(tmp_path, WITH_FILE, ROUTED))
    assert not [one for one in parts.notes if "at the engine" in one.what]


def test_where_nobody_can_know_it_is_told(tmp_path: Path) -> None:
    """Its configuration lies in a volume, or on the server."""
    front = "  front:\n    image: traefik:v3\n    ports: ['80:80']\n    volumes: ['conf:/etc/traefik']\nvolumes: {conf: {}}\n"
    parts = split_small(_app(tmp_path, front, ROUTED))
    (note,) = [one for one in parts.notes if "at the engine" in one.what]
    assert "nobody can tell" in note.what
    assert not [one for one in split_small(_app(tmp_path, front, "")).notes if "at the engine" in one.what]
