from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fairlead.app.images.dockerfile import DockerfileFacts, parse_dockerfile
from fairlead.app.model import Health
from fairlead.app.network.ports import FoundPort
from fairlead.app.roles import ServiceFacts, infer_service
from fairlead.app.services import infer_services


def facts(definition: dict[str, Any], **more: Any) -> ServiceFacts:
    return ServiceFacts(name="it", definition=definition, **more)


DATA = [{"type": "volume", "source": "data", "target": "/data"}]


@pytest.mark.parametrize(
    ("definition", "more", "role", "why"),
    [
        ({"image": "postgres:17"}, {}, "state", "postgres keeps data"),
        ({"image": "docker.io/bitnami/postgresql:17"}, {}, "state", "postgresql keeps data"),
        ({"image": "localhost:5000/redis"}, {}, "state", "redis keeps data"),
        ({"image": "mcr.microsoft.com/mssql/server:2022"}, {}, "state", "server keeps data"),
        ({"image": "acme/server", "expose": ["80"]}, {}, "app", "exposes port 80"),
        ({"image": "prom/prometheus"}, {}, "ops", "watches or backs up"),
        ({"image": "prom/node-exporter"}, {}, "ops", "watches or backs up"),
        ({"image": "acme/db-backup"}, {}, "ops", "watches or backs up"),
        ({"image": "litestream/litestream:0.3"}, {}, "ops", "watches or backs up"),
        ({"image": "acme/store", "volumes": DATA}, {}, "state", "keeps data in data"),
        ({"image": "acme/q", "ports": [{"target": 5672, "published": "5672"}]}, {}, "state", "port 5672"),
        ({"image": "x", "restart": "no"}, {}, "job", 'restart: "no"'),
        ({"image": "x"}, {"awaited_end": "web"}, "job", "web waits for it to complete"),
        ({"image": "postgres"}, {"awaited_end": "web"}, "job", "web waits for it to complete"),
        ({"image": "caddy"}, {"imports_switch": True}, "proxy", "import switch"),
        ({"image": "caddy", "expose": ["80"]}, {}, "app", "exposes port 80"),
        ({"image": "nginx", "ports": [{"target": 80, "published": "80"}]}, {}, "app", "publishes port 80"),
        ({"image": "x"}, {}, "worker", "it has no port"),
        ({}, {"image": "api", "dockerfile": DockerfileFacts(ports=(8000,))}, "app", "Dockerfile exposes"),
        ({}, {"image": "postgres", "mentioned": FoundPort(80, "web asks it")}, "app", "web asks it"),
        ({"image": "postgres", "x-fairlead": {"role": "worker"}}, {}, "worker", "declared"),
    ],
)
def test_a_role_is_inferred_with_its_reason(
    definition: dict[str, Any], more: dict[str, Any], role: str, why: str
) -> None:
    service = infer_service(facts(definition, **more))
    assert service.role == role
    assert why in service.why


@pytest.mark.parametrize(
    ("definition", "dockerfile", "port"),
    [
        ({"x-fairlead": {"port": 1}, "expose": ["2"]}, DockerfileFacts(), 1),
        (
            {"healthcheck": {"test": ["CMD", "curl", "http://localhost:3/ready"]}, "expose": ["2"]},
            DockerfileFacts(),
            3,
        ),
        ({"expose": ["4"], "ports": [{"target": 5}]}, DockerfileFacts(), 4),
        ({"ports": [{"target": 443}, {"target": 80}]}, DockerfileFacts(ports=(9,)), 80),
        ({"ports": [{"target": 9229}, {"target": 8080}]}, DockerfileFacts(), 8080),
        ({"ports": [{"target": 53, "protocol": "udp"}]}, DockerfileFacts(), None),
        ({}, DockerfileFacts(ports=(6,)), 6),
        ({}, DockerfileFacts(ports=(6, 7)), None),
        ({"healthcheck": {"test": ["CMD", "curl", "http://db:3/"]}}, DockerfileFacts(), None),
    ],
)
def test_the_port_comes_from_the_plainest_sign(
    definition: dict[str, Any], dockerfile: DockerfileFacts, port: int | None
) -> None:
    assert infer_service(facts(definition, image="web", dockerfile=dockerfile)).port == port


@pytest.mark.parametrize(
    ("definition", "dockerfile", "gate", "health"),
    [
        ({}, DockerfileFacts(), "http", Health()),
        ({"healthcheck": {"test": ["CMD", "x"]}}, DockerfileFacts(), "healthcheck", Health()),
        ({"healthcheck": {"test": ["NONE"]}}, DockerfileFacts(healthcheck="CMD x"), "http", Health()),
        ({"healthcheck": {"disable": True}}, DockerfileFacts(healthcheck="CMD x"), "http", Health()),
        ({"healthcheck": {"interval": "1s"}}, DockerfileFacts(healthcheck="CMD x"), "healthcheck", Health()),
        ({}, DockerfileFacts(healthcheck="CMD wget http://127.0.0.1:80/up"), "healthcheck", Health("/up")),
        (
            {"x-fairlead": {"health": {"path": "/r", "status": 204}}},
            DockerfileFacts(),
            "http",
            Health("/r", 204),
        ),
        ({"x-fairlead": {"health": "none"}}, DockerfileFacts(healthcheck="CMD x"), "running", None),
    ],
)
def test_health_is_proved_by_the_best_evidence_that_there_is(
    definition: dict[str, Any], dockerfile: DockerfileFacts, gate: str, health: Health | None
) -> None:
    service = infer_service(facts({"expose": ["80"], **definition}, image="web", dockerfile=dockerfile))
    assert (service.gate, service.health) == (gate, health)


@pytest.mark.parametrize(
    ("volumes", "shared", "rollout"),
    [
        (DATA, frozenset(), "recreate"),
        (DATA, frozenset({"data"}), "switch"),
        ([{**DATA[0], "read_only": True}], frozenset(), "switch"),
        ([{"type": "volume", "target": "/cache"}], frozenset(), "switch"),
        ([{"type": "volume", "target": "/app/tmp"}], frozenset(), "switch"),
        # A volume without a name is empty in the next release; the same container made anew gets it again.
        ([{"type": "volume", "target": "/data"}], frozenset(), "recreate"),
        ([{"type": "volume", "source": "deps", "target": "/app/node_modules"}], frozenset(), "switch"),
    ],
)
def test_an_app_that_alone_writes_to_a_volume_is_recreated(
    volumes: list[dict[str, Any]], shared: frozenset[str], rollout: str
) -> None:
    """Two of it at once could corrupt what neither expects the other to write."""
    service = infer_service(facts({"expose": ["80"], "volumes": volumes}, image="web", shared_volumes=shared))
    assert (service.role, service.rollout) == ("app", rollout)


@pytest.mark.parametrize(
    ("text", "volumes", "rollout"),
    [
        ("VOLUME /data", [], "recreate"),
        ('VOLUME ["/tmp", "/data"]', [], "recreate"),
        ("VOLUME /tmp /data", [], "recreate"),
        ("VOLUME /tmp", [], "switch"),
        ("VOLUME $WHERE", [], "switch"),
        ("VOLUME /data", [{"type": "tmpfs", "target": "/data"}], "switch"),
        ("VOLUME /data", [{"type": "bind", "source": "/x", "target": "/data", "read_only": True}], "switch"),
    ],
)
def test_what_its_own_dockerfile_says_is_kept_is_kept(
    text: str, volumes: list[dict[str, Any]], rollout: str
) -> None:
    """The engine gives each container a volume there, which only the same container made anew gets again."""
    dockerfile = parse_dockerfile(f"FROM a AS base\n{text}\nFROM base\n")
    service = infer_service(facts({"expose": ["80"], "volumes": volumes}, image="web", dockerfile=dockerfile))
    assert (service.role, service.rollout) == ("app", rollout)
    if rollout == "recreate":
        assert service.why.endswith("recreated, because it alone writes to the folder /data")


@pytest.mark.parametrize(
    ("image", "within"),
    [
        ("php:8.4-fpm-alpine", True),
        ("acme/php-fpm:8", True),
        ("wordpress:php8.3-fpm", True),
        ("nextcloud:29-fpm-alpine@sha256:" + "a" * 64, True),
        ("localhost:5000/matomo:fpm", True),
        ("wordpress:6", False),
        ("acme/fpm-exporter:1", False),
        ("acme/web:fpmless", False),
    ],
)
def test_a_program_behind_php_fpm_is_called_within_its_release(image: str, within: bool) -> None:
    assert infer_service(facts({"image": image})).is_within == within


@pytest.mark.parametrize(
    ("definition", "said", "within"),
    [
        ({}, '["gunicorn", "--protocol", "uwsgi", "--bind", "0.0.0.0:8000", "app:application"]', True),
        ({}, "gunicorn --protocol=uwsgi app:application", True),
        ({"command": ["gunicorn", "--worker-class", "asgi", "--protocol", "uwsgi", "app:app"]}, "", True),
        ({"command": ["gunicorn", "app:application"]}, '["gunicorn", "--protocol", "uwsgi", "a:b"]', False),
        ({"command": ["uwsgi", "--socket", ":3031", "--module", "site.wsgi"]}, "", True),
        ({"command": ["/usr/bin/uwsgi", "-s", ":3031"]}, "", True),
        ({"entrypoint": ["uwsgi"], "command": ["--uwsgi-socket=:3031"]}, "", True),
        ({"command": ["uwsgi", "--socket", ":3031", "--http-socket", ":8000"]}, "", False),
        ({"command": ["uwsgi", "--http", ":8000"]}, "", False),
        ({"command": ["uwsgi", "--ini", "uwsgi.ini"]}, "", False),
        ({"command": ["gunicorn", "--socket", "x"]}, "", False),
    ],
)
def test_what_speaks_uwsgi_is_called_within_its_release(
    definition: dict[str, Any], said: str, within: bool
) -> None:
    """Its front says uwsgi_pass: nobody can lead that by HTTP."""
    known = facts({"expose": ["8000"], **definition}, dockerfile=parse_dockerfile(f"FROM x\nCMD {said}\n"))
    assert infer_service(known).is_within == within


_BESIDE: dict[str, dict[str, Any]] = {
    "nobody": {},
    "a migration": {"image": "acme/web", "restart": "no"},
    "a backup": {"image": "offen/docker-volume-backup:v2"},
    "one that says so": {"image": "acme/copy", "x-fairlead": {"role": "ops"}},
    "a worker": {"image": "acme/web", "command": ["work"]},
}


@pytest.mark.parametrize("source", ["data", "./data", "/srv/data"])
@pytest.mark.parametrize("beside", _BESIDE)
def test_who_migrates_or_copies_its_data_does_not_share_them(
    tmp_path: Path, source: str, beside: str
) -> None:
    """A database in a file is written by one program, whoever else mounts its folder for a while or to read."""
    (tmp_path / ".git").mkdir()
    place = str(tmp_path / source[2:]) if source[0] == "." else source
    mount = {"type": "volume" if source == "data" else "bind", "source": place, "target": "/data"}
    services: dict[str, Any] = {"web": {"image": "acme/web", "expose": ["80"], "volumes": [mount]}}
    services["web"]["x-fairlead"] = {"role": "app"}
    if _BESIDE[beside]:
        services["other"] = {**_BESIDE[beside], "volumes": [mount]}
    found = infer_services(services, root=tmp_path)
    assert found["web"].rollout == ("switch" if beside == "a worker" else "recreate")


@pytest.mark.parametrize(
    "source",
    ["/var/run/docker.sock", "/etc/localtime", "/run/thing", "/dev/shm"],
)
def test_what_is_the_servers_is_nobodys_data(tmp_path: Path, source: str) -> None:
    (tmp_path / ".git").mkdir()
    mount = {"type": "bind", "source": source, "target": "/x"}
    found = infer_services({"web": {"image": "w", "expose": ["80"], "volumes": [mount]}}, root=tmp_path)
    assert found["web"].rollout == "switch"


@pytest.mark.parametrize(
    ("definition", "image", "role", "gate", "health"),
    [
        ({"expose": ["80"], "volumes": DATA}, "web", "app", "http", Health()),
        ({"expose": ["80"], "x-fairlead": {"rollout": "recreate"}}, "web", "app", "http", Health()),
        (
            {"expose": ["80"], "volumes": DATA, "x-fairlead": {"health": {"path": "/up", "status": 200}}},
            "web",
            "app",
            "http",
            Health("/up", 200),
        ),
        (
            {"x-fairlead": {"role": "state", "port": 9000, "health": {"path": "/live"}}},
            "",
            "state",
            "http",
            Health("/live"),
        ),
        # Not HTTP: asked whether it listens, on the server.
        ({"expose": ["1883"], "x-fairlead": {"rollout": "recreate"}}, "broker", "app", "running", None),
        (
            {"expose": ["80"], "volumes": DATA, "x-fairlead": {"health": "none"}},
            "web",
            "app",
            "running",
            None,
        ),
    ],
)
def test_what_is_recreated_is_asked_as_well(
    definition: dict[str, Any], image: str, role: str, gate: str, health: Health | None
) -> None:
    """Nothing runs beside it, so that its own answers are all that tells."""
    service = infer_service(facts(definition, image=image))
    assert (service.role, service.rollout) == (role, "recreate")
    assert (service.gate, service.health) == (gate, health)


def test_two_releases_may_share_a_volume_where_the_user_says_so() -> None:
    definition = {"expose": ["80"], "volumes": DATA, "x-fairlead": {"rollout": "shared"}}
    service = infer_service(facts(definition, image="web"))
    assert (service.rollout, service.is_routed) == ("switch", True)
    assert "two may share the volume data" in service.why


@pytest.mark.parametrize(
    ("declared", "health"),
    [
        ({}, Health("/grpc.health.v1.Health/Check")),
        (
            {"health": {"host": "a.example.com"}},
            Health("/grpc.health.v1.Health/Check", None, "a.example.com"),
        ),
        ({"health": {"path": "/grpc.health.v1.Health/Check"}}, Health("/grpc.health.v1.Health/Check", 200)),
        ({"health": {"path": "/up"}}, Health("/up")),
        ({"health": {"path": "/up", "status": 204}}, Health("/up", 204)),
        ({"health": "none"}, None),
    ],
)
def test_what_speaks_h2c_is_asked_by_grpcs_own_check(declared: dict[str, Any], health: Health | None) -> None:
    """By default, where a server that has none still tells that it lives; one that is named has to say SERVING."""
    service = infer_service(
        facts({"image": "x", "x-fairlead": {"port": 50051, "protocol": "h2c", **declared}})
    )
    assert (service.protocol, service.health) == ("h2c", health)


def test_a_declared_host_is_kept() -> None:
    service = infer_service(
        facts({"image": "x", "x-fairlead": {"port": 80, "health": {"host": "a.example.com"}}})
    )
    assert service.health == Health("/", None, "a.example.com")
    assert service.health.to_json() == {"path": "/", "status": None, "host": "a.example.com"}
