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

from fairlead import passed, process
from fairlead.tools.locate import locate
from lab.ports import probe_ports

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


def create_words(spec: Container) -> tuple[str, ...]:
    """What `docker` is told to make a container without starting it."""
    return (
        "create", f"--name={spec.name}", f"--hostname={spec.alias}", "--restart=unless-stopped",
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


def run_docker(*words: str | Path, stdin: bytes | None = None, check: bool = True) -> process.Completed:
    """Run the docker command that Fairlead drives, which need not be the first on the PATH."""
    return process.run([locate("docker"), *words], stdin=stdin, also=passed.ENGINE, check=check)


def read_tail(name: str) -> tuple[str, ...]:
    """The last lines of a container's log."""
    logs = run_docker("logs", "--tail", "20", name, check=False)
    return tuple((logs.stdout + logs.stderr).splitlines())


def inspect_container(name: str) -> dict[str, Any] | None:
    """What the engine knows of a container, None if there is none."""
    answer = run_docker("container", "inspect", name, check=False)
    if not answer.ok:
        return None
    (found,) = json.loads(answer.stdout)
    return dict(found)


def judge_container(name: str) -> str:
    """What is wrong with a container of the lab as seen from outside; empty where nothing is."""
    found = inspect_container(name)
    if not found or not found["State"]["Running"]:
        return "not running"
    silent = probe_ports(found)
    return f"nobody answers at {', '.join(map(str, silent))}" if silent else ""


def ensure_container(spec: Container) -> bool:
    """Make it so that the container is there as told, runs and is reached. True if it had to be made anew.

    One whose ports lead nowhere is started again: the engine makes them with it.
    """
    found = inspect_container(spec.name)
    if found is not None:
        same = (found["Config"]["Labels"] or {}).get(SPEC_LABEL) == spec.fingerprint
        if same and found["State"]["Running"]:
            if probe_ports(found):
                run_docker("restart", spec.name)
            return False
        # "created" may be half made: whoever made it was killed before it could put the files in.
        if same and found["State"]["Status"] == "exited":
            run_docker("start", spec.name)
            return False
        run_docker("rm", "--force", "--volumes", spec.name)
    run_docker(*create_words(spec))
    run_docker("cp", "-", f"{spec.name}:/", stdin=render_files(spec.files))
    run_docker("start", spec.name)
    return True


def ensure_network(name: str, lab: str) -> None:
    """Make a network that is not there."""
    if not run_docker("network", "inspect", name, check=False).ok:
        run_docker("network", "create", f"--label={LAB_LABEL}={lab}", name)


def ensure_volume(name: str, lab: str) -> None:
    """Make a volume, which does nothing if it is there."""
    run_docker("volume", "create", f"--label={LAB_LABEL}={lab}", name)


def has_image(reference: str) -> bool:
    """Whether the engine's own store has an image."""
    return run_docker("image", "inspect", reference, check=False).ok


def list_labelled(lab: str = "") -> dict[str, tuple[str, ...]]:
    """What carries the label of a lab, or of any lab: the names of containers, volumes and networks."""
    label = f"label={LAB_LABEL}={lab}" if lab else f"label={LAB_LABEL}"
    commands = {
        "container": ["ps", "--all", "--filter", label, "--format", "{{.Names}}"],
        "volume": ["volume", "ls", "--filter", label, "--format", "{{.Name}}"],
        "network": ["network", "ls", "--filter", label, "--format", "{{.Name}}"],
    }
    return {kind: tuple(run_docker(*words).stdout.split()) for kind, words in commands.items()}


def remove(kind: str, names: Sequence[str]) -> None:
    """Remove containers, volumes, networks or images; those in use as well."""
    if not names:
        return
    force = ["--force"] if kind in {"container", "volume", "image"} else []
    volumes = ["--volumes"] if kind == "container" else []
    run_docker(kind, "rm", *force, *volumes, *names)


def load_image(archive: Path) -> None:
    """Put an image from a tar of an OCI layout into the engine's own store."""
    run_docker("load", "--quiet", "--input", archive)
