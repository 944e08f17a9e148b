"""Well-known images by what they are for: the last part of a repository's name, without tag."""

from __future__ import annotations

import re

from fairlead.quick.patterns import compile_late

# Databases, caches, queues, object stores: what keeps data, or must not run twice.
_STATE = compile_late(
    r"""postgres(ql)?|postgis|pgvector|timescaledb(-ha)?|mysql(-server)?|mariadb(-galera)?|percona(-server)?
    |mongo(db)?|mongodb-community-server|redis(-stack(-server)?)?|valkey|keydb|dragonfly|memcached
    |rabbitmq|nats|kafka|cp-kafka|redpanda|zookeeper|cp-zookeeper|pulsar|emqx|eclipse-mosquitto|activemq(-artemis)?
    |elasticsearch|opensearch|solr|meilisearch|typesense|manticore|qdrant|weaviate|milvus|chroma
    |clickhouse(-server)?|cassandra|scylla|couchdb|couchbase|neo4j|arangodb|rethinkdb|cockroach|influxdb|questdb
    |etcd|consul|vault|minio|seaweedfs|server|azure-sql-edge|oracle-xe|firebird|surrealdb|edgedb|gel""",
    re.VERBOSE,
)
# `server` alone is SQL Server (mcr.microsoft.com/mssql/server); elsewhere the word says nothing.
_SQL_SERVER = "mssql/server"

# Monitoring, logs, backup and the like.
_OPS = compile_late(
    r"""prometheus|alertmanager|pushgateway|grafana(-oss|-enterprise)?|loki|promtail|alloy|tempo|mimir|jaeger|all-in-one
    |victoria-metrics|vmagent|vmalert|vector|fluentd|fluent-bit|telegraf|netdata|cadvisor|zipkin
    |otel-collector|opentelemetry-collector(-contrib)?|uptime-kuma|portainer(-ce)?|watchtower|autoheal|dozzle
    |[a-z0-9-]+-exporter|[a-z0-9-]*backup[a-z0-9-]*|restic|litestream|borgmatic|pgbackrest""",
    re.VERBOSE,
)

_PROXIES = frozenset(
    {
        "caddy",
        "nginx",
        "nginx-unprivileged",
        "nginx-proxy",
        "nginx-proxy-manager",
        "openresty",
        "angie",
        "swag",
    }
    | {"traefik", "haproxy", "haproxy-alpine", "envoy", "caddy-docker-proxy"}
)
_WEB_SERVERS = frozenset(("httpd", "apache", "apache2", "lighttpd", "static-web-server", "unit"))

STATE_PORTS = frozenset(
    {
        1433,
        1521,
        1883,
        2181,
        2379,
        3306,
        4222,
        5432,
        5672,
        6379,
        7474,
        7687,
        8123,
        9042,
        9092,
        9200,
        11211,
        27017,
    }
)
"""Container ports of databases, caches and queues."""


def repository_of(reference: str) -> str:
    """An image reference without tag and digest: ``host:5000/app`` has no tag."""
    name = reference.partition("@")[0]
    head, colon, tag = name.rpartition(":")
    return head if colon and "/" not in tag else name


def short_name(reference: str) -> str:
    """The last part of a repository's name: ``postgresql`` of ``docker.io/bitnami/postgresql:17``."""
    return repository_of(reference).rpartition("/")[2].lower()


def is_state_image(reference: str) -> bool:
    """Whether an image is known to keep data or to run once only."""
    name = short_name(reference)
    if name == "server":
        return repository_of(reference).endswith(_SQL_SERVER)
    return _STATE.fullmatch(name) is not None


def is_ops_image(reference: str) -> bool:
    """Whether an image is known to watch or back up others."""
    return _OPS.fullmatch(short_name(reference)) is not None


def is_proxy_image(reference: str) -> bool:
    """Whether an image is a well-known reverse proxy."""
    return short_name(reference) in _PROXIES


def is_socket_proxy(reference: str) -> bool:
    """Whether an image is made to stand before the engine's socket and to filter what is asked of it."""
    return "socket-proxy" in short_name(reference)


def is_web_server(reference: str) -> bool:
    """Whether an image is a well-known web server, a reverse proxy or not: what stands in front of an app."""
    return short_name(reference) in _PROXIES | _WEB_SERVERS
