"""Make Compose projects from a release document: one for the release, one for the platform. Pure.

A release's services are renamed (``web`` -> ``web-000042``), so that Compose's own alias is unique and two
releases stand side by side on the same networks; networks and volumes belong to the platform project.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..disk.paths import Paths
from ..disk.place import Meeting
from ..disk.routes import service_name
from ..disk.variables import render_label, variables_of
from ..engine.containers import platform_project, proxy_project, release_project
from ..wire import labels
from ..wire.inside import ROLE, without_names
from ..wire.release import APART, RESOURCES, Mount, Release, Service

_HIDDEN = ("secrets", "releases", "tasks", "files", "data")
_ADDRESSES = ("ipv4_address", "ipv6_address", "link_local_ips", "mac_address")
_RENDERING = "1"
"""Part of the hash of platform services. A change of it recreates them all: only for what must not stay."""

_APART = "a network an app"
"""Part of the hash of proxies behind the edge: a change of it has each replaced, beside the one that serves."""

Document = dict[str, Any]


def render_release_project(
    release: Release, release_id: str, paths: Paths, started: Collection[str]
) -> Document:
    """The project of the services that this release starts, and of its jobs (behind a profile of their own)."""
    services: Document = {}
    for name, service in release.rolled.items():
        if name in started:
            definition = _definition(service, release, release_id, paths)
            definition["networks"] = _networks(definition)
            # A link's name is known to this one container, so that nobody meets the program of another release.
            links = [f"{service_name(one, release_id)}:{one}" for one in service.calls if one in started]
            definition.update({"links": links} if links else {})
            definition["volumes"] = [_without_copy(one, release) for one in definition["volumes"]]
            definition["depends_on"] = {
                service_name(other, release_id): {"condition": str(how.get("condition") or "service_started")}
                for other, how in service.depends_on.items()
                if other in started and how.get("condition") != "service_completed_successfully"
            }
            services[service_name(name, release_id)] = _without_empty(_with_gentle_restart(definition))
    for name, service in release.jobs.items():
        definition = _definition(service, release, release_id, paths)
        definition["networks"] = _networks(definition)
        definition["restart"] = "no"
        definition["profiles"] = ["fairlead-job"]
        _deploy_of(definition).pop("restart_policy", None)
        services[service_name(name, release_id)] = _without_empty(definition)
    shared = _of_the_platform(release)
    for key in sorted(release.release_volumes):
        marks = {labels.APP: release.app, labels.RELEASE: release_id}
        shared["volumes"][key] = {"name": release_volume(release.app, release_id, key), "labels": marks}
    return {
        "name": release_project(release.app, release_id),
        "services": services,
        **shared,
    }


def render_platform_project(release: Release, paths: Paths, switch: str) -> Document:
    """The project of proxy, internal calls, state and ops, with every network and volume; behind the edge, without the proxy.

    Nothing in it depends on the release's id: an unchanged service renders to the same text in each release.
    """
    hashes = platform_hashes(release, switch)
    services: Document = {RESOURCES: _resources(release)}
    members = {name: one for name, one in release.platform.items() if not _stands_apart(name, release)}
    for name, service in members.items():
        definition = _definition(service, release, "", paths)
        definition["labels"][labels.HASH] = hashes[name]
        definition["depends_on"] = {
            other: {"condition": str(how.get("condition") or "service_started")}
            for other, how in service.depends_on.items()
            if other in members and how.get("condition") != "service_completed_successfully"
        }
        if name == release.proxy:
            definition["networks"] = without_names(release, definition)
            _equip_proxy(definition, paths, paths.admin_socket.name)
        elif service.role == ROLE:
            _equip_proxy(definition, paths, paths.inside_socket(service.name).name)
        services[name] = _without_empty(definition)
    return {
        "name": platform_project(release.app),
        "services": services,
        "networks": {key: dict(value) for key, value in release.networks.items()},
        "volumes": {key: dict(value) for key, value in release.volumes.items()},
    }


def render_proxy_project(release: Release, paths: Paths, switch: str, meeting: Meeting) -> Document:
    """The proxy of an app behind the edge: a project of its own for each definition, so that two stand side by side.

    Whatever the engine knows it by, in the network where it meets the edge, is of our choosing: the service's name and
    the ``hostname`` would be DNS names there as well, for the edge to mistake for another app, or for the authority
    that signs certificates.
    """
    mark = platform_hashes(release, switch)[release.proxy]
    definition = _definition(release.services[release.proxy], release, "", paths)
    definition["labels"][labels.HASH] = mark
    definition["networks"] = without_names(release, definition)
    definition["networks"] = {
        **{key: _called(release.proxy, options) for key, options in _without(definition, _ADDRESSES).items()},
        meeting.network: {"aliases": [meeting.proxy(mark)]},
    }
    for name in ("container_name", "hostname", "domainname"):
        definition.pop(name, None)
    _equip_proxy(definition, paths, paths.proxy_socket(mark).name)
    networks = _of_the_platform(release)
    networks["networks"][meeting.network] = {"external": True, "name": meeting.network}
    return {
        "name": proxy_project(release.app, mark),
        "services": {APART: _without_empty(_with_gentle_restart(definition))},
        **networks,
    }


def platform_hashes(release: Release, switch: str) -> dict[str, str]:
    """What each platform service's label must say for it to be up to date."""
    hashes = {}
    for name, service in release.platform.items():
        parts = [_RENDERING, service.hash, *([switch] if name == release.proxy else [])]
        parts += [_APART] if _stands_apart(name, release) else []
        hashes[name] = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return hashes


def render_json(document: Mapping[str, Any]) -> bytes:
    """The text of a document, the same for the same content."""
    return json.dumps(document, indent=1, sort_keys=True).encode() + b"\n"


def real_name(app: str, key: str, definition: Mapping[str, Any]) -> str:
    """What the engine calls a network or volume of the platform project."""
    given = definition.get("name")
    if given:
        return str(given)
    return key if definition.get("external") else f"{platform_project(app)}_{key}"


def release_volume(app: str, release_id: str, key: str) -> str:
    """What the engine calls a volume that a release has of its own."""
    return f"{release_project(app, release_id)}_{key}"


def used_resources(service: Service, release: Release) -> dict[str, str]:
    """The real names of the networks and volumes that a service uses: containers do not follow a renaming."""
    found = {}
    for key in _networks(service.definition):
        found[f"network {key}"] = real_name(release.app, key, release.networks.get(key) or {})
    for source, name in _volumes(service, release):
        found[f"volume {source}"] = name
    return found


def used_volumes(service: Service, release: Release) -> list[str]:
    """The real names of the volumes that a service uses."""
    return [name for _, name in _volumes(service, release)]


def listed_volumes(release: Release) -> dict[str, str]:
    """The volumes of the app's own, by their names in the file: real names."""
    return {
        key: real_name(release.app, key, how)
        for key, how in release.volumes.items()
        if not how.get("external")
    }


def _volumes(service: Service, release: Release) -> Iterator[tuple[str, str]]:
    for volume in service.definition.get("volumes") or ():
        source = str(volume.get("source")) if isinstance(volume, Mapping) else ""
        if source in release.volumes:
            yield source, real_name(release.app, source, release.volumes[source])


def _without_copy(volume: Any, release: Release) -> Any:
    """A mount of a volume of the release; who only reads never fills it from its own image."""
    if not isinstance(volume, dict) or volume.get("source") not in release.release_volumes:
        return volume
    if not volume.get("read_only") or volume.get("type", "volume") != "volume":
        return volume
    return {**volume, "volume": {**(volume.get("volume") or {}), "nocopy": True}}


def _stands_apart(name: str, release: Release) -> bool:
    """Whether a service of the platform has a project of its own: the proxy of an app behind the edge."""
    return release.edge is not None and name == release.proxy


def _of_the_platform(release: Release) -> Document:
    """The networks and volumes of the platform, for another project that uses them."""
    return {
        kind: {
            key: {"external": True, "name": real_name(release.app, key, value)}
            for key, value in resources.items()
        }
        for kind, resources in (("networks", release.networks), ("volumes", release.volumes))
    }


def _definition(service: Service, release: Release, release_id: str, paths: Paths) -> Document:
    definition: Document = json.loads(json.dumps(service.definition))
    marks = {
        labels.APP: release.app,
        labels.SERVICE: service.name,
        labels.ROLE: service.role,
        labels.HASH: service.hash,
        **({labels.RELEASE: release_id} if release_id else {}),
    }
    variables = [
        paths.secret(mount.secret, release.secrets[mount.secret])
        for mount in service.mounts
        if mount.variable and mount.secret is not None
    ]
    definition["labels"] = {**_pairs(definition.get("labels")), **marks, **render_label(variables)}
    if variables:
        definition["environment"] = {
            **_pairs(definition.get("environment")),
            **variables_of(service, release),
        }
    binds = [
        bind_mount(_source(mount, release, paths), mount.target, read_only=mount.read_only)
        for mount in service.mounts
        if not mount.variable
    ]
    definition["volumes"] = [*(definition.get("volumes") or ()), *binds]
    definition["pull_policy"] = "never"
    return definition


def _source(mount: Mount, release: Release, paths: Paths) -> str:
    if mount.secret is not None:
        return str(paths.secret(mount.secret, release.secrets[mount.secret]))
    return str(paths.data / mount.data if mount.data is not None else paths.file(mount.file or ""))


def bind_mount(source: str, target: str, *, read_only: bool) -> Document:
    """A bind mount in Compose's long form; a missing source is an error, not an empty folder."""
    return {
        "type": "bind",
        "source": source.replace("$", "$$"),
        "target": target,
        "read_only": read_only,
        "bind": {"create_host_path": False},
    }


def _equip_proxy(definition: Document, paths: Paths, socket: str) -> None:
    """Show the proxy the switch, and nothing else of the app's folder; it listens on ``run/<socket>``."""
    admin = f"unix//fairlead/run/{socket}|0222"
    definition["environment"] = {**_pairs(definition.get("environment")), "CADDY_ADMIN": admin}
    definition["volumes"] += [
        bind_mount(str(paths.home), "/fairlead", read_only=True),
        bind_mount(str(paths.run), "/fairlead/run", read_only=False),
        *({"type": "tmpfs", "target": f"/fairlead/{name}", "tmpfs": {"size": 4096}} for name in _HIDDEN),
    ]


def _resources(release: Release) -> Document:
    """A service that never runs and names every network and volume, so that Compose makes them."""
    return {
        "image": "fairlead-resources",
        "pull_policy": "never",
        "deploy": {"replicas": 0},
        "networks": dict.fromkeys(release.networks),
        "volumes": [
            {"type": "volume", "source": key, "target": f"/{number}"}
            for number, key in enumerate(sorted(release.volumes))
        ],
    }


def _networks(definition: Mapping[str, Any]) -> Document:
    """The networks, without what two releases cannot share: aliases of the user's, fixed addresses.

    The aliases stay reachable: whoever carries calls between services (``inside``) has them, and goes through the switch.
    """
    return {} if definition.get("network_mode") else _without(definition, ("aliases", *_ADDRESSES))


def _without(definition: Mapping[str, Any], left_out: Collection[str]) -> Document:
    """The networks, each without these options."""
    given = definition.get("networks") or {"default": None}
    if not isinstance(given, Mapping):
        given = {str(key): None for key in given}
    return {
        key: {name: value for name, value in (options or {}).items() if name not in left_out} or None
        for key, options in given.items()
    }


def _called(name: str, options: Mapping[str, Any] | None) -> Document:
    """A network's options, with another name by which the service is found there."""
    given = dict(options or {})
    return {**given, "aliases": [*(given.get("aliases") or ()), name]}


def _with_gentle_restart(definition: Document) -> Document:
    """``restart: always`` would bring a retired release back when the engine restarts."""
    policy = _deploy_of(definition).pop("restart_policy", None)
    if isinstance(policy, Mapping):
        definition["restart"] = _restart_of(policy)
    if definition.get("restart") == "always":
        definition["restart"] = "unless-stopped"
    return definition


def _restart_of(policy: Mapping[str, Any]) -> str:
    condition = policy.get("condition") or "any"
    if condition == "on-failure":
        attempts = policy.get("max_attempts")
        return f"on-failure:{attempts}" if attempts else "on-failure"
    return "no" if condition == "none" else "unless-stopped"


def _deploy_of(definition: Document) -> Document:
    deploy = definition.get("deploy")
    return deploy if isinstance(deploy, dict) else {}


def _without_empty(definition: Document) -> Document:
    # Only what was added here: an empty `command` or `entrypoint` of the user's has a meaning.
    ours = ("networks", "depends_on", "volumes")
    return {key: value for key, value in definition.items() if not (key in ours and not value)}


def _pairs(value: object) -> Document:
    """Labels or environment, a mapping or a list of ``KEY=value``, as a mapping."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, list):
        return {key: text for item in value for key, _, text in [str(item).partition("=")]}
    return {}
