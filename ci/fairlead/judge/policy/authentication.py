"""Doors that are open: a program that is told to ask nobody who he is. Tables of what its own documentation says."""

from __future__ import annotations

import re

from fairlead.app.images.facts import major_version
from fairlead.app.images.known import short_name
from fairlead.judge.policy.fault import Fault
from fairlead.judge.policy.network import is_loopback
from fairlead.judge.policy.rule import service_rule
from fairlead.judge.policy.subject import as_mapping, unescaped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from fairlead.judge.policy.subject import View
    from fairlead.positions import ValuePath

_ON = frozenset(("true", "yes", "on", "1", "t", "y"))
_OFF = frozenset(("false", "no", "off", "0", "f", "n"))
_FIX = "remove it, and let it ask for a password that it reads from a file"
_ANY = None
"""Any value but none."""
_VARIABLES: dict[str, tuple[frozenset[str] | None, str]] = {
    "POSTGRES_HOST_AUTH_METHOD": (
        frozenset({"trust"}),
        "Postgres takes everybody for the user that he names",
    ),
    "MYSQL_ALLOW_EMPTY_PASSWORD": (_ANY, "MySQL lets root in without a password"),
    "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD": (_ANY, "MariaDB lets root in without a password"),
    "MARIADB_ALLOW_EMPTY_PASSWORD": (_ANY, "MariaDB lets root in without a password"),
    "ALLOW_EMPTY_PASSWORD": (_ON, "it lets everybody in without a password"),
    "ALLOW_ANONYMOUS_LOGIN": (_ON, "ZooKeeper lets everybody in"),
    "ALLOW_NONE_AUTHENTICATION": (_ON, "etcd lets everybody in"),
    "xpack.security.enabled": (_OFF, "Elasticsearch asks nobody for a password"),
    "ES_SETTING_XPACK_SECURITY_ENABLED": (_OFF, "Elasticsearch asks nobody for a password"),
    "plugins.security.disabled": (_ON, "OpenSearch asks nobody for a password"),
    # Its start script compares with this one word.
    "DISABLE_SECURITY_PLUGIN": (frozenset({"true"}), "OpenSearch asks nobody for a password"),
    "DISABLE_SECURITY_DASHBOARDS_PLUGIN": (
        frozenset({"true"}),
        "OpenSearch Dashboards asks nobody for a password",
    ),
    "NEO4J_AUTH": (frozenset({"none"}), "Neo4j asks nobody for a password"),
    "NEO4J_dbms_security_auth__enabled": (_OFF, "Neo4j asks nobody for a password"),
    "ARANGO_NO_AUTH": (_ANY, "ArangoDB asks nobody for a password"),
    "CLICKHOUSE_SKIP_USER_SETUP": (
        frozenset({"1"}),
        "ClickHouse lets its default user in from anywhere, without a password",
    ),
    "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": (_ON, "Weaviate asks nobody for a key"),
    "INFLUXDB_HTTP_AUTH_ENABLED": (_OFF, "InfluxDB asks nobody for a password"),
    "GF_AUTH_ANONYMOUS_ORG_ROLE": (
        frozenset({"admin", "editor"}),
        "Grafana lets strangers change everything",
    ),
    "ME_CONFIG_BASICAUTH": (_OFF, "Mongo Express asks nobody for a password"),
    "ME_CONFIG_BASICAUTH_ENABLED": (_OFF, "Mongo Express asks nobody for a password"),
    "ME_CONFIG_BASICAUTH_USERNAME": (frozenset({""}), "Mongo Express asks nobody for a password"),
    "PGADMIN_CONFIG_SERVER_MODE": (_OFF, "pgAdmin asks nobody for a password"),
    "JUPYTER_TOKEN": (frozenset({""}), "Jupyter runs the code of whoever comes"),
    "DISABLE_AUTH": (_ON, "it asks nobody for a password"),
    "TRAEFIK_API_INSECURE": (_ON, "Traefik shows its API to everybody, on port 8080"),
}
"""By variable: the values that switch authentication off, in lower case, and what that means."""
_ROOT_OF_MYSQL = r"MYSQL_(ROOT_PASSWORD(_FILE)?|RANDOM_ROOT_PASSWORD)"
_ROOT_OF_MARIADB = rf"{_ROOT_OF_MYSQL}|MARIADB_(ROOT_PASSWORD(_HASH)?(_FILE)?|RANDOM_ROOT_PASSWORD)"
_BITNAMI_ALLOWS = "ALLOW_EMPTY_PASSWORD"
_ONLY_ALLOWS = {
    "MYSQL_ALLOW_EMPTY_PASSWORD": _ROOT_OF_MYSQL,
    "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD": _ROOT_OF_MARIADB,
    "MARIADB_ALLOW_EMPTY_PASSWORD": _ROOT_OF_MARIADB,
    _BITNAMI_ALLOWS: "",
}
"""Variables that let a password be empty, and which give that one: where one does, they change nothing.

The password of another program, or of an app's user where root has one of his own, is not it. Bitnami's is that of
the image: ``_of_bitnami``.
"""
_NO_TOKEN = frozenset({"", "''", '""'})
_FLAGS: dict[str, tuple[frozenset[str], str]] = {
    "--api.insecure": (_ON, "Traefik shows its API to everybody, on port 8080"),
    "--auth": (frozenset({"none"}), "it asks nobody for a password"),
    "--noauth": (_ON, "it asks nobody for a password"),
    "--no-auth": (_ON, "it asks nobody for a password"),
    "--skip-grant-tables": (_ON, "MySQL lets everybody do everything"),
    "--NotebookApp.token": (_NO_TOKEN, "Jupyter runs the code of whoever comes"),
    "--ServerApp.token": (_NO_TOKEN, "Jupyter runs the code of whoever comes"),
    "--IdentityProvider.token": (_NO_TOKEN, "Jupyter runs the code of whoever comes"),
    "--LabApp.token": (_NO_TOKEN, "Jupyter runs the code of whoever comes"),
    "--server.authentication": (_OFF, "ArangoDB asks nobody for a password"),
    "--protected-mode": (frozenset({"no"}), "Redis lets everybody in who reaches it"),
    "--enable-skip-login": (_ON, "the dashboard lets everybody in"),
}
"""By flag: the values that switch authentication off, where none counts as ``true``, and what that means."""
_APART = frozenset(("--auth", "--protected-mode"))
"""Flags whose value may be the next word."""
_FLAGS_OF: dict[tuple[str, str], tuple[frozenset[str], str]] = {
    ("cockroach", "--insecure"): (_ON, "CockroachDB asks nobody for a password"),
    ("vault", "-dev"): (_ON, "Vault runs unsealed, in memory, for development"),
    ("openbao", "-dev"): (_ON, "OpenBao runs unsealed, in memory, for development"),
}
"""The same of an image."""
_OPEN: dict[str, tuple[str, tuple[str, ...]]] = {
    "mongo": ("MongoDB", ("mongo_initdb_root_username", "--auth", "--keyfile", "--config", ".conf")),
    **dict.fromkeys(
        ("redis", "redis-stack", "redis-stack-server"), ("Redis", ("requirepass", "aclfile", ".conf"))
    ),
    **dict.fromkeys(("valkey", "keydb"), ("it", ("requirepass", "aclfile", ".conf"))),
    "memcached": ("memcached", ("--enable-sasl", "--auth-file")),
    "graphql-engine": ("Hasura", ("hasura_graphql_admin_secret", "--admin-secret")),
    "elasticsearch": ("Elasticsearch before 8", ("xpack.security.enabled", "elastic_password", ".yml")),
}
"""By image that asks for nothing unless it is told to: its name, and what tells it, in a variable, its command or a mount."""
_ASKS_SINCE = {"elasticsearch": 8}
"""The version from which one of them asks by itself."""


@service_rule("authentication-off")
def authentication_off(view: View) -> Iterator[Fault]:
    """A program that asks nobody who he is."""
    for name, value in view.mapping("environment").items():
        values, meaning = _VARIABLES.get(name) or (frozenset(), "")
        text = unescaped(str(value)).lower()
        is_off = value is not None and (text if values is _ANY else text in (values or ()))
        if meaning and is_off and not _is_harmless(view, name):
            yield Fault(view.at("environment", name), f"{name}: {meaning}", _FIX)
    words = list(_words(view))
    told = _is_told(view, words)
    for number, (path, word) in enumerate(words):
        flag, equals, value = word.partition("=")
        values, meaning = (
            _FLAGS.get(flag) or _FLAGS_OF.get((short_name(view.reference), flag)) or (frozenset(), "")
        )
        if meaning and not equals and flag in _APART:
            value = words[number + 1][1] if number + 1 < len(words) else ""
        elif meaning and not equals:
            value = "true"
        if meaning and value.lower() in (values or ()) and not (told and flag == "--protected-mode"):
            yield Fault(path, f"{flag}: {meaning}", _FIX)
    if told is False and not view.is_own:
        yield from _open_to_all(view)


def _is_harmless(view: View, name: str) -> bool:
    """Whether a switch does nothing beside the other variables."""
    variables = view.mapping("environment")
    if name == "GF_AUTH_ANONYMOUS_ORG_ROLE":
        return str(variables.get("GF_AUTH_ANONYMOUS_ENABLED", "")).lower() not in _ON
    if name not in _ONLY_ALLOWS:
        return False
    image = short_name(view.reference)
    if name == _BITNAMI_ALLOWS:
        given = _of_bitnami(image)
    else:
        # Its image reads MySQL's variables too, and the other way round not.
        given = _ROOT_OF_MARIADB if "mariadb" in image else _ONLY_ALLOWS[name]
    return any(value and re.fullmatch(given, other) for other, value in variables.items())


def _of_bitnami(image: str) -> str:
    """The variables that give the password of one of Bitnami's images, as a pattern.

    Of a database server with a root that is root's; of an app, that of its database. ``redis-cluster`` reads those of
    ``redis``. A password for replication, a master elsewhere or a key is another one.
    """
    first = image.partition("-")[0]
    if first in {"mysql", "mariadb"}:
        return rf"{first.upper()}_ROOT_PASSWORD(_FILE)?"
    names = {first, image.replace("-", "_"), *(("postgres",) if first == "postgresql" else ())}
    return rf"({'|'.join(re.escape(one.upper()) for one in sorted(names))})_((ROOT|ADMIN|POSTGRES|DATABASE)_)?PASSWORD(_FILE)?"


def _words(view: View) -> Iterator[tuple[ValuePath, str]]:
    """The words of what is run, those of a shell's text too, each with its place."""
    for key in ("entrypoint", "command"):
        for index, text in enumerate(view.list(key)):
            for word in unescaped(str(text)).split() or ("",):
                yield view.at(key, index), word


def _is_told(view: View, words: list[tuple[ValuePath, str]]) -> bool | None:
    """Whether a program that asks for nothing by itself is told to ask; None of one that is not known for that."""
    name = short_name(view.reference)
    known = _OPEN.get(name)
    if known is None or (name in _ASKS_SINCE and not 0 < major_version(view.reference) < _ASKS_SINCE[name]):
        return None
    variables = view.mapping("environment")
    mounts = (str(as_mapping(mount).get("target") or "") for mount in view.list("volumes"))
    said = " ".join(
        [*(word for _, word in words), *variables, *map(str, variables.values()), *mounts]
    ).lower()
    return any(word in said for word in known[1])


def _open_to_all(view: View) -> Iterator[Fault]:
    """The first port of it that is open to the world."""
    for index, port in enumerate(view.list("ports")):
        if not is_loopback(port):
            name = _OPEN[short_name(view.reference)][0]
            what = f"{name} asks for no password unless it is told to, and its port is open to the world"
            yield Fault(view.at("ports", index), what, "remove the port, and give it a password")
            return


@service_rule("engine-over-tcp")
def engine_over_tcp(view: View) -> Iterator[Fault]:
    """The engine's API on a network without TLS: whoever reaches it is root on the host."""
    variables = view.mapping("environment")
    certificates = variables.get("DOCKER_TLS_CERTDIR")
    is_engine = short_name(view.reference) == "docker" and "dind" in view.reference
    if is_engine and "DOCKER_TLS_CERTDIR" in variables and certificates in (None, ""):
        what = "an empty DOCKER_TLS_CERTDIR: its engine listens without TLS, to everybody in its networks"
        yield Fault(
            view.at("environment", "DOCKER_TLS_CERTDIR"),
            what,
            "remove it: then it makes certificates",
            key=True,
        )
    address = str(variables.get("DOCKER_HOST") or "")
    if address.startswith("tcp://") and not _has_tls(variables) and not _is_filter(view, address):
        what = "DOCKER_HOST leads to an engine without TLS: whoever is in that network is root where it runs"
        fix = "put a filtering proxy of this file before the socket, or use TLS (DOCKER_TLS_VERIFY) or ssh://"
        yield Fault(view.at("environment", "DOCKER_HOST"), what, fix)
    words = [unescaped(str(word)) for word in view.list("command")]
    if any(word.startswith("--tlsverify") for word in words):
        return
    for index, word in enumerate(words):
        if word.startswith(("--host=tcp://", "-H=tcp://", "-Htcp://")) or (
            word.startswith("tcp://") and words[index - 1] in {"-H", "--host"}
        ):
            what = "the engine listens without TLS: whoever is in its networks is root where it runs"
            yield Fault(view.at("command", index), what, "listen on a socket, or with --tlsverify")


def _has_tls(variables: Mapping[str, Any]) -> bool:
    return any(variables.get(name) for name in ("DOCKER_TLS_VERIFY", "DOCKER_TLS", "DOCKER_CERT_PATH"))


def _is_filter(view: View, address: str) -> bool:
    """Whether an address is that of a service that lets a part of the API through only."""
    host = address.removeprefix("tcp://").partition("/")[0].partition(":")[0]
    services = as_mapping(view.subject.model.value.get("services"))
    # One that only shares a name with a filter may be asked in its place: all have to be filters.
    asked = [one for name, given in services.items() if host in _hosts(name, one := as_mapping(given))]
    return bool(host and asked) and all(map(_lets_a_part_through, asked))


def _hosts(name: str, service: Mapping[str, Any]) -> Iterator[str]:
    """The names that a service is found by in its networks."""
    yield from (name, str(service.get("container_name") or ""), str(service.get("hostname") or ""))
    networks = service.get("networks")
    for network in as_mapping(networks).values():
        yield from map(str, as_mapping(network).get("aliases") or ())


def _lets_a_part_through(service: Mapping[str, Any]) -> bool:
    image = short_name(str(service.get("image") or ""))
    return any(word in image for word in ("socket-proxy", "socketproxy", "dockerproxy", "docker-proxy"))
