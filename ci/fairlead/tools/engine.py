"""The Docker engine of this machine: is it there, does it answer, and what can it do."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fairlead import passed, process
from fairlead.errors import CommandFailedError, ToolMissingError
from fairlead.tools.locate import locate
from fairlead.tools.version import parse_version, render_version

MINIMUM_ENGINE = (25, 0, 0)

_ANSWER_SECONDS = 20.0

_SOCKET = Path("/var/run/docker.sock")
_DAEMON_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin")


@dataclass(frozen=True)
class Engine:
    """A Docker engine that answers.

    Args:
        version: such as ``26.1.5``.
        architecture: as Docker names platforms: ``amd64``, ``arm64``.
        containerd_store: it keeps images in containerd, and so can hold several platforms of one.
    """

    version: str
    architecture: str
    containerd_store: bool


def probe_engine() -> Engine:
    """Ask the engine what it is.

    Raises:
        ToolMissingError: there is no docker command, or the engine is too old.
        CommandFailedError: the engine does not answer, or we may not talk to it.
    """
    docker = locate("docker")
    done = process.run(
        [docker, "info", "--format", "{{json .}}"], also=passed.ENGINE, timeout=_ANSWER_SECONDS, check=False
    )
    if not done.ok:
        raise unreachable(done.stderr, os.environ.get("DOCKER_HOST", ""))
    return parse_info(done.stdout)


def is_engine_absent(at: Path = _SOCKET, folders: Iterable[str] = _DAEMON_FOLDERS) -> bool:
    """Whether docker is a client alone, which would ask an engine of this machine, and there is none to start.

    Args:
        at: the socket of this machine's engine.
        folders: where its program may be, besides the PATH.

    Raises:
        ToolMissingError: there is no docker command.
    """
    if os.environ.get("DOCKER_HOST") or find_daemon(folders) is not None or _is_listening(at):
        return False
    docker = locate("docker")
    ask = (docker, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
    return (
        process.run(ask, also=passed.ENGINE, timeout=_ANSWER_SECONDS, check=False).stdout.strip()
        == f"unix://{at}"
    )


def find_daemon(folders: Iterable[str] = _DAEMON_FOLDERS) -> Path | None:
    """The engine's program; also in the folders that only root has on the PATH."""
    paths = (Path(folder) / "dockerd" for folder in (*os.environ.get("PATH", "").split(os.pathsep), *folders))
    return next((path for path in paths if os.access(path, os.X_OK)), None)


def parse_info(text: str) -> Engine:
    """What ``docker info --format '{{json .}}'`` says.

    Raises:
        CommandFailedError: the client answered, the engine did not.
        ToolMissingError: the engine is too old.
    """
    info = json.loads(text)
    version = parse_version(info.get("ServerVersion") or "")
    if version is None:
        raise unreachable("; ".join(info.get("ServerErrors") or ()), os.environ.get("DOCKER_HOST", ""))
    if version < MINIMUM_ENGINE:
        raise ToolMissingError(
            f"Docker Engine {render_version(version)} is too old",
            why=f"{render_version(MINIMUM_ENGINE)} or newer is needed",
            fix="upgrade it: https://docs.docker.com/engine/install/",
        )
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(info["Architecture"], info["Architecture"])
    return Engine(render_version(version), architecture, _is_containerd_store(info))


def unreachable(said: str, docker_host: str) -> CommandFailedError:
    """The error for an engine that does not answer, with what helps in each case."""
    why = said.strip().splitlines()[-1] if said.strip() else "it said nothing"
    if docker_host:
        return CommandFailedError(
            "the Docker engine does not answer", why=why, fix=f"DOCKER_HOST is {docker_host}: is that right?"
        )
    if "permission denied" in said:
        return CommandFailedError(
            "you may not talk to the Docker engine",
            why=why,
            fix="sudo usermod --append --groups docker $USER, then log in again",
        )
    return CommandFailedError(
        "the Docker engine does not answer",
        why=why,
        fix="start it: sudo systemctl start docker (or Docker Desktop)",
    )


def _is_containerd_store(info: dict[str, object]) -> bool:
    status = info.get("DriverStatus") or []
    return ["driver-type", "io.containerd.snapshotter.v1"] in status if isinstance(status, list) else False


def _is_listening(path: Path) -> bool:
    """Whether somebody listens on a socket, even if not to us."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError as error:
            return isinstance(error, PermissionError)
    return True
