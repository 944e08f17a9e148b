"""Read a release document (``fairlead.release/v1``): everything that arrives is hostile.

Names that become paths, container names or lines of a Caddyfile are matched against narrow patterns here,
once, so that no later step has to doubt them. All faults are reported at once. What a client has to prove besides
is in ``admission``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Optional

from .errors import InputFault
from .fields import Faults, Fields
from .inside import with_inside
from .names import APP_NAME, DIGEST, MAX_DIRECTORY
from .reading.patterns import DATA, HEADER, HOSTNAME, IMAGE, KEY, REVISION, SERVICE, URL, URL_PATH
from .reading.references import check_references
from .reading.service import MAX_SERVICES, read_ports, read_service
from .reading.tree import read_tree
from .release import Commit, Edge, Events, Probe, Release, Service, Watch

SCHEMA = "fairlead.release/v1"
_MAX_DOCUMENT = 8 * 1024 * 1024
_MAX_TOLD = 400
_MAX_HOSTNAMES = 100
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
    check_references(release, faults)
    faults.raise_if_any(
        "the release document does not hold", "this is a fault of the client that sent it: report it"
    )
    return with_inside(release)


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
    services = _services(top)
    events = top.fields("events", optional=True) if top.raw.get("events") is not None else None
    return Release(
        app=top.name("app", APP_NAME),
        environment=top.name("environment", KEY),
        revision=top.name("revision", REVISION),
        revision_time=top.integer("revision_time", 0, 1 << 40),
        created_by=top.text("created_by", 200, default=""),
        tool=top.text("tool", 100, default=""),
        source=top.text("source", 500, default=""),
        directory=top.text("directory", MAX_DIRECTORY, default=""),
        url=top.name("url", URL) if top.raw.get("url") is not None else None,
        start_timeout=options.seconds("start_timeout", _MAX_SECONDS, default=120.0),
        drain_timeout=options.seconds("drain_timeout", _MAX_SECONDS, default=30.0),
        keep=options.integer("keep", 1, 1000, default=5),
        keep_size=options.integer("keep_size", 0, 1 << 60, default=0),
        standby=options.seconds("standby", _MAX_SECONDS, default=0.0),
        standby_memory=options.share("standby_memory", default=1.0),
        watch=_watch(options.fields("watch", optional=True)),
        release_header=options.flag("release_header", default=True),
        data=_data(top),
        release_volumes=frozenset(top.names("release_volumes", KEY, limit=MAX_SERVICES)),
        networks=_resources(top, "networks"),
        volumes=_resources(top, "volumes"),
        proxy=proxy.name("service", SERVICE),
        inside_image=_inside_image(proxy, services),
        h2c_ports=read_ports(proxy, "h2c"),
        services=services,
        routes={name: top.fields("routes").integer(name, 1, 65535) for name in top.keys("routes", SERVICE)},
        probes=tuple(_probe(fields) for fields in top.rows("probes", limit=50)),
        files={tree: read_tree(fields) for tree, fields in top.table("files", DIGEST, limit=1000)},
        secrets={name: top.fields("secrets").name(name, DIGEST) for name in top.keys("secrets", KEY)},
        events=_events(events) if events is not None else None,
        edge=_edge(top.fields("edge")) if top.raw.get("edge") is not None else None,
        document=top.raw,
        configured_app=_configured_app(top),
        commit=_commit(top.fields("commit", optional=True)),
    )


def _services(top: Fields) -> dict[str, Service]:
    host = _host_of(top.raw.get("url"))
    table = top.table("services", SERVICE, limit=MAX_SERVICES)
    return {name: read_service(name, fields, host) for name, fields in table}


def _data(top: Fields) -> dict[str, Optional[str]]:
    """The folders of the app, each with the tree that it begins with."""
    table = top.table("data", DATA, limit=MAX_SERVICES)
    return {
        name: fields.name("seed", DIGEST) if fields.raw.get("seed") is not None else None
        for name, fields in table
    }


def _probe(fields: Fields) -> Probe:
    return Probe(
        fields.name("path", URL_PATH),
        fields.status("status"),
        fields.text("body", 1000, default=""),
        {name: fields.fields("headers").text(name, 1000) for name in fields.keys("headers", HEADER)},
    )


def _events(fields: Fields) -> Events:
    return Events(fields.name("url", URL), fields.name("token_secret", KEY))


def _configured_app(top: Fields) -> str:
    """What fairlead.yaml calls the app; an older client did not say."""
    given = "configured_app" in top.raw
    return top.name("configured_app", APP_NAME) if given else str(top.raw.get("app", ""))


def _commit(fields: Fields) -> Commit:
    run = fields.name("run", URL) if fields.raw.get("run") is not None else ""
    return Commit(
        fields.text("subject", _MAX_TOLD, default=""), fields.text("author", _MAX_TOLD, default=""), run
    )


def _inside_image(proxy: Fields, services: Mapping[str, Service]) -> str:
    """The image that carries internal calls; an older client named none: then that of the proxy, which is Caddy too."""
    if proxy.raw.get("image") is not None:
        return proxy.name("image", IMAGE)
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
        fields.name("image", IMAGE),
    )


def _is_hostname(name: object) -> bool:
    return isinstance(name, str) and len(name) <= 253 and HOSTNAME.fullmatch(name) is not None


def _watch(fields: Fields) -> Watch:
    return Watch(
        window=fields.seconds("window", _MAX_SECONDS, default=Watch.window),
        errors=fields.share("errors", default=Watch.errors),
        slow=fields.share("slow", default=Watch.slow),
        requests=fields.integer("requests", 1, 1_000_000, default=Watch.requests),
    )


def _resources(top: Fields, key: str) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for name in top.keys(key, KEY):
        value = top.fields(key).raw[name]
        if value is not None and not isinstance(value, Mapping):
            top.fields(key).fault(name, "is no mapping")
            continue
        given = (value or {}).get("name")
        if given is not None and not (isinstance(given, str) and KEY.fullmatch(given)):
            top.fields(key).fault(name, "has a `name` that is none")
        found[name] = value or {}
    return found


def _host_of(url: object) -> str:
    """The Host that a browser sends for a url; empty for what is none."""
    scheme, _, rest = url.partition("://") if isinstance(url, str) and URL.fullmatch(url) else ("", "", "")
    usual = ":443" if scheme == "https" else ":80"
    host = rest.partition("/")[0]
    return host.removesuffix(usual)
