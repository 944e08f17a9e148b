"""What a server needs, checked one by one: each check says what it found, what is needed, and what to do.

The functions that judge are pure; ``run_checks`` looks at the host.
"""

from __future__ import annotations

import os
import platform
import pwd
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

from ..disk import record
from ..disk.neighbours import named
from ..disk.paths import list_apps
from ..disk.place import ROLE
from ..engine.engine import Engine
from ..plan import policy
from ..plan.preflight import rootless_faults
from ..wire import labels, setup
from ..wire.errors import AgentError
from ..wire.replies import HostCheck

OK = "ok"
WARNING = "warning"
FAILED = "failed"

MINIMUM_ENGINE = (25, 0)
MINIMUM_COMPOSE = (2, 24)
MINIMUM_PYTHON = (3, 9)
_GIB = 1024**3
_DISK_FAILED = 1 * _GIB
_DISK_WARNING = 5 * _GIB
_CLOCK_WARNING = 5.0
_CLOCK_FAILED = 60.0
_LISTEN = "0A"
_LOGIND = ("/etc/systemd/logind.conf", "/etc/systemd/logind.conf.d", "/usr/lib/systemd/logind.conf.d")


def run_checks(
    root: Path, ahead: Optional[float] = None, sees: Callable[[str], bool] = lambda _: True
) -> list[HostCheck]:
    """Look at this host.

    Args:
        root: ``/srv/fairlead``.
        ahead: how far this host's clock is ahead of the client's, in seconds; None where nobody told.
        sees: which apps the caller may hear of.
    """
    checks = [judge_python(tuple(sys.version_info[:2])), check_root(root)]
    try:
        engine = Engine.connect()
    except AgentError as error:
        checks.append(
            HostCheck("engine", FAILED, "; ".join(filter(None, (error.what, error.why))), error.fix)
        )
        containers: Sequence[Mapping[str, Any]] = ()
        folders = [root]
    else:
        checks += _check_engine(engine)
        containers = _containers(engine)
        folders = [root, _docker_root(engine)]
    checks += [judge_disk(folder, shutil.disk_usage(folder).free) for folder in _existing(folders)]
    if ahead is not None:
        checks.append(judge_clock(ahead))
    checks += [judge_port(port, _listening(port), containers) for port in (80, 443)]
    checks += [_check_memory_files(), judge_logind(list(_logind_lines()))]
    apps = ", ".join(app for app in list_apps(root) if sees(app)) or "none yet"
    return [
        *checks,
        *_check_door(),
        HostCheck(
            "host", OK, f"{platform.machine()}, {platform.system()} {platform.release()}; apps: {apps}"
        ),
    ]


def _check_door() -> list[HostCheck]:
    """What holds the keys of this host, where they are restricted."""
    if not (setup.HOME / "door").exists():
        return []
    try:
        held = judge_policy(policy.read_policy())
    except AgentError as error:
        held = HostCheck("policy", FAILED, error.why, error.fix)
    return [judge_record(heard=record.is_heard()), held]


def judge_record(*, heard: bool) -> HostCheck:
    """Whether what restricted keys ask for is written down where their holders cannot edit it."""
    if heard:
        return HostCheck(
            "record", OK, f"each request of a restricted key goes to the host's log, as {record.NAME}"
        )
    return HostCheck(
        "record",
        WARNING,
        f"nobody listens at {record.SOCKET}: what restricted keys ask for is written down nowhere",
        "install a syslog, such as rsyslog, or start systemd-journald",
    )


def judge_policy(given: policy.Policy) -> HostCheck:
    """What the owner of the host lets no release do."""
    parts = [f"forbids {', '.join(sorted(given.forbid))}"] if given.forbid else []
    parts += ["takes signed releases only"] if given.signers is not None else []
    return HostCheck("policy", OK, "; ".join(parts) or "none: who may deploy here may become root")


def judge_python(version: tuple[int, ...]) -> HostCheck:
    """Python 3.9 or newer."""
    found = ".".join(str(number) for number in version)
    if version >= MINIMUM_PYTHON:
        return HostCheck("python", OK, found)
    return HostCheck("python", FAILED, f"{found}, 3.9 is needed", "install a newer python3")


def judge_version(name: str, text: str, minimum: tuple[int, int], fix: str) -> HostCheck:
    """A version such as ``26.1.5+dfsg1`` against the oldest that works."""
    match = re.match(r"v?(\d+)\.(\d+)", text)
    if match and (int(match[1]), int(match[2])) >= minimum:
        return HostCheck(name, OK, text)
    needed = ".".join(str(number) for number in minimum)
    return HostCheck(name, FAILED, f"{text or 'no version'}, {needed} is needed", fix)


def judge_disk(folder: Path, free: int) -> HostCheck:
    """Room for the next images and bundles; ``free`` in bytes."""
    found = f"{free / _GIB:.1f} GiB free at {folder}"
    if free < _DISK_FAILED:
        return HostCheck("disk", FAILED, found, "make room: `docker system df` shows what takes it")
    return HostCheck("disk", WARNING if free < _DISK_WARNING else OK, found)


def judge_clock(ahead: float) -> HostCheck:
    """How far the server's clock is ahead of the client's, in seconds; the way over the network counts too."""
    found = f"{abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} the client's"
    if abs(ahead) <= _CLOCK_WARNING:
        return HostCheck("clock", OK, found)
    state = FAILED if abs(ahead) > _CLOCK_FAILED else WARNING
    return HostCheck("clock", state, found, "switch on time synchronisation: `timedatectl set-ntp true`")


def judge_live_restore(info: Mapping[str, Any]) -> HostCheck:
    """Whether containers outlive their engine, by ``/info``.

    Measured with 26.1.5 under 200 requests a second: without it a restart of the engine is an outage of ten seconds,
    and after a crash of the engine nothing serves until somebody starts it (``unless-stopped`` does not);
    with it no request is lost in either.
    """
    if info.get("LiveRestoreEnabled"):
        return HostCheck("live restore", OK, "containers run on while the engine is restarted or has crashed")
    if (info.get("Swarm") or {}).get("LocalNodeState") == "active":
        return HostCheck("live restore", OK, "off: a node of a swarm cannot have it")
    return HostCheck(
        "live restore",
        WARNING,
        "off: every restart of the engine is an outage, and after a crash of it nothing serves",
        '`"live-restore": true` in /etc/docker/daemon.json, then `systemctl reload docker`: no container is touched',
    )


def judge_port(port: int, listening: bool, containers: Sequence[Mapping[str, Any]]) -> HostCheck:
    """A port that the proxy wants: free, ours already, or somebody else's."""
    name = f"port {port}"
    for container in containers:
        if any(binding.get("PublicPort") == port for binding in container.get("Ports", ())):
            app = container.get("Labels", {}).get(labels.APP)
            who = (container.get("Names") or ["/?"])[0].lstrip("/")
            if app or container.get("Labels", {}).get(labels.ROLE) == ROLE:
                return HostCheck(name, OK, f"served by {named(app) if app else 'the edge'}")
            return HostCheck(
                name, WARNING, f"taken by the container {who}", "stop it before the first deploy"
            )
    if listening:
        return HostCheck(
            name, WARNING, "taken by a program of the host", f"`ss -ltnp sport = :{port}` shows which"
        )
    return HostCheck(name, OK, "free")


def judge_logind(lines: Sequence[str]) -> HostCheck:
    """Whether logind kills what a user started when the user's connection ends: a deploy must outlive it."""
    values = [
        line.partition("=")[2].strip().lower() for line in lines if line.startswith("KillUserProcesses=")
    ]
    if values and values[-1] in {"yes", "true", "1", "on"}:
        return HostCheck(
            "logind",
            FAILED,
            "KillUserProcesses=yes would kill a deploy when its connection ends",
            "set KillUserProcesses=no in /etc/systemd/logind.conf, then `systemctl restart systemd-logind`",
        )
    return HostCheck("logind", OK, "lets a deploy outlive its connection")


def parse_listeners(table: str) -> set[int]:
    """The listening ports in the text of ``/proc/net/tcp`` or ``tcp6``."""
    rows = [line.split() for line in table.splitlines()[1:]]
    return {int(row[1].rpartition(":")[2], 16) for row in rows if len(row) > 3 and row[3] == _LISTEN}


def _check_engine(engine: Engine) -> Iterator[HostCheck]:
    newer = "install Docker Engine 25 or newer with Compose 2.24 or newer: https://docs.docker.com/engine/install/"
    try:
        yield judge_version("engine", str(engine.get("/version").get("Version", "")), MINIMUM_ENGINE, newer)
        info = engine.get("/info")
        yield judge_live_restore(info)
        for fault in rootless_faults(info):
            yield HostCheck("rootless", FAILED, f"{fault.what}: {fault.why}", fault.fix)
    except AgentError as error:
        yield HostCheck("engine", FAILED, error.why or error.what, newer)
    try:
        yield judge_version("compose", engine.compose_version(), MINIMUM_COMPOSE, newer)
    except AgentError as error:
        yield HostCheck("compose", FAILED, error.what, newer)
    if shutil.which("systemctl"):
        enabled = engine.run(("systemctl", "is-enabled", "docker")).output.strip()
        if enabled == "disabled":
            yield HostCheck(
                "boot", WARNING, "the engine does not start with the host", "`systemctl enable docker`"
            )


def check_root(root: Path) -> HostCheck:
    """The folder of the apps: there, this user's, and closed to others."""
    user = pwd.getpwuid(os.getuid()).pw_name
    fix = f"as root: `install -d -o {user} -g {user} -m 0750 {root}`"
    if not root.is_dir():
        return HostCheck("root", FAILED, f"{root} is not there", fix)
    owner = root.stat().st_uid
    if owner != os.getuid():
        return HostCheck("root", FAILED, f"{root} belongs to the user number {owner}, not to {user}", fix)
    if not os.access(root, os.W_OK | os.X_OK):
        return HostCheck("root", FAILED, f"{user} may not write to {root}", f"`chmod 0750 {root}`")
    if root.stat().st_mode & stat.S_IXOTH:
        # The proxy's admin socket lies below it, and the proxy's user inside its container is any number.
        found = f"every user of the server may enter {root}, and reach the proxies' admin sockets"
        return HostCheck("root", WARNING, found, f"`chmod 0750 {root}`")
    return HostCheck("root", OK, f"{root} belongs to {user}")


def _check_memory_files() -> HostCheck:
    if os.access("/dev/shm", os.W_OK):  # noqa: S108 - looked at, not written to
        return HostCheck("memory files", OK, "registry credentials stay in memory")
    return HostCheck(
        "memory files",
        WARNING,
        "no /dev/shm: registry credentials would touch the disk",
        "mount a tmpfs there",
    )


def _containers(engine: Engine) -> Sequence[Mapping[str, Any]]:
    try:
        return engine.containers()
    except AgentError:
        return ()


def _docker_root(engine: Engine) -> Path:
    try:
        return Path(engine.get("/info").get("DockerRootDir") or "/")
    except AgentError:
        return Path("/")


def _existing(folders: Sequence[Path]) -> list[Path]:
    """The folders that are there, those on one filesystem once."""
    return list({folder.stat().st_dev: folder for folder in reversed(folders) if folder.exists()}.values())


def _listening(port: int) -> bool:
    tables = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
    return any(port in parse_listeners(table.read_text()) for table in tables if table.exists())


def _logind_lines() -> Iterator[str]:
    files = [path for place in map(Path, _LOGIND) for path in (sorted(place.glob("*.conf")) or [place])]
    for path in files:
        if path.is_file() and os.access(path, os.R_OK):
            yield from path.read_text().splitlines()
