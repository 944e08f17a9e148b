"""Read one service of a release document: what runs, how it is asked, and what it mounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..fields import Fields
from ..machine import own_platform
from ..names import DIGEST
from ..release import PROTOCOLS, Health, Mount, Service, local_image
from .patterns import DATA, HOST, IMAGE, KEY, REVISION, SERVICE, SHA256, TARGET, URL_PATH, VARIABLE

ROLES = ("proxy", "app", "worker", "job", "state", "ops")
GATES = ("healthcheck", "http", "running")
MAX_SERVICES = 200
_MAX_FURTHER = 100
"""Each of them makes the configuration of a proxy longer."""


def read_service(name: str, fields: Fields, host: str) -> Service:
    """One service; what does not hold is noted. Where its health names no host, it is asked for ``host``."""
    health = fields.fields("health") if fields.raw.get("health") is not None else None
    pinned, definition = _definition(fields)
    platforms = dict(fields.pairs("platforms", SHA256))
    # Releases of older clients do not say it, and what they pulled lies under the digest of the index.
    by_manifest = fields.choice("pull", ("index", "manifest"), default="index") == "manifest"
    image = local_image(pinned, platforms, own_platform()) if by_manifest else pinned
    role = fields.choice("role", ROLES)
    service = Service(
        name=name,
        role=role,
        rollout=fields.choice("rollout", ("switch", "recreate"), default="switch"),
        port=fields.integer("port", 1, 65535) if fields.raw.get("port") is not None else None,
        health=_health(health, host) if health is not None else None,
        gate=fields.choice("gate", GATES, default="running"),
        expect_release=fields.text("expect_release", 200, default="") or None,
        image=image,
        pinned=pinned,
        platforms=platforms,
        why=fields.text("why", 500, default=""),
        depends_on=_depends_on(fields),
        mounts=tuple(_mount(mount) for mount in fields.rows("mounts", limit=500)),
        definition={**definition, "image": image},
        hash=fields.name("hash", DIGEST),
        irreversible=fields.flag("irreversible"),
        revision=fields.name("revision", REVISION) if fields.raw.get("revision") is not None else "",
        start=fields.choice("start", ("before", "after"), default="before"),
        protocol=fields.choice("protocol", PROTOCOLS, default=PROTOCOLS[0]),
        together=fields.flag("together"),
        calls=fields.names("calls", SERVICE, limit=MAX_SERVICES),
        further=tuple(sorted(read_ports(fields, "further", _MAX_FURTHER))),
        callers=fields.names("callers", SERVICE, limit=MAX_SERVICES),
    )
    if service.start == "after" and role != "worker":
        fields.fault("start", "is for workers: whoever answers must run before the switch")
    if service.is_rolled:
        _refuse_singletons(service, fields)
    return service


def read_ports(fields: Fields, key: str, most: int = 65535) -> frozenset[int]:
    """Ports of the host or of a container; older clients name none."""
    value = fields.raw.get(key, [])
    good = isinstance(value, list) and len(value) <= most
    if not good or not all(type(port) is int and 0 < port < 65536 for port in value):
        fields.fault(key, f"is no list of ports, or of more than {most}")
        return frozenset()
    return frozenset(value)


def _definition(fields: Fields) -> tuple[str, Mapping[str, Any]]:
    """The image, by its digest, and what Compose is told, which has to name the same one."""
    definition = fields.mapping("definition")
    pinned = fields.name("image", IMAGE)
    if definition.get("image") != pinned:
        fields.fault("definition", "names another image than the service's `image`")
    if not _are_networks(definition.get("networks")):
        fields.fault(
            "definition", "has `networks` that are neither a list of names nor names with their options"
        )
    return pinned, definition


def _health(fields: Fields, host: str) -> Health:
    """What is asked of a service, for ``host`` where it names none."""
    own = fields.name("host", HOST) if fields.raw.get("host") is not None else ""
    return Health(fields.name("path", URL_PATH), fields.status("status"), own or host)


def _are_networks(given: object) -> bool:
    """Whether these are the networks of a service, as Compose has them."""
    if isinstance(given, list):
        return all(isinstance(one, str) for one in given)
    if not isinstance(given, Mapping):
        return given is None
    return all(
        options is None or (isinstance(options, Mapping) and isinstance(options.get("aliases") or [], list))
        for options in given.values()
    )


def _refuse_singletons(service: Service, fields: Fields) -> None:
    """What two releases side by side cannot both have."""
    for key in ("container_name", "ports", "volumes_from", "links"):
        if service.definition.get(key):
            fields.fault("definition", f"has `{key}`, which two releases side by side cannot share")
    for key in ("network_mode", "ipc", "pid"):
        value = service.definition.get(key)
        if isinstance(value, str) and value.startswith(("service:", "container:")):
            fields.fault("definition", f"has `{key}: {value[:60]}`, which ties it to another container")


def _depends_on(fields: Fields) -> dict[str, Mapping[str, Any]]:
    raw = fields.mapping("depends_on", optional=True)
    return {str(name): value if isinstance(value, Mapping) else {} for name, value in raw.items()}


def _mount(fields: Fields) -> Mount:
    secret = fields.name("secret", KEY) if "secret" in fields.raw else None
    file = fields.name("file", DIGEST) if "file" in fields.raw else None
    data = fields.name("data", DATA) if "data" in fields.raw else None
    if sum(one is not None for one in (secret, file, data)) != 1:
        fields.fault("", "names not exactly one of a secret, a file and a data folder")
    if "variable" in fields.raw:
        if secret is None or "target" in fields.raw:
            fields.fault("variable", "is for a secret, in place of its target")
        return Mount("", secret, file, read_only=True, variable=fields.name("variable", VARIABLE))
    target = fields.name("target", TARGET)
    return Mount(target, secret, file, fields.flag("read_only", default=True), data)
