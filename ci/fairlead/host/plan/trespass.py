"""What no release may have, waived or not: other apps' things, Fairlead's own folders and names.

A waiver tells a reviewer of what an app takes from its host. What belongs to somebody else is not his to give, so the
host refuses it, whoever sent it: by its own folders with their links resolved, and by the labels on its engine.
"""

from __future__ import annotations

import http.client
import os
import re
import urllib.parse
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..disk.neighbours import named
from ..disk.paths import Paths, list_apps
from ..disk.place import PROJECT, ROLE
from ..engine.api import ApiFault
from ..engine.engine import Engine
from ..shape.project import real_name
from ..wire import labels
from ..wire.compose.grants import READ_BY_COMPOSE
from ..wire.compose.reach import find_reach, show_steps
from ..wire.compose.spelling import (
    as_compose_reads,
    as_items,
    as_mapping,
    is_reserved_name,
    read_mount,
    read_security_option,
    real_names,
    volume_paths,
)
from ..wire.errors import InputFault
from ..wire.release import Release

_OWN_PROJECT = re.compile(r"(-[0-9]{6}|-proxy-[0-9a-f]{12})?")
_PROCESS = re.compile(r"/proc/([0-9]+|self|thread-self)(/|\Z)")
_LONE_DOLLAR = re.compile(r"(?<!\$)(\$\$)*\$(?!\$)")
_SENSITIVE = (
    "/run",
    "/etc",
    "/proc",
    "/sys",
    "/root",
    "/boot",
    "/dev",
    "/var/lib/docker",
    "/var/lib/containerd",
)
_FAIRLEAD = "Fairlead"
"""No app is called so: names are of small letters."""
_HOOKS = ("pre_start", "post_start", "pre_stop")


@dataclass(frozen=True)
class Neighbours:
    """What of a host is not an app's.

    ``root`` holds every app's folder; ``socket`` is the engine's; ``app`` asks, and ``apps`` are the others. ``resolve`` gives a path of
    this host without links, ``same`` whether it is, holds or lies in a folder of Fairlead's by another way;
    ``owner`` the app whose labels a network, volume or container has, empty for nobody's or one's own.
    """

    root: str
    socket: str
    app: str
    apps: Collection[str]
    resolve: Callable[[str], str]
    same: Callable[[str], bool]
    owner: Callable[[str, str], str]


def refuse_trespass(paths: Paths, engine: Engine, release: Release) -> None:
    """Refuse a release that takes what is not its app's, before anything is done for it.

    Raises:
        InputFault: it does, with every fault as a detail.
    """
    faults = tuple(dict.fromkeys(find_trespass(release, read_neighbours(paths, engine))))
    if faults:
        raise InputFault(
            "the release takes what is not its app's",
            why=faults[0],
            fix="remove it from the compose file: it belongs to another app or to Fairlead, and no waiver changes that",
            details=faults[:50],
        )


def find_trespass(release: Release, host: Neighbours) -> Iterator[str]:
    """Each thing that is not the app's to have, with its service and key."""
    yield from (
        f"{_at(one.service, one.where)}: {one.what}" for one in find_reach(release) if one.kind == "label"
    )
    paths = ((where, judge_path(path, host)) for where, path in _paths(release))
    names = ((where, _judge_name(kind, name, host)) for where, kind, name in _names(release))
    yield from (f"{where}: {fault}" for where, fault in (*paths, *names) if fault)
    for key, how in release.volumes.items():
        # The kernel's overlay takes it away, so that what it mounts is not what stands there.
        if any("\\" in str(value) for value in as_mapping(how.get("driver_opts")).values()):
            yield f"volumes.{key} driver_opts: a backslash hides which folder is mounted"
    for where, definition in _bodies(release):
        for key in READ_BY_COMPOSE:
            if definition.get(key):
                yield f"{where} {key}: Compose would read it from the files of this host"
    yield from (f"{where}: it has a variable that is not resolved" for where in _variables(release))


def judge_path(path: str, host: Neighbours) -> str:
    """Why a path of the host may not be mounted whatever is waived; empty if it may."""
    if not path.startswith("/") or "\0" in path:
        return f"{path} is no absolute path: it would begin in a folder of Fairlead's"
    written = _without_run("/" + os.path.normpath(path).lstrip("/"))
    if _PROCESS.match(written):
        return f"{path} is the world of a process of the host"
    real = host.resolve(written)
    shown = path if real == path else f"{path} ({real})"
    if _PROCESS.match(real):
        return f"{shown} is the world of a process of the host"
    if _overlap(real, host.root) or host.same(real):
        return f"{shown} holds what Fairlead keeps of all apps, their secrets too"
    for one in (host.socket, *_SENSITIVE):
        if _overlap(real, one) and not _overlap(written, one):
            return f"{shown} leads there by a link: say the path itself, so that whoever reads it knows"
    return ""


def read_neighbours(paths: Paths, engine: Engine) -> Neighbours:
    """What of this host is not the app's."""
    root = os.path.realpath(paths.root)
    known = {_identity(root), *(_identity(entry) for entry in _folders(root))} - {None}

    def same(path: str) -> bool:
        own = [path, *map(str, Path(path).parents)]
        above = {_identity(str(parent)) for parent in Path(root).parents} - {None}
        return any(_identity(one) in known for one in own) or _identity(path) in above

    def owner(kind: str, name: str) -> str:
        return owner_of(read_labels(engine, kind, name), paths.app, list_apps(paths.root))

    others = tuple(name for name in list_apps(paths.root) if name != paths.app)
    socket = os.path.realpath(engine.socket_path)
    return Neighbours(root, socket, paths.app, others, _resolve, same, owner)


def owner_of(marks: Mapping[str, str], app: str, apps: Collection[str]) -> str:
    """Whose a network, volume or container is by its labels; empty if it is the app's own or no app's."""
    project, marked = marks.get(labels.PROJECT, ""), marks.get(labels.APP, "")
    if marks.get(labels.ROLE) == ROLE or project == PROJECT:
        return _FAIRLEAD
    if marked:
        return "" if marked == app else marked
    if _is_project_of(project, app):
        return ""
    return next((one for one in apps if one != app and _is_project_of(project, one)), "")


def read_labels(engine: Engine, kind: str, name: str) -> Mapping[str, str]:
    """The labels of a network, volume or container; none if there is no such thing.

    Raises:
        EngineFault: the engine does not answer.
    """
    path = f"/{kind}/{urllib.parse.quote(name, safe='')}"
    try:
        found = engine.get(f"{path}/json" if kind == "containers" else path)
    except ApiFault as error:
        if error.status in (http.client.NOT_FOUND, http.client.BAD_REQUEST):
            return {}
        raise
    holder = found.get("Config") if kind == "containers" else found
    return (holder or {}).get("Labels") or {}


def _is_project_of(project: str, app: str) -> bool:
    return project.startswith(app) and _OWN_PROJECT.fullmatch(project[len(app) :]) is not None


def _is_named_as(name: str, app: str, separator: str) -> bool:
    """Whether a name is of those that an app's projects give; of a release to come, too: who is there first has it."""
    if separator == "-":
        return name.startswith(f"{app}-")
    project, found, _ = name.partition(separator)
    return bool(found) and _is_project_of(project, app)


def _judge_name(kind: str, name: str, host: Neighbours) -> str:
    """Why a name may not be used; empty if it may."""
    word = {"networks": "network", "volumes": "volume", "containers": "container"}[kind]
    lower = name.lower()
    if is_reserved_name(name):
        return f"the {word} {name} is Fairlead's own"
    separator = "-" if kind == "containers" else "_"
    # Names of apps may begin with each other's: `shop-2-web-1` is one of `shop-2`.
    nearest = max(
        (app for app in (host.app, *host.apps) if _is_named_as(lower, app, separator)), key=len, default=""
    )
    if nearest and nearest != host.app:
        return f"the {word} {name} is one of the app {named(nearest)}"
    owner = host.owner(kind, name)
    whose = named(owner) if owner != _FAIRLEAD else owner
    return f"the {word} {name} belongs to {whose}" if owner else ""


def _names(release: Release) -> Iterator[tuple[str, str, str]]:
    """Every network, volume and container that a release names beside those that are made for it."""
    for kind, resources in (("networks", release.networks), ("volumes", release.volumes)):
        for key, how in resources.items():
            given, external = real_names(how)
            if external or (given and given != f"{release.app}_{key}"):
                yield _at("", f"{kind}.{key}"), kind, given or real_name(release.app, key, how)
    for where, definition in _bodies(release):
        yield from _names_of(where, definition)


def _names_of(where: str, definition: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for key in ("network_mode", "pid", "ipc"):
        mode = str(definition.get(key) or "")
        if mode.startswith("container:"):
            yield f"{where} {key}", "containers", mode.partition(":")[2]
        elif key == "network_mode" and mode not in ("", "none", "host") and not mode.startswith("service:"):
            yield f"{where} {key}", "networks", mode
    for index, item in as_items(definition.get("volumes_from")):
        if str(item).startswith("container:"):
            yield f"{where} volumes_from[{index}]", "containers", str(item).split(":")[1]
    for index, item in as_items(definition.get("external_links")):
        yield f"{where} external_links[{index}]", "containers", str(item).partition(":")[0]
    if definition.get("container_name"):
        yield f"{where} container_name", "containers", str(definition["container_name"])


def _paths(release: Release) -> Iterator[tuple[str, str]]:
    """Every path of the host that a release names: where, and as it is written."""
    for where, definition in _bodies(release):
        for index, raw in as_items(definition.get("volumes")):
            mount = read_mount(raw)
            if mount.get("type") == "bind":
                yield f"{where} volumes[{index}]", as_compose_reads(str(mount.get("source") or "."))
        for index, option in as_items(definition.get("security_opt")):
            value = read_security_option(option)[1]
            if "/" in value:
                yield f"{where} security_opt[{index}]", as_compose_reads(value)
    for key, how in release.volumes.items():
        for path in volume_paths(as_compose_reads(how)):
            # The engine looks for a device from its own working folder, the root; Compose, for one that is told `bind`,
            # from the file's folder.
            is_loose = ".." in path.split("/") or path.startswith(("~", "."))
            yield f"volumes.{key} driver_opts", path if is_loose else f"/{path}"


def _bodies(release: Release) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each service, and its hooks, which may be containers of their own."""
    for name, service in release.services.items():
        yield f"services.{name}", service.definition
        for key in _HOOKS:
            for index, hook in as_items(service.definition.get(key)):
                yield f"services.{name} {key}[{index}]", as_mapping(hook)


def _variables(release: Release) -> Iterator[str]:
    """Where a release leaves Compose a variable to resolve."""
    services = {
        name: {**service.definition, "mounts": [mount.target for mount in service.mounts]}
        for name, service in release.services.items()
    }
    yield from _unresolved({"services": services, "networks": release.networks, "volumes": release.volumes})
    for where, definition in _bodies(release):
        environment = definition.get("environment")
        named = environment.items() if isinstance(environment, Mapping) else as_items(environment)
        for step, value in named:
            # Without a value Compose takes one from where it runs.
            if value is None or (isinstance(step, int) and "=" not in str(value)):
                yield f"{where} {show_steps(('environment', step))}"


def _unresolved(value: object, steps: tuple[str | int, ...] = ()) -> Iterator[str]:
    """Where Compose would still put variables, which are those of the agent."""
    if isinstance(value, str) and _LONE_DOLLAR.search(value):
        yield show_steps(steps)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _unresolved(one, (*steps, str(key)))
    elif isinstance(value, (list, tuple)):
        for index, one in enumerate(value):
            yield from _unresolved(one, (*steps, index))


def _overlap(path: str, other: str) -> bool:
    """Whether one of two paths holds the other, or is it."""
    left, right = f"{path.rstrip('/')}/", f"{other.rstrip('/')}/"
    return left.startswith(right) or right.startswith(left)


def _without_run(path: str) -> str:
    """``/var/run`` is ``/run`` everywhere, and known to be."""
    return path[len("/var") :] if f"{path}/".startswith("/var/run/") else path


def _resolve(path: str) -> str:
    """A path without links; as it is where this user may not look."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return path


def _folders(root: str) -> list[str]:
    try:
        return [entry.path for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _at(service: str, where: str) -> str:
    return f"services.{service} {where}" if service else where
