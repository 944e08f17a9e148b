from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fairlead.app.files.mentions import Mention, find_mentions, find_passed, read_mentions, read_small
from fairlead.app.services import infer_services


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("http://api:8000/v1", 8000),
        ("proxy_pass http://api;", 80),
        ("upstream x {\n  server api:9000;\n}", 9000),
        ("upstream x {\n  server api:9000 max_fails=0;\n}", 9000),
        ("backend x\n  server one api:9000 check\n", 9000),
        ("backend x\n  server api api:9000 resolvers docker\n", 9000),
        ("example.com\nreverse_proxy api:9000\n", 9000),
        ("example.com {\n\treverse_proxy /v1/* api:9000\n}", 9000),
        ("reverse_proxy @late h2c://api:9000 {\n", 9000),
        ("url: http://api:9000", 9000),
        ("reverse_proxy api.example.com:9000", None),
        ("http://api-two:1", None),
        ("http://api.example.com", None),
        ("postgres://api:5432", None),
    ],
)
def test_an_address_in_another_service_tells_a_port(tmp_path: Path, text: str, port: int | None) -> None:
    definitions: dict[str, Any] = {"web": {"environment": {"API": text}}, "api": {}}
    found = find_mentions(read_mentions(definitions, tmp_path)).get("api")
    assert (found.port if found else None) == port


def test_a_service_does_not_tell_its_own_port(tmp_path: Path) -> None:
    definitions = {"api": {"command": ["curl", "http://api:1"]}}
    assert find_mentions(read_mentions(definitions, tmp_path)) == {}


def test_configuration_that_is_built_into_an_image_counts(tmp_path: Path) -> None:
    context = tmp_path / "nginx" / "conf.d"
    context.mkdir(parents=True)
    (context / "default.conf").write_text("location / { proxy_pass http://api:8000; }")
    definitions = {"nginx": {"build": {"context": str(tmp_path / "nginx")}}, "api": {}}
    found = find_mentions(read_mentions(definitions, tmp_path)).get("api")
    assert found is not None
    assert found.why == "nginx asks it at port 8000, says default.conf"


@pytest.mark.parametrize(
    ("copied", "target"),
    [
        ("conf", "/etc/nginx/conf.d/default.conf"),
        ("site ./conf", "/etc/nginx/conf.d/"),
        ("--chown=nginx:nginx conf", "/etc/nginx/conf.d/default.conf"),
        ('["conf", "/usr/local/etc/haproxy/haproxy.cfg"]', ""),
        ("conf", "/usr/local/apache2/conf/httpd.conf"),
    ],
)
def test_what_a_dockerfile_puts_where_a_front_is_configured_counts(
    tmp_path: Path, copied: str, target: str
) -> None:
    """Whatever the file is called in the repository."""
    context = tmp_path / "proxy"
    context.mkdir()
    (context / "conf").write_text("location / { proxy_pass http://api:8000; }")
    (context / "Dockerfile").write_text(f"FROM nginx:1\nCOPY {copied} {target}\n")
    definitions = {"proxy": {"build": {"context": str(context), "dockerfile": "Dockerfile"}}, "api": {}}
    found = find_mentions(read_mentions(definitions, tmp_path)).get("api")
    assert found is not None
    assert found.why == "proxy asks it at port 8000, says conf"


@pytest.mark.parametrize(
    "copied", ["conf /srv/conf", "--from=build /conf /etc/nginx/conf.d/x.conf", "../conf /etc/nginx/x"]
)
def test_other_files_of_a_dockerfile_say_nothing(tmp_path: Path, copied: str) -> None:
    context = tmp_path / "proxy"
    context.mkdir()
    (context / "conf").write_text("http://api:8000")
    (tmp_path / "conf").write_text("http://api:8000")
    (context / "Dockerfile").write_text(f"FROM nginx:1\nCOPY {copied}\n")
    definitions = {"proxy": {"build": {"context": str(context)}}, "api": {}}
    assert find_mentions(read_mentions(definitions, tmp_path)) == {}


@pytest.mark.parametrize(
    "text",
    [
        "proxy_pass http://$API_ADDRESS;",
        "proxy_pass http://${API_ADDRESS}/v1/;",
        "backend x\n  server one $API_ADDRESS check\n",
        'backend x\n  server one "${API_ADDRESS}" check\n',
        "example.com\nreverse_proxy {$API_ADDRESS}\n",
        "example.com\nreverse_proxy {$API_ADDRESS:other:1}\n",
        "example.com\nreverse_proxy {env.API_ADDRESS}\n",
        "ProxyPass / http://${API_ADDRESS}/",
    ],
)
def test_a_variable_in_the_configuration_of_a_front_is_looked_up(tmp_path: Path, text: str) -> None:
    (tmp_path / "front.conf").write_text(text)
    front = {
        "environment": {"API": "other", "API_ADDRESS": "api:9091", "UNSET": None},
        "volumes": [{"type": "bind", "source": str(tmp_path / "front.conf"), "target": "/etc/front"}],
    }
    found = find_mentions(read_mentions({"front": front, "api": {}}, tmp_path)).get("api")
    assert found is not None
    assert found.port == 9091


def test_what_is_no_variable_of_the_service_stays_as_it_stands(tmp_path: Path) -> None:
    """Nginx's own variables, and those that only the next service has."""
    (tmp_path / "front.conf").write_text("proxy_pass http://$host; set $x http://${PORTED}:1;")
    mount = {"type": "bind", "source": str(tmp_path / "front.conf"), "target": "/etc/front"}
    definitions = {
        "front": {"environment": {"PORT": "api:1"}, "volumes": [mount]},
        "api": {"environment": {"PORTED": "front"}},
    }
    assert find_mentions(read_mentions(definitions, tmp_path)) == {}


def test_what_a_variable_brings_has_a_bound(tmp_path: Path) -> None:
    """A long value in place of each of many short names would be gigabytes."""
    (tmp_path / "front.conf").write_text("$A $B " * 5000)
    mount = {"type": "bind", "source": str(tmp_path / "front.conf")}
    values = {"A": "x" * 60_000, "B": "y" * 250}
    found = read_mentions({"front": {"environment": values, "volumes": [mount]}}, tmp_path)
    (text,) = [one.text for one in found if one.where == "front.conf"]
    assert text.startswith("$A yyy")
    assert len(text) <= 4 * 64 * 1024


@pytest.mark.parametrize("name", ["dynamic.yaml", "dynamic.yml", "dynamic.toml"])
def test_a_folder_of_routes_that_a_front_mounts_counts(tmp_path: Path, name: str) -> None:
    """Traefik is given such a folder."""
    (tmp_path / "traefik").mkdir()
    (tmp_path / "traefik" / name).write_text('url = "http://api:8000"')
    volumes = [{"type": "bind", "source": str(tmp_path / "traefik"), "target": "/etc/traefik"}]
    found = find_mentions(read_mentions({"traefik": {"volumes": volumes}, "api": {}}, tmp_path)).get("api")
    assert found is not None
    assert found.port == 8000


def test_nothing_outside_of_the_repository_is_looked_at(tmp_path: Path) -> None:
    outside, root = tmp_path / "host", tmp_path / "repository"
    outside.mkdir()
    root.mkdir()
    (outside / "site.conf").write_text("proxy_pass http://api:8000;")
    volumes = [{"type": "bind", "source": source} for source in (str(outside), "/proc", "/")]
    definitions = {"web": {"volumes": volumes, "build": {"context": str(outside)}}, "api": {}}
    assert read_mentions(definitions, root) == (
        Mention("web", "its command", ""),
        Mention("api", "its command", ""),
    )


def test_a_file_that_is_too_large_or_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "small.conf").write_text("12345")
    assert read_small(tmp_path / "small.conf", tmp_path, 5) == "12345"
    assert read_small(tmp_path / "small.conf", tmp_path, 4) == ""
    assert read_small(tmp_path / "gone.conf", tmp_path, 5) == ""
    assert read_small(tmp_path, tmp_path, 5) == ""


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("location / { uwsgi_pass api:3031; }", {"api"}),
        ("location / { uwsgi_pass  uwsgi://api:3031 ; }", {"api"}),
        ("fastcgi_pass api:9000;", {"api"}),
        ("scgi_pass api:4000;", {"api"}),
        ("php_fastcgi api:9000", {"api"}),
        ("php_fastcgi /app/* api:9000 {", {"api"}),
        (
            "upstream pool {\n server api:3031;\n server other:3031 backup;\n}\nuwsgi_pass pool;",
            {"api", "other"},
        ),
        ("upstream pool { server api:8000; }\nproxy_pass http://pool;", set()),
        ("uwsgi_pass api:3031; proxy_pass http://api:8000;", set()),
        ("uwsgi_pass unix:/run/app.sock;", set()),
        ("uwsgi_pass $where;", set()),
        ("grpc_pass grpc://api:50051;", set()),
    ],
)
def test_what_a_front_calls_otherwise_than_by_http(text: str, passed: set[str]) -> None:
    assert find_passed([Mention("front", "nginx.conf", text)]) == passed


@pytest.mark.parametrize("ports", [[], [{"target": 8000, "published": "8000"}]])
def test_what_a_front_calls_so_belongs_to_its_release(tmp_path: Path, ports: list[dict[str, Any]]) -> None:
    """What speaks uwsgi by a file of its own is known from its front's. Who publishes a port speaks HTTP there."""
    (tmp_path / "nginx.conf").write_text("location / { uwsgi_pass app:3031; }")
    volumes = [{"type": "bind", "source": str(tmp_path / "nginx.conf"), "target": "/etc/nginx/nginx.conf"}]
    app = {
        "image": "acme/app",
        "command": ["uwsgi", "--ini", "uwsgi.ini"],
        "expose": ["3031"],
        "ports": ports,
    }
    services = infer_services({"app": app, "front": {"image": "nginx:1", "volumes": volumes}}, root=tmp_path)
    assert services["app"].is_within == (not ports)


@pytest.mark.parametrize(
    "part", ["\n", " ", "\t\n", "upstream a{", "server a", "server a\n", "http://a.", "reverse_proxy /"]
)
def test_text_of_any_form_is_read_in_one_go(part: str) -> None:
    """It would take minutes, and hours for fifty files, if each line looked through all that follow."""
    mentions = [Mention("web", "a file", part * (65536 // len(part)))]
    assert find_mentions(mentions).keys() <= {"a", "a."}
    assert find_passed(mentions) == frozenset()
