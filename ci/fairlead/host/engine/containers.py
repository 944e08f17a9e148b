"""A container of the app as the engine sees it, reduced to what decisions need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Optional

from ..disk.paths import Paths
from ..disk.place import ROLE
from ..disk.variables import parse_label
from ..wire import labels
from ..wire.cut import cut
from ..wire.names import NAMELESS
from .engine import Engine

HEALTHY = "healthy"
UNHEALTHY = "unhealthy"
STARTING = "starting"
UNCHECKED = "none"
_NEVER = "0001-01-01"
_DEFAULT_GRACE = 10.0
_DEFAULT_CHECK_TIMEOUT = 30.0
_DEFAULT_INTERVAL = 30.0
_DEFAULT_RETRIES = 3
_NANOSECONDS = 1e9
_SHELL = ("/bin/sh", "-c")
_RESTARTING = ("always", "unless-stopped", "on-failure")


@dataclass(frozen=True)
class Container:
    """One container. ``release`` is the id of the release that made it, empty for one of the platform.

    ``image`` is the reference it was made from, ``image_id`` what the engine calls the image;
    ``health`` is ``healthy``, ``unhealthy``, ``starting`` or ``none`` (no health check);
    ``restarts`` counts the engine's restarts; ``grace`` is its stop_grace_period in seconds;
    ``check`` is the command line of its health check, empty without one, ``check_timeout`` its seconds;
    ``sources`` are the paths on the host of what it is shown, and of the secrets whose values are its variables;
    ``start_period`` is that of its health check, ``patience`` all the seconds that this gives it to become healthy;
    ``networks`` are the names of those it is in, ``volumes`` of those it has mounted; ``policy`` is that of its restarts;
    ``carries`` is the service whose calls it carries, if it does;
    ``finished_at`` is when its last run ended, which may be the one before that which goes on.
    """

    id: str
    name: str
    project: str
    service: str
    release: str
    role: str
    hash: str
    image: str
    image_id: str
    running: bool
    restarting: bool
    created: bool
    health: str
    health_log: tuple[str, ...]
    exit_code: int
    oom_killed: bool
    restarts: int
    started_at: str
    addresses: tuple[str, ...]
    sources: tuple[str, ...]
    ports: Mapping[str, tuple[tuple[str, int], ...]]
    grace: float
    oneoff: bool
    check: tuple[str, ...] = ()
    check_timeout: float = _DEFAULT_CHECK_TIMEOUT
    networks: tuple[str, ...] = ()
    start_period: float = 0.0
    patience: float = 0.0
    volumes: tuple[str, ...] = ()
    policy: str = ""
    finished_at: str = ""
    carries: str = ""

    @property
    def nameless(self) -> list[str]:
        """Its volumes that nobody has given a name."""
        return [name for name in self.volumes if NAMELESS.fullmatch(name)]

    @property
    def has_nameless_volume(self) -> bool:
        """Whether it keeps data where nobody finds them again but this very container."""
        return bool(self.nameless)

    @property
    def keeps_nameless(self) -> bool:
        """Whether it is of a service that keeps data, in a volume that has no name."""
        return self.role in ("state", "app", "worker") and not self.release and bool(self.nameless)

    @property
    def serves(self) -> bool:
        """Whether it runs and its health check, if it has one, passes."""
        return self.running and not self.restarting and self.health in (HEALTHY, UNCHECKED)

    @property
    def comes_back(self) -> bool:
        """Whether the engine has started it again after a crash, or is about to."""
        return self.policy in _RESTARTING and (self.restarting or self.running) and not self.oom_killed

    @property
    def has_died(self) -> bool:
        """Whether what ran in it has ended, be it that the engine has started it again."""
        return self.restarting or self.restarts > 0 or not (self.running or self.created)


def parse_container(raw: Mapping[str, Any]) -> Container:
    """A container from the engine's ``inspect``."""
    state, config = raw["State"], raw["Config"]
    marks = config.get("Labels") or {}
    networks = (raw.get("NetworkSettings") or {}).get("Networks") or {}
    health = state.get("Health") or {}
    grace = config.get("StopTimeout")
    check = config.get("Healthcheck") or {}
    return Container(
        id=raw["Id"],
        name=raw["Name"].lstrip("/"),
        project=marks.get(labels.PROJECT, ""),
        service=marks.get(labels.SERVICE, ""),
        release=marks.get(labels.RELEASE, ""),
        role=marks.get(labels.ROLE, ""),
        hash=marks.get(labels.HASH, ""),
        image=config.get("Image", ""),
        image_id=raw["Image"],
        running=bool(state.get("Running")),
        restarting=bool(state.get("Restarting")),
        created=state.get("Status") == "created",
        health=(health.get("Status") or UNCHECKED),
        health_log=_health_log(health),
        exit_code=int(state.get("ExitCode") or 0),
        oom_killed=bool(state.get("OOMKilled")),
        restarts=int(raw.get("RestartCount") or 0),
        started_at=""
        if str(state.get("StartedAt", "")).startswith(_NEVER)
        else str(state.get("StartedAt", "")),
        addresses=tuple(_addresses(networks)),
        sources=(
            *(mount.get("Source", "") for mount in raw.get("Mounts") or () if mount.get("Type") == "bind"),
            *parse_label(marks),
        ),
        ports=_ports(raw),
        grace=float(_DEFAULT_GRACE if grace is None else grace),
        oneoff=marks.get(labels.ONEOFF, "").lower() == "true",
        check=_check(config),
        check_timeout=_seconds(check, "Timeout") or _DEFAULT_CHECK_TIMEOUT,
        networks=tuple(networks),
        start_period=_seconds(check, "StartPeriod"),
        patience=_seconds(check, "StartPeriod")
        + (_seconds(check, "Interval") or _DEFAULT_INTERVAL) * (check.get("Retries") or _DEFAULT_RETRIES),
        volumes=tuple(
            str(mount.get("Name") or "") for mount in raw.get("Mounts") or () if mount.get("Type") == "volume"
        ),
        finished_at=str(state.get("FinishedAt") or ""),
        carries=marks.get(labels.ROUTES, ""),
        policy=((raw.get("HostConfig") or {}).get("RestartPolicy") or {}).get("Name") or "",
    )


def read_containers(engine: Engine, *marks: str, apart: Sequence[Container] = ()) -> list[Container]:
    """All containers that carry the labels, oldest first; one that goes away meanwhile is left out.

    Args:
        engine: who is asked.
        marks: the labels.
        apart: those that are told as they are here: of one that is being started, the engine tells nothing until it runs.
    """
    found = engine.containers(*marks)
    if not found:
        return []
    known = {one.id: one for one in apart}
    ids = [str(item["Id"]) for item in found]
    with ThreadPoolExecutor(max_workers=8) as pool:
        seen = list(pool.map(lambda one: known.get(one) or _look(engine, one), ids))
    return [one for one in reversed(seen) if one is not None]


def refresh_containers(
    engine: Engine, known: Sequence[Container], *, apart: Sequence[Container] = ()
) -> list[Container]:
    """The same containers as they are now, without those that are gone: a tenth of the cost of listing them again.

    ``apart`` is as of ``read_containers``.
    """
    left = {one.id: one for one in apart}
    seen = (left.get(one.id) or _look(engine, one.id) for one in known)
    return [one for one in seen if one is not None]


def _look(engine: Engine, name: str) -> Optional[Container]:
    raw = engine.inspect(name)
    return None if raw is None else parse_container(raw)


def read_app_containers(engine: Engine, paths: Paths, *, apart: Sequence[Container] = ()) -> list[Container]:
    """All containers of the app: platform, releases, jobs."""
    return read_containers(engine, f"{labels.APP}={paths.app}", apart=apart)


def platform_project(app: str) -> str:
    """The Compose project of what outlives releases."""
    return app


def release_project(app: str, release: str) -> str:
    """The Compose project of one release."""
    return f"{app}-{release}"


def proxy_project(app: str, mark: str) -> str:
    """The Compose project of a proxy behind the edge, by the hash of its definition."""
    return f"{app}-proxy-{mark[:12]}"


def find_proxy(containers: list[Container], service: str) -> Optional[Container]:
    """The proxy's running container, or None; the newest, where one is about to replace another."""
    for container in reversed(containers):
        if (
            container.service == service
            and not container.release
            and container.running
            and not container.oneoff
        ):
            return container
    return None


def _addresses(networks: Mapping[str, Any]) -> list[str]:
    keys = ("IPAddress", "GlobalIPv6Address")
    return [network[key] for network in networks.values() for key in keys if network.get(key)]


def _ports(raw: Mapping[str, Any]) -> dict[str, tuple[tuple[str, int], ...]]:
    """``"443/tcp"`` -> the (address, port) pairs it is published at."""
    bindings = (raw.get("HostConfig") or {}).get("PortBindings") or {}
    actual = (raw.get("NetworkSettings") or {}).get("Ports") or {}
    return {
        port: tuple(
            (row.get("HostIp", ""), int(row["HostPort"]))
            for row in actual.get(port) or rows or ()
            if row.get("HostPort")
        )
        for port, rows in bindings.items()
    }


def _check(config: Mapping[str, Any]) -> tuple[str, ...]:
    """What the engine runs as the health check, in the container."""
    kind, *words = (config.get("Healthcheck") or {}).get("Test") or ("NONE",)
    if kind == "CMD":
        return tuple(words)
    return (*(config.get("Shell") or _SHELL), *words) if kind == "CMD-SHELL" else ()


def _seconds(check: Mapping[str, Any], key: str) -> float:
    return float(check.get(key) or 0) / _NANOSECONDS


def _health_log(health: Mapping[str, Any]) -> tuple[str, ...]:
    lines = []
    for entry in (health.get("Log") or ())[-3:]:
        output = cut(str(entry.get("Output") or "").strip(), 500) or "(no output)"
        lines.append(f"health check, exit {entry.get('ExitCode')}: {output}")
    return tuple(lines)


def find_edge(engine: Engine) -> Optional[Container]:
    """The edge's container, running or not."""
    found = read_containers(engine, f"{labels.ROLE}={ROLE}")
    return found[-1] if found else None
