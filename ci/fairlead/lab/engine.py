"""The local engine, as far as the lab needs it: containers made from a spec, changed only when the spec changes."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead import process
from fairlead.errors import CommandFailedError, ToolMissingError

LAB_LABEL = "dev.fairlead.lab"
SPEC_LABEL = "dev.fairlead.lab.spec"


@dataclass(frozen=True)
class HostFile:
    """A file that is put into a container before it starts: keys and passwords stay out of ``docker inspect``."""

    path: str
    content: bytes
    mode: int = 0o644
    owner: int = 0


@dataclass(frozen=True)
class Container:
    """What a container of the lab is. ``ports`` are ``address:port:port``, ``volumes`` are ``name:path``."""

    lab: str
    name: str
    image: str
    network: str
    alias: str
    ports: tuple[str, ...]
    volumes: tuple[str, ...]
    files: tuple[HostFile, ...]
    privileged: bool = False

    @property
    def fingerprint(self) -> str:
        """A hash of all of it."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:24]


def create_argv(spec: Container) -> tuple[str, ...]:
    """The command that makes a container without starting it."""
    return (
        "docker", "create", f"--name={spec.name}", f"--hostname={spec.alias}", "--restart=unless-stopped",
        f"--network={spec.network}", f"--network-alias={spec.alias}", "--log-driver=json-file",
        "--log-opt=max-size=5m", f"--label={LAB_LABEL}={spec.lab}", f"--label={SPEC_LABEL}={spec.fingerprint}",
        *(f"--publish={port}" for port in spec.ports),
        *(f"--volume={volume}" for volume in spec.volumes),
        *(("--privileged",) if spec.privileged else ()),
        spec.image,
    )  # fmt: skip


def render_files(files: Sequence[HostFile]) -> bytes:
    """The files as a tar for ``docker cp``."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for file in files:
            info = tarfile.TarInfo(file.path.lstrip("/"))
            info.size, info.mode = len(file.content), file.mode
            info.uid = info.gid = file.owner
            tar.addfile(info, io.BytesIO(file.content))
    return buffer.getvalue()


def read_engine() -> dict[str, Any]:
    """What the engine says of itself.

    Raises:
        ToolMissingError: there is no docker command.
        CommandFailedError: the engine does not answer.
    """
    try:
        answer = process.run(["docker", "info", "--format", "{{json .}}"], check=False, timeout=30)
    except ToolMissingError as error:
        raise ToolMissingError(
            "the lab needs Docker", fix="`fairlead setup --with lab` installs it"
        ) from error
    info: dict[str, Any] = json.loads(answer.stdout or "{}") if answer.stdout.startswith("{") else {}
    if not info.get("ServerVersion"):
        raise CommandFailedError(
            "the Docker engine does not answer",
            why="; ".join(info.get("ServerErrors") or [answer.stderr.strip() or "no answer"]),
            fix="start it (`systemctl start docker`), or `fairlead setup --with lab`",
        )
    return info


def inspect_container(name: str) -> dict[str, Any] | None:
    """What the engine knows of a container, None if there is none."""
    answer = process.run(["docker", "container", "inspect", name], check=False)
    if not answer.ok:
        return None
    (found,) = json.loads(answer.stdout)
    return dict(found)


def is_running(name: str) -> bool:
    """Whether a container is there and runs."""
    found = inspect_container(name)
    return bool(found and found["State"]["Running"])


def ensure_container(spec: Container) -> bool:
    """Make it so that the container is there as told and runs. True if it had to be made anew."""
    found = inspect_container(spec.name)
    if found is not None:
        same = (found["Config"]["Labels"] or {}).get(SPEC_LABEL) == spec.fingerprint
        if same and found["State"]["Running"]:
            return False
        # "created" may be half made: whoever made it was killed before it could put the files in.
        if same and found["State"]["Status"] == "exited":
            process.run(["docker", "start", spec.name])
            return False
        process.run(["docker", "rm", "--force", "--volumes", spec.name])
    process.run(create_argv(spec))
    process.run(["docker", "cp", "-", f"{spec.name}:/"], stdin=render_files(spec.files))
    process.run(["docker", "start", spec.name])
    return True


def ensure_network(name: str, lab: str) -> None:
    """Make a network that is not there."""
    if not process.run(["docker", "network", "inspect", name], check=False).ok:
        process.run(["docker", "network", "create", f"--label={LAB_LABEL}={lab}", name])


def ensure_volume(name: str, lab: str) -> None:
    """Make a volume, which does nothing if it is there."""
    process.run(["docker", "volume", "create", f"--label={LAB_LABEL}={lab}", name])


def has_image(reference: str) -> bool:
    """Whether the engine's own store has an image."""
    return process.run(["docker", "image", "inspect", reference], check=False).ok


def list_labelled(lab: str) -> dict[str, tuple[str, ...]]:
    """What carries the label of a lab: containers, volumes and networks, by name."""
    label = f"label={LAB_LABEL}={lab}"
    commands = {
        "container": ["docker", "ps", "--all", "--filter", label, "--format", "{{.Names}}"],
        "volume": ["docker", "volume", "ls", "--filter", label, "--format", "{{.Name}}"],
        "network": ["docker", "network", "ls", "--filter", label, "--format", "{{.Name}}"],
    }
    return {kind: tuple(process.run(argv).stdout.split()) for kind, argv in commands.items()}


def remove(kind: str, names: Sequence[str]) -> None:
    """Remove containers, volumes, networks or images; those in use as well."""
    if not names:
        return
    force = ["--force"] if kind in {"container", "volume", "image"} else []
    volumes = ["--volumes"] if kind == "container" else []
    process.run(["docker", kind, "rm", *force, *volumes, *names])


def load_image(archive: Path) -> None:
    """Put an image from a tar of an OCI layout into the engine's own store."""
    process.run(["docker", "load", "--quiet", "--input", archive])
