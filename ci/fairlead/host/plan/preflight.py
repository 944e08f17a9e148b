"""Whether this host can take a release at all: asked before anything is touched."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

from ..disk.atomic import write_file
from ..disk.neighbours import named, named_all
from ..disk.paths import Paths
from ..disk.place import PORTS, ROLE
from ..edge.state import EdgeState
from ..engine.containers import Container
from ..engine.engine import Engine, find_compose
from ..shape.project import real_name
from ..state.state import State
from ..wire import labels
from ..wire.compose.spelling import as_items, as_mapping
from ..wire.errors import EngineFault
from ..wire.machine import own_platform
from ..wire.plainjson import parse_json
from ..wire.release import Release

OLDEST_ENGINE = (25, 0)
OLDEST_COMPOSE = (2, 24)
_GIB = 1 << 30
_IMAGE_GUESS = _GIB // 2
_SPARE = _GIB // 2
_SPARE_ROOT = 64 << 20
_CLOCK_WRONG = 24 * 3600.0
_CLOCK_ODD = 300.0
_LISTENING = "0A"


def check_host(
    engine: Engine, paths: Paths, release: Release, pull: tuple[str, ...], state: State
) -> list[str]:
    """Refuse a host that cannot take the release; return warnings.

    Raises:
        EngineFault: what is missing, and how to get it.
    """
    version, info = engine.get("/version"), engine.get("/info")
    for fault in engine_faults(version, info):
        raise fault
    for fault in compose_faults(read_compose_version(engine, paths.root)):
        raise fault
    for fault in platform_faults(release, str(version.get("Os")), str(version.get("Arch"))):
        raise fault
    check_disk(paths, str(info.get("DockerRootDir") or "/"), len(pull))
    check_ports(release, list(state.containers), engine, state.edge)
    check_subnets(release, engine)
    return list(check_clock(release, time.time()))


def engine_faults(version: Mapping[str, Any], info: Mapping[str, Any]) -> Iterator[EngineFault]:
    """Why this engine will not do, by its ``/version`` and ``/info``. Pure."""
    found = parse_version(str(version.get("Version", "")))
    if found < OLDEST_ENGINE:
        yield EngineFault(
            f"Docker Engine {version.get('Version')} is too old",
            why=f"Fairlead needs {_text(OLDEST_ENGINE)} or newer",
            fix="upgrade it: https://docs.docker.com/engine/install/",
        )
    yield from rootless_faults(info)


def rootless_faults(info: Mapping[str, Any]) -> Iterator[EngineFault]:
    """Why a rootless engine will not do, by its ``/info``. Pure."""
    if any("rootless" in str(option) for option in info.get("SecurityOptions") or ()):
        yield EngineFault(
            "the engine runs rootless",
            why="the addresses of its containers cannot be reached from the host, and a release is verified there",
            fix="use an engine that runs as root, with a user in the group docker",
        )


def compose_faults(version: str) -> Iterator[EngineFault]:
    """Why this Compose will not do. Pure."""
    if parse_version(version) < OLDEST_COMPOSE:
        yield EngineFault(
            f"Docker Compose {version} is too old",
            why=f"Fairlead needs {_text(OLDEST_COMPOSE)} or newer",
            fix="upgrade the package docker-compose-plugin",
        )


def platform_faults(release: Release, system: str, architecture: str) -> Iterator[EngineFault]:
    """Which service has no image for this host."""
    own = f"{system}/{architecture}"
    for service in release.services.values():
        if service.image != service.pinned and not own_platform().startswith(own):
            yield EngineFault(
                f"the engine runs {own}, and this host is {own_platform()}",
                why="images are pulled for the platform of the host, by the digest that was scanned for it",
                fix="use an engine of the host's own architecture",
                service=service.name,
            )
        if service.platforms and not any(
            one == own or one.startswith(f"{own}/") for one in service.platforms
        ):
            yield EngineFault(
                f"{service.name} has no image for this host, which is {own}",
                why=f"it was built for {', '.join(sorted(service.platforms))}",
                fix=f"add {own} to `platforms` in fairlead.yaml, then build again",
                service=service.name,
            )


def read_compose_version(engine: Engine, root: Path) -> str:
    """The version of Compose, asked once for each binary: to ask costs more than a whole plan."""
    argv = find_compose(os.environ)
    cache = root / "compose-version.json"
    found = Path(argv[0]).stat() if argv[0].startswith("/") else None
    key = f"{argv[0]} {found.st_size} {found.st_mtime_ns}" if found else ""
    try:
        known = parse_json(cache.read_bytes())
        if key and known["key"] == key:
            return str(known["version"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    version = engine.compose_version()
    if key:
        write_file(cache, json.dumps({"key": key, "version": version}).encode())
    return version


def check_disk(paths: Paths, engine_root: str, images: int) -> None:
    """Refuse a disk that cannot take the images; nobody knows their size here, so half a GiB each is assumed.

    Raises:
        EngineFault: there is too little room.
    """
    needed = _SPARE + images * _IMAGE_GUESS if images else 0
    for place, wanted in ((engine_root, needed), (str(paths.home), _SPARE_ROOT)):
        free = _free(place)
        if free is not None and free < wanted:
            raise EngineFault(
                f"the disk is nearly full: {free >> 20} MiB are free at {place}",
                why=f"{wanted >> 20} MiB are wanted, for {images} images"
                if images
                else f"{wanted >> 20} MiB are wanted",
                fix="make room: `docker image prune -a` removes images that no container uses",
            )


def check_clock(release: Release, now: float) -> Iterator[str]:
    """A clock that is behind the commit is wrong: certificates fail, and times in the journal mislead.

    Raises:
        EngineFault: it is a day behind.
    """
    behind = release.revision_time - now
    if behind > _CLOCK_WRONG:
        raise EngineFault(
            f"the host's clock is {behind / 3600:.0f} hours behind the commit {release.revision[:12]}",
            why="with a wrong clock no certificate is valid and no token either",
            fix="set the clock: `timedatectl set-ntp true`",
        )
    if behind > _CLOCK_ODD:
        yield f"the host's clock is {behind:.0f} s behind the commit's time"


def check_ports(release: Release, containers: list[Container], engine: Engine, edge: EdgeState) -> None:
    """Refuse when a host port of the platform, or of the edge, is taken by somebody else.

    Raises:
        EngineFault: which port, and by whom where the engine knows.
    """
    ours = {pair[1] for one in containers if one.running for pairs in one.ports.values() for pair in pairs}
    if edge.running and (release.edge is not None or not edge.others(release.app)):
        ours |= set(PORTS.values())
    wanted = {port: name for name, port in published_ports(release) if port not in ours}
    if release.edge is not None:
        wanted.update((port, release.proxy) for port in PORTS.values() if port not in ours)
    if not wanted:
        return
    taken = listening_ports(_read_sockets())
    holders = _engine_ports(engine)
    for port, service in sorted(wanted.items()):
        if port in taken or port in holders:
            raise port_fault(port, service, holders.get(port), edge.others(release.app))


def check_subnets(release: Release, engine: Engine) -> None:
    """Refuse a new network on addresses to which the host knows a way already: it would find them there no more.

    Raises:
        EngineFault: which network, and the range.
    """
    if not any(as_mapping(how.get("ipam")).get("config") for how in release.networks.values()):
        return
    try:
        routes = Path("/proc/net/route").read_text()
    except OSError:
        return
    for fault in subnet_faults(release, engine.get("/networks"), routes):
        raise fault


def subnet_faults(
    release: Release, networks: Sequence[Mapping[str, Any]], routes: str
) -> Iterator[EngineFault]:
    """Which network of a release would take addresses of others. Pure.

    Args:
        release: the release.
        networks: those of the engine, as it lists them.
        routes: the text of ``/proc/net/route``.
    """
    # Loaded for who gives addresses of his own, which few do.
    import ipaddress

    from ..edge.subnets import Subnet, network_subnets, parse_routes

    names = {real_name(release.app, key, how) for key, how in release.networks.items()}
    own = set(network_subnets([one for one in networks if one.get("Name") in names]))
    others = [one for one in parse_routes(routes) if one not in own]
    for key, how in release.networks.items():
        for _, block in as_items(as_mapping(how.get("ipam")).get("config")):
            try:
                subnet = ipaddress.ip_network(str(as_mapping(block).get("subnet")).strip(), strict=False)
            except ValueError:
                continue
            taken = [one for one in others if isinstance(subnet, Subnet) and subnet.overlaps(one)]
            if taken and subnet not in own:
                yield EngineFault(
                    f"the network {key} would have {subnet}, and this host knows a way to {taken[0]}",
                    why="the host would look for those addresses in that network, and reach nobody else there",
                    fix="leave `ipam` out, or choose a range that `ip route` on the host does not show",
                )


def port_fault(
    port: int, service: str, holder: Optional[Mapping[str, Any]], behind: Sequence[str]
) -> EngineFault:
    """Why a service cannot have a host port. Pure.

    Args:
        port: the port.
        service: who wants it.
        holder: the container that has it, as the engine lists it; None where it is none.
        behind: the other apps behind the edge.
    """
    marks = (holder or {}).get("Labels") or {}
    name = str(((holder or {}).get("Names") or ["?"])[0]).lstrip("/")
    why = f"by the container {name}" if holder else f"`ss -ltnp sport = :{port}` tells by whom"
    fix = "stop what uses it, or publish another port"
    if marks.get(labels.ROLE) == ROLE:
        why = f"the edge of this host holds it, for {named_all(behind) or 'other apps'}"
        fix = "stand behind it as well: `edge: true` in this environment of fairlead.yaml"
    elif marks.get(labels.APP):
        other = named(str(marks[labels.APP]))
        why = f"by the app {other} (container {named(str(marks[labels.APP]), name)})"
        fix = (
            f"let both stand behind the edge: `edge: true` in this environment, and in that of {other}, "
            "which is to be deployed first"
        )
    return EngineFault(
        f"port {port} of the host, which {service} publishes, is taken", why=why, fix=fix, service=service
    )


def published_ports(release: Release) -> Iterator[tuple[str, int]]:
    """(service, host port) for each TCP port that the platform publishes. Pure."""
    for service in release.platform.values():
        for port in service.definition.get("ports") or ():
            published = str(port.get("published") or "") if isinstance(port, Mapping) else ""
            if published.isdigit() and port.get("protocol", "tcp") == "tcp":
                yield service.name, int(published)


def listening_ports(tables: Iterable[str]) -> set[int]:
    """The TCP ports that somebody listens on, from the text of ``/proc/net/tcp`` and ``tcp6``. Pure."""
    found = set()
    for table in tables:
        for line in table.splitlines()[1:]:
            words = line.split()
            if len(words) > 3 and words[3] == _LISTENING:
                found.add(int(words[1].rpartition(":")[2], 16))
    return found


def parse_version(text: str) -> tuple[int, ...]:
    """``26.1.5+dfsg1`` -> (26, 1, 5); what is no version is (0,)."""
    match = re.match(r"v?(\d+(?:\.\d+)*)", text.strip())
    return tuple(int(part) for part in match[1].split(".")) if match else (0,)


def _engine_ports(engine: Engine) -> dict[int, Mapping[str, Any]]:
    return {
        int(port["PublicPort"]): container
        for container in engine.get("/containers/json")
        for port in container.get("Ports") or ()
        if port.get("PublicPort") and port.get("Type") == "tcp"
    }


def _read_sockets() -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            yield Path(table).read_text()
        except OSError:
            continue


def _free(place: str) -> Optional[int]:
    try:
        return shutil.disk_usage(place).free
    except OSError:
        # An engine's folder that this user may not even look at.
        return None


def _text(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
