"""What is known of well-known images: who they run as, what they write, what they bring. By name, nothing is asked.

Facts of the images as their publishers document them; an image that is not known here has none.
"""

from __future__ import annotations

from fairlead.app.images.known import repository_of, short_name

_LIBRARY = ("docker.io/library/", "library/", "docker.io/")
# Their entrypoints begin as root to give the data away, and go on as the user of the image.
_DROPS_ROOT = frozenset(
    {
        "postgres",
        "postgis",
        "pgvector",
        "timescaledb",
        "mysql",
        "mariadb",
        "percona",
        "mongo",
        "redis",
        "valkey",
    }
    | {"rabbitmq", "cassandra", "couchdb", "neo4j", "influxdb", "zookeeper", "arangodb", "rethinkdb", "solr"}
)
# Their USER is another one than root.
_OTHER_USER = frozenset(
    {"nginx-unprivileged", "prometheus", "alertmanager", "node-exporter", "blackbox-exporter", "pushgateway"}
    | {
        "postgres-exporter",
        "redis_exporter",
        "grafana",
        "grafana-oss",
        "grafana-enterprise",
        "loki",
        "memcached",
    }
    | {"elasticsearch", "kibana", "opensearch", "keycloak", "jenkins", "eclipse-mosquitto", "mssql/server"}
)
_OTHER_USER_OWNERS = ("bitnami", "bitnamilegacy", "bitnamisecure", "chainguard")
# Written by the program itself, so that a read-only root needs a tmpfs or a volume there.
_WRITES = {
    "postgres": ("/var/run/postgresql",),
    "postgis": ("/var/run/postgresql",),
    "pgvector": ("/var/run/postgresql",),
    "mysql": ("/var/run/mysqld", "/tmp"),  # noqa: S108 - a folder in the container
    "mariadb": ("/run/mysqld", "/tmp"),  # noqa: S108 - as above
    "nginx": ("/var/cache/nginx", "/var/run"),
}
# The folder that the image declares as its volume: data in another one is not in the volume that is mounted.
_DATA = {
    "postgres": "/var/lib/postgresql/data",
    "postgis": "/var/lib/postgresql/data",
    "pgvector": "/var/lib/postgresql/data",
    "mysql": "/var/lib/mysql",
    "mariadb": "/var/lib/mysql",
    "mongo": "/data/db",
    "redis": "/data",
    "valkey": "/data",
    "rabbitmq": "/var/lib/rabbitmq",
    "couchdb": "/opt/couchdb/data",
    "neo4j": "/data",
    "elasticsearch": "/usr/share/elasticsearch/data",
    "clickhouse-server": "/var/lib/clickhouse",
    "cassandra": "/var/lib/cassandra",
    "influxdb": "/var/lib/influxdb2",
}
_KEEPS_NOTHING = frozenset({"memcached", "etcd-proxy"})
# Their Dockerfile has a HEALTHCHECK.
_HEALTHCHECK = frozenset(
    {"mysql-server", "uptime-kuma", "gitlab-ce", "gitlab-ee", "pihole", "jellyfin", "cadvisor", "netdata"}
    | {
        "minecraft-server",
        "immich-server",
        "vaultwarden",
        "authelia",
        "docker-mailserver",
        "nodebb",
        "photoprism",
    }
)
# Their entrypoint is an init of their own, which has to be process 1.
_INIT_OWNERS = ("linuxserver", "hotio", "jlesage", "homeassistant", "home-assistant")
_INIT = frozenset(
    {
        "jenkins",
        "elasticsearch",
        "kibana",
        "logstash",
        "gitlab-ce",
        "gitlab-ee",
        "pihole",
        "nginx-proxy-manager",
    }
    | {"pms-docker", "baseimage", "swag", "netdata", "superset"}
)
# Made from nothing but one program.
_NO_SHELL = frozenset(
    {
        "scratch",
        "portainer-ce",
        "portainer-ee",
        "watchtower",
        "cloudflared",
        "whoami",
        "redis_exporter",
        "nats",
    }
    | {"static", "static-debian12", "base-debian12", "static-debian13", "base-debian13"}
)
_WITH_SHELL_TAGS = ("debug", "alpine", "dev", "busybox")
_SLIM = frozenset({"python", "node", "ruby", "rust", "perl", "php", "openjdk", "eclipse-temurin"})
_NO_CURL = frozenset(
    {"postgres", "redis", "valkey", "caddy", "mariadb", "mongo", "debian", "ubuntu", "alpine", "busybox"}
)


def _parts(reference: str) -> tuple[str, str, str]:
    """Repository, its last part, and the tag."""
    repository = repository_of(reference)
    return repository, short_name(reference), reference.partition("@")[0][len(repository) :].lstrip(":")


def _is_official(repository: str) -> bool:
    bare = next((repository[len(one) :] for one in _LIBRARY if repository.startswith(one)), repository)
    return "/" not in bare


def is_official(reference: str) -> bool:
    """Whether an image is one of Docker's own library, none of which brings an init that has to be process 1."""
    return bool(reference) and "$" not in reference and _is_official(repository_of(reference))


def drops_root_itself(reference: str) -> bool:
    """Whether an image begins as root only to go on as a user of its own."""
    return short_name(reference) in _DROPS_ROOT


def runs_as_another_user(reference: str) -> bool:
    """Whether an image says itself that it does not run as root."""
    repository, name, tag = _parts(reference)
    owners = repository.split("/")[:-1]
    if any(owner in _OTHER_USER_OWNERS for owner in owners):
        return True
    return name in _OTHER_USER or ("distroless" in repository and "nonroot" in tag)


def known_to_write(reference: str) -> tuple[str, ...]:
    """The folders of its root file system that an official image writes to."""
    repository, name, _ = _parts(reference)
    return _WRITES.get(name, ()) if _is_official(repository) else ()


def data_folder(reference: str) -> str:
    """Where an official image keeps its data; empty if that is not known."""
    repository, name, _ = _parts(reference)
    if not _is_official(repository) and name not in {"postgis", "pgvector", "clickhouse-server"}:
        return ""
    if _DATA.get(name, "").startswith("/var/lib/postgresql") and major_version(reference) >= 18:
        return "/var/lib/postgresql"
    return _DATA.get(name, "")


def major_version(reference: str) -> int:
    """The first number of a tag, ``17`` of ``17.4-alpine`` or ``pg17``; 0 where there is none."""
    digits = ""
    for letter in _parts(reference)[2]:
        if letter in "0123456789" and len(digits) < 9:
            digits += letter
        elif digits:
            break
    return int(digits or 0)


def keeps_nothing(reference: str) -> bool:
    """Whether what an image holds may be lost at any time."""
    return short_name(reference) in _KEEPS_NOTHING


def has_healthcheck(reference: str) -> bool:
    """Whether an image is known to check its own health."""
    return short_name(reference) in _HEALTHCHECK


def brings_init(reference: str) -> bool:
    """Whether an image is known to have an init that reaps zombies and hands signals on."""
    repository, name, _ = _parts(reference)
    return name in _INIT or any(owner in _INIT_OWNERS for owner in repository.split("/")[:-1])


def lacks_program(reference: str, program: str, installed: str = "") -> bool:
    """Whether an image is known to be without a program: ``sh``, ``curl`` or ``wget``.

    Args:
        reference: the image, or what a Dockerfile starts from.
        program: its name.
        installed: the commands that put something into the image.
    """
    repository, name, tag = _parts(reference)
    if program in installed or "busybox" in installed:
        return False
    if name in _NO_SHELL or "distroless" in repository:
        # Whatever was copied in has another name than a shell: then it is in `installed`.
        return "/bin" not in installed and not any(word in tag for word in _WITH_SHELL_TAGS)
    if program == "sh" or not _is_official(repository):
        return False
    is_alpine = "alpine" in tag or name in {"alpine", "busybox", "caddy"}
    if program == "wget" and is_alpine:
        return False
    if name in _SLIM:
        # Alpine and slim variants; that of PHP needs curl for itself.
        return "slim" in tag or (is_alpine and name != "php")
    return name in _NO_CURL and not (name == "caddy" and program == "wget")
