"""An engine with the classic image store, as GitHub's hosted runners have one: on a server of its own, beside the lab's."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fairlead.tools.cache import cache_dir
from lab.bases import publish_bases
from lab.engine import (
    Container,
    HostFile,
    create_words,
    inspect_container,
    read_tail,
    remove,
    render_files,
    run_docker,
)
from lab.layer import Entry
from lab.lock import locked
from lab.preflight import check_engine
from lab.recipe import ImageConfig, Recipe
from lab.registry import RegistryClient
from lab.server import render_daemon
from lab.standin import Kitchen
from lab.state import Lab, place_from
from tests.patience import PATIENCE

_NAME = "fairlead-test-classic"
_BUILDCTL = """\
#!/bin/sh
# As much of buildctl as buildx calls, to reach the daemon.
socket=UNIX-CONNECT:/run/buildkit/buildkitd.sock
case "$*" in
"dial-stdio") exec socat -t 60 STDIO "$socket" ;;
"debug workers") exec socat -u OPEN:/dev/null "$socket" ;;
esac
exit 64
"""
BUILDKIT = Recipe(
    name="buildkit",
    tags=("v0.23.2",),
    # Not above the lab's Debian, in which a folder stands twice: an engine with the classic store refuses that.
    packages=("base-files", "base-passwd", "dash", "runc", "socat"),
    omit=("mawk", "debianutils", "debconf", "debconf-2.0", "cdebconf", "openssl"),
    entries=(Entry("usr/bin/buildctl", _BUILDCTL.encode(), mode=0o755),),
    tools={"buildkitd": "usr/bin/buildkitd"},
    config=ImageConfig(
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        entrypoint=("buildkitd",),
        volumes=("/var/lib/buildkit",),
    ),
    internal=True,
)


@dataclass(frozen=True)
class Classic:
    """An engine with the classic store: ``socket`` reaches it, ``buildkit`` is an image that it can pull."""

    socket: Path
    buildkit: str

    @property
    def environ(self) -> dict[str, str]:
        return {"DOCKER_HOST": f"unix://{self.socket}", "FAIRLEAD_BUILDKIT_IMAGE": self.buildkit}

    def docker(self, *words: str) -> str:
        """What docker prints of it."""
        done = subprocess.run(
            ["docker", *words], env={**os.environ, **self.environ}, check=True, capture_output=True, text=True
        )
        return done.stdout


@contextmanager
def classic_engine(lab: Lab, folder: Path) -> Iterator[Classic]:
    """Have one for as long as it is needed; ``folder`` is for its socket."""
    kitchen = Kitchen(cache_dir() / "bases", check_engine())
    images = kitchen.make([BUILDKIT], lambda _: None)
    publish_bases(RegistryClient(lab.registry, lab.password), kitchen.pantry.blobs, images)
    folder.mkdir()
    classic = Classic(
        folder / "docker.sock", f"{lab.registry}/library/buildkit:{BUILDKIT.tags[0]}@{images[0].digest}"
    )
    with locked(cache_dir() / f"{_NAME}.lock", lambda: None):
        spec = _plan(lab, folder)
        remove("container", [_NAME] if inspect_container(_NAME) else [])
        run_docker(*create_words(spec))
        run_docker("cp", "-", f"{_NAME}:/", stdin=render_files(spec.files))
        run_docker("start", _NAME)
        try:
            _wait(classic)
            yield classic
        finally:
            remove("container", [_NAME])


def _plan(lab: Lab, folder: Path) -> Container:
    place = place_from(os.environ)
    daemon = {
        **render_daemon(place),
        "features": {"containerd-snapshotter": False},
        "hosts": ["unix:///run/outside/docker.sock"],
    }
    server = inspect_container(lab.servers[1].name)
    assert server is not None
    return Container(
        # Another lab's: `fairlead lab up` takes away what its own has too many of.
        lab=_NAME,
        name=_NAME,
        image=server["Config"]["Image"],
        network=lab.name,
        alias="classic",
        ports=(),
        volumes=(f"{folder}:/run/outside",),
        files=(
            HostFile("/etc/ssh/sshd_config", b"UsePAM no\n"),
            HostFile("/etc/docker/daemon.json", json.dumps(daemon).encode()),
            HostFile(
                "/etc/fairlead/server.json", json.dumps({"registry_port": place.registry_port}).encode()
            ),
            # Nothing but the server's first process runs Python there: it is not worth compiling the library for.
            HostFile("/usr/lib/python3.13/__pycache__/.complete", b""),
        ),
        privileged=True,
    )


def _wait(classic: Classic) -> None:
    deadline = time.monotonic() + PATIENCE
    while subprocess.run(
        ["docker", "version"], env={**os.environ, **classic.environ}, check=False, capture_output=True
    ).returncode:
        assert time.monotonic() < deadline, read_tail(_NAME)
        time.sleep(0.1)
