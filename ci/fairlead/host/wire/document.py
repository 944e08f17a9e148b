"""Read a release document (``fairlead.release/v1``): everything that arrives is hostile.

Names that become paths, container names or lines of a Caddyfile are matched against narrow patterns here,
once, so that no later step has to doubt them. All faults are reported at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .compose.spelling import as_items
from .errors import InputFault
from .fields import Faults, Fields
from .inside import PREFIX, with_inside
from .machine import own_platform
from .names import APP_NAME, DIGEST
from .release import (
    APART,
    PROTOCOLS,
    RESOURCES,
    Commit,
    Edge,
    Events,
    FileTree,
    Health,
    Mount,
    Probe,
    Release,
    Service,
    Watch,
    local_image,
    service_hash,
)

SCHEMA = "fairlead.release/v1"
ROLES = ("proxy", "app", "worker", "job", "state", "ops")
GATES = ("healthcheck", "http", "running")

_SERVICE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}", re.IGNORECASE)
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_REVISION = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_IMAGE = re.compile(r"[a-z0-9][a-zA-Z0-9._:/-]{0,399}(@sha256:[0-9a-f]{64})?")
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
_TARGET = re.compile(r"/[^\x00-\x1f]{1,1000}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,199}")
_URL_PATH = re.compile(r"/[!-~]{0,1000}")
_URL = re.compile(r"https?://[A-Za-z0-9.\[\]:-]{1,255}(/[!-~]{0,1000})?")
_HOST = re.compile(r"[A-Za-z0-9.\[\]:_-]{1,255}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HOSTNAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_DATA = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,100}")
"""A name in a folder, and nothing else."""
_MODE = re.compile(r"0?[0-7]{3}")
_MAX_DOCUMENT = 8 * 1024 * 1024
_MAX_SERVICES = 200
_MAX_TOLD = 400
_MAX_HOSTNAMES = 100
_MAX_FURTHER = 100
"""Each of them makes the configuration of a proxy longer."""
_MAX_SECONDS = 24 * 3600.0


def parse_release(raw: object) -> Release:
    """Check a release document.

    Raises:
        InputFault: it does not hold, with every fault as a detail.
    """
    faults = Faults()
    top = Fields(raw if isinstance(raw, Mapping) else {}, "release", faults)
    if top.raw.get("schema") != SCHEMA:
        raise InputFault(
            "the release document is not one that this agent reads",
            why=f"its schema is {str(top.raw.get('schema'))[:60]!r}, this agent reads {SCHEMA!r}",
            fix="deploy with the client that this agent came with",
        )
    release = _release(top)
    _check_references(release, faults)
    faults.raise_if_any(
        "the release document does not hold", "this is a fault of the client that sent it: report it"
    )
    return with_inside(release)


def parse_tree(raw: object) -> FileTree:
    """Check the entry of a config file or folder.

    Raises:
        InputFault: it does not hold.
    """
    faults = Faults()
    tree = _tree(Fields(raw if isinstance(raw, Mapping) else {}, "files", faults))
    faults.raise_if_any("a config file of the release does not hold", "report it")
    return tree


def require_verdict(release: Release) -> None:
    """Refuse a release that nobody judged, or whose compose files did not pass.

    Only of what a client sends: a bundle that lies here was taken by the measure of its time.

    Raises:
        InputFault: there is no verdict that passes.
    """
    faults = Faults()
    verdict = Fields(release.document, "release", faults).fields("verdict")
    counts = verdict.fields("counts")
    verdict.name("fingerprint", DIGEST)
    verdict.text("tool", 100)
    verdict.integer("at", 0, 1 << 40)
    if not verdict.flag("passed") or counts.integer("error", 0, 1 << 30):
        verdict.fault("passed", "is not true")
    faults.raise_if_any(
        "the release has no verdict on its compose files that passes",
        "deploy with `fairlead deploy`: it validates first; `fairlead validate` shows what is wrong",
    )


def require_hashes(release: Release) -> None:
    """Refuse a release with a service whose ``hash`` is not what it runs.

    By it a service is kept, carried over, or a job taken for done: with the one of a later release, something else would
    stay in its place. Only of what a client sends, like the verdict.

    Raises:
        InputFault: there is one.
    """
    faults = Faults()
    for name, raw in release.document["services"].items():
        secrets = {} if raw["role"] == "job" else release.secrets
        if raw["hash"] != service_hash(raw["definition"], raw.get("mounts") or (), secrets):
            faults.add(f"services.{name}.hash", "is not that of its definition, mounts and secrets")
    faults.raise_if_any(
        "the release has a service that is not what its hash says",
        "deploy with the client that this agent came with",
    )


def load_release(text: bytes) -> Release:
    """Read a release document back from a bundle.

    Raises:
        InputFault: it is damaged.
    """
    if len(text) > _MAX_DOCUMENT:
        raise InputFault("a release document is larger than 8 MiB")
    try:
        return parse_release(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise InputFault("a release document cannot be read", why=str(error)) from error


def _release(top: Fields) -> Release:
    options = top.fields("options", optional=True)
    proxy = top.fields("proxy")
    host = _host_of(top.raw.get("url"))
    services = {
        name: _service(name, fields, host)
        for name, fields in top.table("services", _SERVICE, limit=_MAX_SERVICES)
    }
    events = top.fields("events", optional=True) if top.raw.get("events") is not None else None
    return Release(
        app=top.name("app", APP_NAME),
        environment=top.name("environment", _KEY),
        revision=top.name("revision", _REVISION),
        revision_time=top.integer("revision_time", 0, 1 << 40),
        created_by=top.text("created_by", 200, default=""),
        tool=top.text("tool", 100, default=""),
        source=top.text("source", 500, default=""),
        url=top.name("url", _URL) if top.raw.get("url") is not None else None,
        start_timeout=options.seconds("start_timeout", _MAX_SECONDS, default=120.0),
        drain_timeout=options.seconds("drain_timeout", _MAX_SECONDS, default=30.0),
        keep=options.integer("keep", 1, 1000, default=5),
        keep_size=options.integer("keep_size", 0, 1 << 60, default=0),
        standby=options.seconds("standby", _MAX_SECONDS, default=0.0),
        standby_memory=options.share("standby_memory", default=1.0),
        watch=_watch(options.fields("watch", optional=True)),
        release_header=options.flag("release_header", default=True),
        data={
            name: fields.name("seed", DIGEST) if fields.raw.get("seed") is not None else None
            for name, fields in top.table("data", _DATA, limit=_MAX_SERVICES)
        },
        release_volumes=frozenset(_names(top, "release_volumes", _KEY)),
        networks=_resources(top, "networks"),
        volumes=_resources(top, "volumes"),
        proxy=proxy.name("service", _SERVICE),
        inside_image=_inside_image(proxy, services),
        h2c_ports=_ports(proxy, "h2c"),
        services=services,
        routes={
            name: port
            for name in top.keys("routes", _SERVICE)
            for port in [top.fields("routes").integer(name, 1, 65535)]
        },
        probes=tuple(
            Probe(
                fields.name("path", _URL_PATH),
                fields.status("status"),
                fields.text("body", 1000, default=""),
                {name: fields.fields("headers").text(name, 1000) for name in fields.keys("headers", _HEADER)},
            )
            for fields in top.rows("probes", limit=50)
        ),
        files={tree: _tree(fields) for tree, fields in top.table("files", DIGEST, limit=1000)},
        secrets={
            name: sha
            for name in top.keys("secrets", _KEY)
            for sha in [top.fields("secrets").name(name, DIGEST)]
        },
        events=Events(events.name("url", _URL), events.name("token_secret", _KEY))
        if events is not None
        else None,
        edge=_edge(top.fields("edge")) if top.raw.get("edge") is not None else None,
        document=top.raw,
        configured_app=top.name("configured_app", APP_NAME)
        if "configured_app" in top.raw
        else str(top.raw.get("app", "")),
        commit=_commit(top.fields("commit", optional=True)),
    )


def _commit(fields: Fields) -> Commit:
    run = fields.name("run", _URL) if fields.raw.get("run") is not None else ""
    return Commit(
        fields.text("subject", _MAX_TOLD, default=""), fields.text("author", _MAX_TOLD, default=""), run
    )


def _names(fields: Fields, key: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
    """A list of names; a missing one is empty."""
    value = fields.raw.get(key, [])
    good = isinstance(value, list) and len(value) <= _MAX_SERVICES
    if not good or not all(isinstance(name, str) and pattern.fullmatch(name) for name in value):
        fields.fault(key, f"is no list of at most {_MAX_SERVICES} names")
        return ()
    return tuple(value)


def _ports(fields: Fields, key: str, most: int = 65535) -> frozenset[int]:
    """Ports of the host or of a container; older clients name none."""
    value = fields.raw.get(key, [])
    good = isinstance(value, list) and len(value) <= most
    if not good or not all(type(port) is int and 0 < port < 65536 for port in value):
        fields.fault(key, f"is no list of ports, or of more than {most}")
        return frozenset()
    return frozenset(value)


def _inside_image(proxy: Fields, services: Mapping[str, Service]) -> str:
    """The image that carries internal calls; an older client named none: then that of the proxy, which is Caddy too."""
    if proxy.raw.get("image") is not None:
        return proxy.name("image", _IMAGE)
    found = services.get(str(proxy.raw.get("service")))
    return found.image if found is not None else ""


def _edge(fields: Fields) -> Edge:
    names = fields.raw.get("hostnames")
    good = isinstance(names, list) and 0 < len(names) <= _MAX_HOSTNAMES
    if not isinstance(names, list) or not good or not all(_is_hostname(name) for name in names):
        fields.fault("hostnames", f"is no list of at most {_MAX_HOSTNAMES} names of hosts in lower case")
        names = []
    return Edge(
        frozenset(names),
        fields.choice("scheme", ("https", "http")),
        fields.integer("port", 1, 65535),
        fields.name("image", _IMAGE),
    )


def _is_hostname(name: object) -> bool:
    return isinstance(name, str) and len(name) <= 253 and _HOSTNAME.fullmatch(name) is not None


def _watch(fields: Fields) -> Watch:
    return Watch(
        window=fields.seconds("window", _MAX_SECONDS, default=Watch.window),
        errors=fields.share("errors", default=Watch.errors),
        slow=fields.share("slow", default=Watch.slow),
        requests=fields.integer("requests", 1, 1_000_000, default=Watch.requests),
    )


def _resources(top: Fields, key: str) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for name in top.keys(key, _KEY):
        value = top.fields(key).raw[name]
        if value is not None and not isinstance(value, Mapping):
            top.fields(key).fault(name, "is no mapping")
            continue
        given = (value or {}).get("name")
        if given is not None and not (isinstance(given, str) and _KEY.fullmatch(given)):
            top.fields(key).fault(name, "has a `name` that is none")
        found[name] = value or {}
    return found


def _host_of(url: object) -> str:
    """The Host that a browser sends for a url; empty for what is none."""
    scheme, _, rest = url.partition("://") if isinstance(url, str) and _URL.fullmatch(url) else ("", "", "")
    usual = ":443" if scheme == "https" else ":80"
    host = rest.partition("/")[0]
    return host.removesuffix(usual)


def _health(fields: Fields, host: str) -> Health:
    """What is asked of a service, for ``host`` where it names none."""
    own = fields.name("host", _HOST) if fields.raw.get("host") is not None else ""
    return Health(fields.name("path", _URL_PATH), fields.status("status"), own or host)


def _service(name: str, fields: Fields, host: str) -> Service:
    health = fields.fields("health") if fields.raw.get("health") is not None else None
    definition = fields.mapping("definition")
    pinned = fields.name("image", _IMAGE)
    if definition.get("image") != pinned:
        fields.fault("definition", "names another image than the service's `image`")
    if not _are_networks(definition.get("networks")):
        fields.fault(
            "definition", "has `networks` that are neither a list of names nor names with their options"
        )
    platforms = dict(fields.pairs("platforms", _SHA256))
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
        revision=fields.name("revision", _REVISION) if fields.raw.get("revision") is not None else "",
        start=fields.choice("start", ("before", "after"), default="before"),
        protocol=fields.choice("protocol", PROTOCOLS, default=PROTOCOLS[0]),
        together=fields.flag("together"),
        calls=_names(fields, "calls", _SERVICE),
        further=tuple(sorted(_ports(fields, "further", _MAX_FURTHER))),
        callers=_names(fields, "callers", _SERVICE),
    )
    if service.start == "after" and role != "worker":
        fields.fault("start", "is for workers: whoever answers must run before the switch")
    if service.is_rolled:
        _refuse_singletons(service, fields)
    return service


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
    secret = fields.name("secret", _KEY) if "secret" in fields.raw else None
    file = fields.name("file", DIGEST) if "file" in fields.raw else None
    data = fields.name("data", _DATA) if "data" in fields.raw else None
    if sum(one is not None for one in (secret, file, data)) != 1:
        fields.fault("", "names not exactly one of a secret, a file and a data folder")
    if "variable" in fields.raw:
        if secret is None or "target" in fields.raw:
            fields.fault("variable", "is for a secret, in place of its target")
        return Mount("", secret, file, read_only=True, variable=fields.name("variable", _VARIABLE))
    target = fields.name("target", _TARGET)
    return Mount(target, secret, file, fields.flag("read_only", default=True), data)


def _tree(fields: Fields) -> FileTree:
    if fields.choice("kind", ("file", "dir")) == "file":
        return FileTree(
            False, {"": (fields.name("sha256", DIGEST), int(fields.name("mode", _MODE) or "644", 8))}
        )
    entries: dict[str, tuple[str, int]] = {}
    for path, entry in fields.table("entries", None, limit=10_000):
        if not is_inside(path):
            fields.fault("entries", f"has the path {path[:100]!r}, which leaves the folder")
        entries[path] = (entry.name("sha256", DIGEST), int(entry.name("mode", _MODE) or "644", 8))
    return FileTree(True, entries)


def is_inside(path: str) -> bool:
    """Whether a relative path stays below where it starts, by its text alone."""
    parts = path.split("/")
    return (
        0 < len(path) <= 1000
        and path.isprintable()
        and "\\" not in path
        and all(part not in ("", ".", "..") and len(part) <= 200 for part in parts)
    )


def _check_references(release: Release, faults: Faults) -> None:
    proxy = release.services.get(release.proxy)
    if proxy is None or proxy.role != "proxy":
        faults.add("proxy", f"is {release.proxy!r}, which is no service of the role proxy")
    elif release.edge is not None:
        for key in ("ports", "network_mode"):
            if proxy.definition.get(key):
                faults.add(
                    f"services.{proxy.name}", f"has `{key}`, behind the edge, which reaches it by a network"
                )
    for name in release.services:
        if name in (RESOURCES, APART) or name.startswith(PREFIX):
            faults.add("services", f"has one called {name!r}: that name is Fairlead's own")
    for name in release.routes:
        service = release.services.get(name)
        if service is None or not service.is_rolled:
            faults.add("routes", f"names {name!r}, which is no rolled service")
    _check_further(release, faults)
    _check_together(release, faults)
    _check_shared(release, faults)
    _check_mounts(release, faults)
    if release.events is not None and release.events.token_secret not in release.secrets:
        faults.add("events", f"needs the secret {release.events.token_secret!r}, which is not given")


def _check_further(release: Release, faults: Faults) -> None:
    """Each port of a service has one listener, and only what is rolled needs any."""
    for name, service in release.services.items():
        if service.further and (not service.is_rolled or release.routes.get(name) in service.further):
            faults.add(
                f"services.{name}", "has `further` ports that are its routed one, or is no rolled service"
            )


def _check_together(release: Release, faults: Faults) -> None:
    """What is a release's own is shared by its own services."""
    for service in release.services.values():
        if any(one not in release.rolled for one in service.calls) or (
            service.calls and not service.is_rolled
        ):
            faults.add(f"services.{service.name}", "calls what is not of the release, or is not of it")
    for name in sorted(release.release_volumes & set(release.volumes)):
        faults.add("release_volumes", f"names {name!r}, which is a volume of the app too")


def _check_shared(release: Release, faults: Faults) -> None:
    """Whoever carries calls is shown the folder of the app, which is not for the app's own services."""
    for service in release.services.values():
        for _, item in as_items(service.definition.get("volumes_from")):
            name = str(item).strip().partition(":")[0]
            if name == release.proxy or name.startswith(PREFIX):
                faults.add(
                    f"services.{service.name}", f"has the volumes of {name}: the whole folder of the app"
                )


def _check_mounts(release: Release, faults: Faults) -> None:
    for service in release.services.values():
        for mount in service.mounts:
            if mount.secret is not None and mount.secret not in release.secrets:
                faults.add(
                    f"services.{service.name}", f"reads the secret {mount.secret!r}, which is not given"
                )
            if mount.file is not None and mount.file not in release.files:
                faults.add(f"services.{service.name}", f"mounts the file {mount.file!r}, which is not given")
            if mount.data is not None and mount.data not in release.data:
                faults.add(f"services.{service.name}", f"mounts the data {mount.data!r}, which is not given")
    for name, seed in release.data.items():
        tree = release.files.get(seed or "")
        if seed is not None and (tree is None or not tree.is_folder):
            faults.add(f"data.{name}", "begins with a folder that is not given")
