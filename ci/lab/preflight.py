"""What must hold before a lab can come up: an engine, room on the disk, free ports."""

from __future__ import annotations

import shutil
from collections.abc import Mapping

from fairlead.errors import CommandFailedError
from fairlead.tools.cache import cache_dir
from fairlead.tools.catalog import Architecture
from fairlead.tools.engine import probe_engine
from lab.engine import inspect_container, list_labelled
from lab.ports import Port, is_free
from lab.state import Place

_ARCHITECTURES: dict[str, Architecture] = {"amd64": "amd64", "arm64": "arm64"}
_FREE_BYTES = 4 << 30
_OTHER_SSH_PORT = 2222


def check_engine() -> Architecture:
    """The engine's architecture, once there is an engine and room on the disk.

    Raises:
        ToolMissingError: there is no docker, or it is too old.
        CommandFailedError: the engine does not answer, the disk is full, or the architecture is a foreign one.
    """
    engine = probe_engine()
    if engine.architecture not in _ARCHITECTURES:
        raise CommandFailedError(f"the lab knows no images for an engine on {engine.architecture}")
    nearest = next(path for path in (cache_dir(), *cache_dir().parents) if path.exists())
    free = shutil.disk_usage(nearest).free
    if free < _FREE_BYTES:
        raise CommandFailedError(
            f"the disk below {cache_dir()} has {free / 1e9:.1f} GB left, the lab needs {_FREE_BYTES / 1e9:.1f}",
            fix="`docker system df` shows what can go; FAIRLEAD_CACHE moves the cache",
        )
    return _ARCHITECTURES[engine.architecture]


def choose_ssh_port(place: Place, number: int) -> int:
    """22, or another one where the machine's own sshd listens on every address; once chosen it stays."""
    found = inspect_container(f"{place.name}-{number}")
    if found:
        bound = (found["HostConfig"]["PortBindings"] or {}).get("22/tcp")
        if bound:
            return int(bound[0]["HostPort"])
    return 22 if is_free(Port(place.address(number), 22)) else _OTHER_SSH_PORT


def check_ports(place: Place, ssh_ports: Mapping[int, int]) -> None:
    """Fail early, with all that is wrong, when a port that the lab needs is taken by somebody else."""
    needed = [(f"{place.name}-registry", Port("127.0.0.1", place.registry_port))]
    for number, ssh_port in ssh_ports.items():
        needed += [
            (f"{place.name}-{number}", Port(place.address(number), port)) for port in (ssh_port, 80, 443)
        ]
    ours = set(list_labelled(place.name)["container"])
    taken = [str(port) for name, port in needed if name not in ours and not is_free(port)]
    if taken:
        raise CommandFailedError(
            f"another program listens on {', '.join(taken)}",
            fix="stop it, or move the lab: FAIRLEAD_LAB_ADDRESS=127.0.0.50, FAIRLEAD_LAB_REGISTRY_PORT=5081",
        )
