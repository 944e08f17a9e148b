"""Bring a Docker engine to this machine where there is none, and start one that does not run."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from fairlead import passed, process
from fairlead.errors import CommandFailedError, FairleadError, ToolMissingError
from fairlead.tools.apt import install_packages
from fairlead.tools.catalog import CATALOG, DebianPackage
from fairlead.tools.engine import Engine, find_daemon, is_engine_absent, probe_engine
from fairlead.tools.locate import search_tool
from fairlead.tools.root import Root, find_root
from fairlead.tools.system import System, read_system

OnLine = Callable[[str], None]

PARTS = ("docker", "compose", "buildx")
"""What comes with an engine: its command, and plugins of that."""

DAEMON_FILE = Path("/etc/docker/daemon.json")
_DAEMON_LOG = Path("/var/log/fairlead-dockerd.log")
_START_SECONDS = 60.0


def ensure_engine(on_line: OnLine, parts: tuple[str, ...] = PARTS) -> Engine:
    """The engine of this machine, with its command and what of its plugins is asked for; installed and started if need be.

    Args:
        on_line: is told what is done.
        parts: of ``PARTS``.

    Raises:
        ToolMissingError: it is missing and can't be installed here; the error says what to install.
        CommandFailedError: it is there and does not answer.
    """
    system = read_system()
    missing = missing_parts(system, parts)
    if missing:
        root = find_root(system) if system.has_apt and not os.environ.get("DOCKER_HOST") else None
        if root is None:
            raise _install_it_yourself(missing, system)
        install_engine(missing, system, root, on_line)
    still = missing_tools(parts)
    if still:
        raise ToolMissingError(
            f"{' and '.join(still)} is missing after the installation", why=_passed_over(still)
        )
    try:
        return probe_engine()
    except CommandFailedError as error:
        return _start_or_raise(error, system, on_line)


def missing_parts(system: System, parts: tuple[str, ...] = PARTS) -> tuple[str, ...]:
    """Which parts are missing or too old here, and ``engine`` where docker is a client alone."""
    missing = missing_tools(parts)
    # Where we can't install packages, an engine that does not answer may as well be one that we do not know.
    if "docker" not in missing and system.has_apt and is_engine_absent():
        return (*missing, "engine")
    return missing


def missing_tools(parts: tuple[str, ...] = PARTS) -> tuple[str, ...]:
    """Which parts are missing or too old here."""
    return tuple(name for name in parts if search_tool(CATALOG[name], os.environ).found is None)


def plan_packages(missing: tuple[str, ...], system: System, *, docker_com: bool) -> tuple[DebianPackage, ...]:
    """The packages that bring what is missing.

    Args:
        missing: of docker (client and engine), compose, buildx, engine.
        system: a machine with apt.
        docker_com: what is there is from Docker's own repository, whose packages have other names.
    """
    if docker_com:
        names = {"engine": "docker-ce", "compose": "docker-compose-plugin", "buildx": "docker-buildx-plugin"}
        return tuple(DebianPackage(names[part], since=0) for part in missing if part in names)
    if system.distribution == "ubuntu":
        names = {"docker": "docker.io", "compose": "docker-compose-v2"}
    else:
        names = {"docker": "docker.io docker-cli", "compose": "docker-compose"}
    names |= {"engine": "docker.io", "buildx": "docker-buildx"}
    return tuple(DebianPackage(name) for part in missing for name in names[part].split())


def install_engine(missing: tuple[str, ...], system: System, root: Root, on_line: OnLine) -> None:
    """Install what is missing, set up so that images of several platforms can be built and kept.

    Raises:
        CommandFailedError: apt failed.
    """
    docker_com = _is_installed("docker-ce") or _is_installed("docker-ce-cli")
    brings_engine = not {"docker", "engine"}.isdisjoint(missing)
    if brings_engine:
        # Before the package is there, which starts the engine: the image store can't be changed later for free.
        write_daemon_file(DAEMON_FILE, root)
    packages = plan_packages(missing, system, docker_com=docker_com)
    extra = (DebianPackage("iptables", since=0), DebianPackage("ca-certificates", since=0))
    install_packages(system, (*packages, *(extra if brings_engine else ())), on_line)


def write_daemon_file(file: Path, root: Root) -> None:
    """Turn the containerd image store on in daemon.json, and keep whatever else stands there.

    Raises:
        CommandFailedError: the file is there and is not a JSON object.
    """
    before = file.read_text(encoding="utf-8") if file.is_file() else ""
    after = merge_daemon_settings(before)
    if after != before:
        root.write(file, after)


def merge_daemon_settings(text: str) -> str:
    """daemon.json with the containerd image store on; unchanged if the file already says something about it.

    Raises:
        CommandFailedError: it is not a JSON object.
    """
    try:
        settings = json.loads(text) if text.strip() else {}
        features = settings.setdefault("features", {})
        if "containerd-snapshotter" in features:
            return text
        features["containerd-snapshotter"] = True
    except (ValueError, AttributeError, TypeError) as error:
        raise CommandFailedError(
            f"{DAEMON_FILE} is not a JSON object",
            why=str(error),
            fix="repair it: Docker can't read it either",
        ) from error
    return json.dumps(settings, indent=2) + "\n"


def start_engine(system: System, root: Root, on_line: OnLine) -> None:
    """Start an engine that is installed: by systemd, else as a daemon in a session of its own."""
    if system.systemd:
        argv = ("systemctl", "enable", "--now", "docker")
        on_line(" ".join(argv))
        done = root.run(argv, on_line)
        if not done.ok:
            raise process.failed(done)
        return
    on_line(f"starting dockerd; its log is {_DAEMON_LOG}")
    process.start_daemon(["dockerd"], _DAEMON_LOG, also=passed.DAEMON)


def _start_or_raise(error: CommandFailedError, system: System, on_line: OnLine) -> Engine:
    runs = "permission denied" in error.why
    if runs or os.environ.get("DOCKER_HOST") or find_daemon() is None:
        raise error
    root = find_root(system)
    # Without systemd it would be a process of root's that nobody can end.
    if root is None or (root.sudo and not system.systemd):
        raise error
    # The package may have started it a moment ago.
    engine = _wait_for_engine(3.0)
    if engine is None:
        start_engine(system, root, on_line)
        engine = _wait_for_engine(_START_SECONDS)
    if engine is None:
        raise CommandFailedError(
            f"the Docker engine did not come up within {_START_SECONDS:g} s",
            why=error.why,
            fix=f"look at {_DAEMON_LOG if not system.systemd else 'journalctl --unit docker'}",
            details=_log_tail(),
        )
    return engine


def _wait_for_engine(seconds: float) -> Engine | None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return probe_engine()
        except CommandFailedError:
            if time.monotonic() > deadline:
                return None
            time.sleep(0.25)


def _install_it_yourself(missing: tuple[str, ...], system: System) -> ToolMissingError:
    parts = {
        "docker": "Docker Engine 25+",
        "engine": "Docker Engine 25+",
        "compose": "Docker Compose 2.24+",
        "buildx": "Docker buildx 0.13+",
    }
    needed = ", ".join(parts[name] for name in missing)
    if system.has_apt and not os.environ.get("DOCKER_HOST"):
        fix = (
            "run `fairlead setup` as root, or where sudo asks for no password; "
            f"or install {needed}: https://docs.docker.com/engine/install/"
        )
    else:
        fix = f"install {needed}: https://docs.docker.com/engine/install/"
    return ToolMissingError(
        f"{needed} is missing on this machine ({system.name})", why=_passed_over(missing), fix=fix
    )


def _passed_over(missing: tuple[str, ...]) -> str:
    tools = [CATALOG[name] for name in missing if name in CATALOG]
    over = [str(one) for tool in tools for one in search_tool(tool, os.environ).passed_over]
    absent = ["there is a docker command, and no engine that it could ask"] if "engine" in missing else []
    return "; ".join((*over, *absent))


def _is_installed(package: str) -> bool:
    try:
        return process.run(["dpkg-query", "--status", package], check=False).ok
    except FairleadError:
        return False


def _log_tail() -> tuple[str, ...]:
    if not _DAEMON_LOG.is_file():
        return ()
    return tuple(_DAEMON_LOG.read_text(encoding="utf-8", errors="replace").splitlines()[-10:])
