from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.app.model import GENERATED_PROXY
from fairlead.app.split import ReleaseParts
from tests.unit.app.small import small_app, split_small

WEB = "services:\n  web: {image: web, ports: ['3000:8000'], x-fairlead: {role: app, port: 8000}}\n"
OWN = """\
services:
  web: {image: web, expose: ['8000']}
  caddy:
    image: caddy:2.11.7
    ports: %s
    volumes: ["./Caddyfile:/etc/caddy/Caddyfile:ro"]
    x-fairlead: %s
"""


def behind(root: Path, services: str, url: str = "https://a.example.com") -> ReleaseParts:
    (root / "Caddyfile").write_text("import /fairlead/switch.caddy\n:80 {\n\timport switch web 8000\n}\n")
    return split_small(small_app(root, services, url=url, edge=True, hostnames=("www.example.com",)))


def test_an_app_behind_the_edge_publishes_nothing_and_answers_its_hostnames_by_http(tmp_path: Path) -> None:
    parts = behind(tmp_path, WEB)
    entry = parts.services[GENERATED_PROXY]
    (mount,) = entry["mounts"]
    text = parts.blobs[parts.files[mount["file"]]["sha256"]].decode()
    assert "ports" not in entry["definition"]
    assert "http://a.example.com {\n\timport switch web 8000\n}" in text
    assert "http://www.example.com {" in text
    assert "auto_https off" in text
    assert "http_port" not in text, "the edge asks at the usual port"
    assert "trusted_proxies static private_ranges" in text
    assert "grace_period 5s" in text, "one event stream would keep WebSockets open until they are cut"
    assert parts.document()["edge"] == {
        "hostnames": ["a.example.com", "www.example.com"],
        "scheme": "https",
        "port": 80,
        "image": "caddy:2.11.7",
    }


def test_a_port_that_nobody_reaches_any_more_is_told(tmp_path: Path) -> None:
    notes = [note for note in behind(tmp_path, WEB).notes if note.rule == "published-port"]
    assert ["port 3000 is not published behind the edge" in note.what for note in notes] == [True]
    assert notes[0].location is not None


@pytest.mark.parametrize(
    ("ports", "said", "port"),
    [
        ("['80:8080', '443:8443']", "{role: proxy}", 8080),
        ("['443:443']", "{role: proxy}", 80),
        ("['80:80']", "{role: proxy, port: 9000}", 9000),
    ],
)
def test_the_edge_asks_an_own_proxy_where_it_answers_http(
    tmp_path: Path, ports: str, said: str, port: int
) -> None:
    parts = behind(tmp_path, OWN % (ports, said))
    assert parts.document()["edge"]["port"] == port
    assert "ports" not in parts.services["caddy"]["definition"]


def test_without_the_edge_the_document_says_nothing_of_it(tmp_path: Path) -> None:
    parts = split_small(small_app(tmp_path, WEB, url="https://a.example.com"))
    assert "edge" not in parts.document()
    assert parts.services[GENERATED_PROXY]["definition"]["ports"]
