"""How an app gets onto a server: by ``fairlead``, or by ``docker compose up`` there, as its peer."""

from __future__ import annotations

import io
import json
import re
import shlex
import shutil
import subprocess
import tarfile
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex
from typing import Protocol

import h2
import hpack
import hyperframe

from lab.state import Lab, Server
from tests.e2e.workbench import Workbench
from tests.ended import Ended

IMAGE = Path(__file__).parent / "image"
APPS = Path(__file__).parent / "apps"
_TIMEOUT = 240.0


def put_program(folder: Path) -> None:
    """Put the app's program and what it imports into a folder that an image is built from."""
    shutil.copy(IMAGE / "server.py", folder)
    for package in (h2, hpack, hyperframe):
        shutil.copytree(Path(str(package.__file__)).parent, folder / "lib" / package.__name__)


class Delivery(Protocol):
    """What an engineer does with an app. ``after``: seconds for which its users are looked at once a bad release is there."""

    after: float

    def release(self, settings: Mapping[str, str]) -> Ended:
        """Bring a version, with what is wrong with it."""
        ...

    def rollback(self) -> Ended:
        """Bring back the version before."""
        ...

    def remove(self) -> Ended:
        """Take the app away, and leave its data."""
        ...

    def recover(self) -> None:
        """See that the last good version serves again, where a failed release has not left it so."""
        ...


class ByFairlead:
    """``fairlead deploy`` of a repository: what fails is back by itself, and the release is watched in the deploy."""

    after = 0.0

    def __init__(
        self, name: str, folder: Path, lab: Lab, server: Server, secrets: Mapping[str, str], *, builds: bool
    ) -> None:
        root = folder / name
        shutil.copytree(APPS / name, root)
        self._verb = "ship" if builds else "deploy"
        self._new = True
        self.bench = Workbench(root, lab, server, secrets=secrets)
        dockerfiles = list(root.glob("*/Dockerfile"))
        for file in dockerfiles:
            put_program(file.parent)
        if builds:
            self.bench.environ["FAIRLEAD_REGISTRY"] = f"{lab.registry}/{name}-{token_hex(3)}"
        self._templates = {file: file.read_text() for file in (root / "fairlead.yaml", *dockerfiles)}
        self.bench.git("init", "--quiet", "--initial-branch", "main")

    def release(self, settings: Mapping[str, str]) -> Ended:
        variables = ", ".join(f'{name}: "{value}"' for name, value in settings.items())
        values = {"SERVER": self.bench.server.address, "VARIABLES": f"{{{variables}}}", **settings}
        for file, text in self._templates.items():
            file.write_text(re.sub("@([A-Z]+)@", lambda found: values[found[1]], text))
        if self._new:
            # It breaks rules of the policy: what is there today is accepted, as one does with an app of old.
            self.bench.ok("validate", "--write-baseline")
            self._new = False
        self.bench.commit(f"{settings['VERSION']} {settings['FAULT']}".strip())
        return self.bench.fairlead(self._verb)

    def rollback(self) -> Ended:
        return self.bench.fairlead("rollback")

    def remove(self) -> Ended:
        return self.bench.fairlead("remove", "--yes")

    def recover(self) -> None:
        """It has."""


class ByCompose:
    """``docker compose up --detach --wait`` on the server, in a copy of the repository; back is up again with less."""

    after = 12.0

    def __init__(self, name: str, lab: Lab, server: Server, secrets: Mapping[str, str]) -> None:
        self._lab, self._server = lab, server
        self._secrets = {key.upper(): value for key, value in secrets.items()}
        self._good: list[Mapping[str, str]] = []
        login = b64encode(f"{lab.username}:{lab.password}".encode()).decode()
        config = json.dumps({"auths": {lab.registry: {"auth": login}}})
        # A folder that the engine makes belongs to root: whoever runs such an app has met that once.
        prepared = self._run(
            "rm -rf peer && mkdir -p peer/login peer/app/uploads && chmod 777 peer/app/uploads && "
            "cat >peer/login/config.json",
            config.encode(),
        )
        assert prepared.code == 0, prepared
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            archive.add(APPS / name, ".")
        copied = self._run("tar -C peer/app -x", buffer.getvalue())
        assert copied.code == 0, copied

    def release(self, settings: Mapping[str, str]) -> Ended:
        if not settings["FAULT"]:
            self._good.append(settings)
        return self._up(settings)

    def rollback(self) -> Ended:
        return self._up(self._good[-2])

    def remove(self) -> Ended:
        return self._compose(self._good[-1], "down")

    def recover(self) -> None:
        self._up(self._good[-1])

    def _up(self, settings: Mapping[str, str]) -> Ended:
        return self._compose(settings, "up --detach --wait --quiet-pull")

    def _compose(self, settings: Mapping[str, str], words: str) -> Ended:
        values = {"DOCKER_CONFIG": "../login", **settings, **self._secrets}
        said = " ".join(f"{name}={shlex.quote(value)}" for name, value in values.items())
        return self._run(f"cd peer/app && {said} docker compose --project-name shape {words}")

    def _run(self, command: str, stdin: bytes = b"") -> Ended:
        argv = [
            *("ssh", "-F", "/dev/null", "-i", str(self._lab.identity), "-p", str(self._server.port)),
            *("-o", f"UserKnownHostsFile={self._lab.known_hosts}", "-o", "BatchMode=yes"),
            *(f"{self._server.user}@{self._server.address}", command),
        ]
        done = subprocess.run(argv, input=stdin, capture_output=True, check=False, timeout=_TIMEOUT)
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())
