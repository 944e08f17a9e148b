"""A front that looks names up once is told of what gets another address: a recreated service, not a rolled one."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.app.network import lookups
from tests.unit.app.small import small_app, split_small

DATA = """\
services:
  kept:
    image: ghcr.io/acme/board/web:1
    expose: ["8000"]
    volumes: ["data:/data"]
  web:
    image: ghcr.io/acme/board/web:1
    expose: ["8000"]
  front:
    image: %s
    ports: ["80:80"]
    volumes: ["./front.conf:/etc/front.conf:ro"]
volumes: {data: {}}
"""


def _told(root: Path, image: str, text: str) -> list[str]:
    (root / "front.conf").write_text(text)
    parts = split_small(small_app(root, DATA % image))
    return [one.what for one in parts.notes if "looks up" in one.what]


@pytest.mark.parametrize(
    ("image", "text"),
    [
        ("nginx:1", "location / { proxy_pass http://kept:8000; }"),
        ("nginx:1", "resolver 127.0.0.11; location / { proxy_pass http://kept:8000/a; }"),
        (
            "nginxinc/nginx-unprivileged:1",
            "upstream one {\n  server kept:8000 max_fails=1;\n  server web:8000;\n}",
        ),
        ("openresty/openresty:1", "location / { grpc_pass grpc://kept:8000; }"),
        ("haproxy:3", "backend one\n  server a kept:8000 check\n"),
    ],
)
def test_a_name_that_is_looked_up_once_is_told(tmp_path: Path, image: str, text: str) -> None:
    (told,) = _told(tmp_path, image, text)
    assert told.startswith("front looks up kept only when it starts")


@pytest.mark.parametrize(
    ("image", "text"),
    [
        ("nginx:1", "location / { proxy_pass http://web:8000; }"),
        ("nginx:1", "set $up kept; location / { proxy_pass http://$up:8000; }"),
        ("nginx:1", "upstream one {\n  zone one 64k;\n  server kept:8000 resolve;\n}"),
        ("haproxy:3", "backend one\n  server a kept:8000 resolvers docker init-addr last,libc,none\n"),
        ("traefik:v3", "http: {services: {a: {loadBalancer: {servers: [{url: 'http://kept:8000'}]}}}}"),
    ],
)
def test_what_is_looked_up_anew_or_stays_where_it_is_is_not(tmp_path: Path, image: str, text: str) -> None:
    assert _told(tmp_path, image, text) == []


def test_what_is_no_port_is_none() -> None:
    """Each of a line's digits could be the last one of a port, and the rest of the line was read for each of them."""
    (form,) = lookups._HAPROXY
    assert form.findall("server a kept:800080\n") == []
    assert form.findall("server a kept:8000\n  server b web:80 check\n") == ["kept", "web"]
