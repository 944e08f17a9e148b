"""A repository with tiny images, and the command run in it as a user would."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import requests

from fairlead.image.oci.layout import read_layout
from fairlead.image.oci.manifests import INDEX_TYPE, MANIFEST_TYPE
from fairlead.image.registry.client import Registry
from fairlead.image.registry.credentials import Credentials
from fairlead.image.registry.transfer import push_layout
from lab.state import Lab
from lab.vulnerabilities import render_leaky
from tests.command import run_fairlead
from tests.ended import Ended
from tests.patience import PATIENCE

# Debian 13 as a scanner sees it, without a byte more.
OS_RELEASE = (
    'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nNAME="Debian GNU/Linux"\nVERSION_ID="13"\nID=debian\n'
)
DOCKERFILE = """\
FROM scratch
ARG REVISION
COPY etc /etc
ARG TARGETARCH
COPY packages/${TARGETARCH}/ /var/lib/dpkg/status.d/
COPY source /srv
ENV RELEASE=$REVISION
USER 10001
"""
SETTINGS = """\
app: board
images:
  api: {dockerfile: Dockerfile.api}
  web: {dockerfile: Dockerfile.web}
platforms: [linux/amd64, linux/arm64]
"""
# For what is the same with many: a third of the work, and for the platform of this machine.
SMALL = """\
app: board
images: {api: {dockerfile: Dockerfile.api}}
"""


@dataclass
class Workshop:
    """A repository under test. Its images take a second to build for two platforms: they run nothing."""

    root: Path
    lab: Lab
    repository: str
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def work(self) -> Path:
        """The work directory, where verbs leave documents and images."""
        return self.root / ".fairlead"

    @property
    def built(self) -> dict[str, Any]:
        """The document of the last build."""
        document: dict[str, Any] = json.loads((self.work / "build.json").read_text())
        return document

    def copy(self, root: Path, repository: str) -> Workshop:
        """Copy all of it, with what was built and scanned; it publishes into a place of its own."""
        shutil.copytree(self.root, root, symlinks=True)
        return replace(self, root=root, repository=repository)

    def furnish(self) -> None:
        """Write the files of two clean images."""
        for name in ("api", "web"):
            self.write(f"Dockerfile.{name}", DOCKERFILE)
        self.write("fairlead.yaml", SETTINGS)
        self.write("etc/os-release", OS_RELEASE)
        self.write("etc/debian_version", "13.1\n")
        self.write("source/app.txt", "one\n")
        for architecture in ("amd64", "arm64"):
            self.write(f"packages/{architecture}/bash", render_leaky("bash", architecture=architecture))

    def write(self, name: str, text: str) -> None:
        """Write a file of the repository."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def settings(self, more: str, *, of: str = SETTINGS) -> None:
        """Write fairlead.yaml, and add to it."""
        self.write("fairlead.yaml", of + more)

    def git(self, *words: str) -> str:
        """Run git in the repository."""
        who = ("-c", "user.name=Alice", "-c", "user.email=alice@example.com")
        done = subprocess.run(
            ["git", *who, *words], cwd=self.root, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        """Commit everything; the revision."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def run(self, *words: str, env: Mapping[str, str | None] | None = None) -> Ended:
        """Run ``fairlead --json`` in the repository; None in ``env`` takes a variable away."""
        wanted: dict[str, str | None] = {
            **self.lab.environ,
            "FAIRLEAD_REGISTRY": self.repository,
            **self.environ,
            **(env or {}),
        }
        environ = {name: value for name, value in os.environ.items() if name not in wanted}
        environ |= {name: value for name, value in wanted.items() if value is not None}
        ended = run_fairlead(("--json", *words), cwd=self.root, env=environ)
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended

    def ok(self, *words: str, env: Mapping[str, str | None] | None = None) -> dict[str, Any]:
        """Run it; it must end well. Its document."""
        ended = self.run(*words, env=env)
        assert ended.code == 0, ended
        return ended.document

    def refused(self, code: int, *words: str, env: Mapping[str, str | None] | None = None) -> dict[str, Any]:
        """Run it; it must end with this code. The error's document, or the failing scan's."""
        ended = self.run(*words, env=env)
        assert ended.code == code, ended
        return ended.document

    def passed(self) -> dict[str, Any]:
        """Build and scan, with the database that is there if one is; what was built."""
        built = self.ok("build")
        self.ok("scan", *self.scan_words)
        return built

    def push(self, image: str, tag: str) -> None:
        """Send what was built of an image to the registry, as another program would."""
        login = Credentials(self.lab.registry, self.lab.username, self.lab.password)
        layout = read_layout(self.work / "images" / image)
        push_layout(Registry(lambda _: login), layout, f"{self.repository}/{image}:{tag}")

    @property
    def scan_words(self) -> list[str]:
        """With the database that is there, if one is."""
        has_database = (Path(self.environ["TRIVY_CACHE_DIR"]) / "db" / "metadata.json").exists()
        return ["--offline"] if has_database else []

    def remote(self, image: str, tag: str) -> str:
        """The digest under a tag in the registry; empty if there is none."""
        host, _, name = self.repository.partition("/")
        answer = requests.get(
            f"http://{host}/v2/{name}/{image}/manifests/{tag}",
            headers={"Accept": f"{INDEX_TYPE}, {MANIFEST_TYPE}"},
            auth=(self.lab.username, self.lab.password),
            timeout=PATIENCE,
        )
        return f"sha256:{hashlib.sha256(answer.content).hexdigest()}" if answer.ok else ""
