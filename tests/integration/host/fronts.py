"""Front servers as they are in real compose files, and Python, in one image of Debian's packages: nginx, HAProxy, Apache."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

from fairlead.host.engine.engine import Engine
from fairlead.tools.cache import cache_dir
from lab.debian.index import resolve
from lab.debian.layer import system_files, write_package
from lab.debian.mirror import Mirror
from lab.layer import Entry, LayerWriter
from lab.lock import locked
from lab.recipes import SUITE

_PACKAGES = (
    "nginx",
    "python3.13",
    "haproxy",
    "apache2-bin",
    "libc-bin",
    "base-files",
    "base-passwd",
    "netbase",
)
# Their programs are started by path: what sets a machine up has no part in it.
_OMIT = (
    *("init-system-helpers", "debconf", "debconf-2.0", "cdebconf", "systemd", "lsb-base", "sysvinit-utils"),
    *("iproute2", "perl", "perl-base", "dpkg", "logrotate", "adduser", "media-types", "runit-helper", "ucf"),
)
_NAME = "fairlead-test-fronts"


def fronts_image() -> str:
    """The image by digest; made once for this engine, of the packages as they are now in the cache."""
    engine = Engine.connect()
    tag = f"{_NAME}:{SUITE}-2"
    if engine.image(tag) is None:
        with locked(cache_dir() / f"{_NAME}.lock", lambda: None):
            if engine.image(tag) is None:
                _import(tag, str(engine.get("/version")["Arch"]))
    found = engine.image(tag)
    assert found is not None
    return f"{_NAME}@{found['RepoDigests'][0].partition('@')[2]}"


def _import(tag: str, architecture: str) -> None:
    mirror = Mirror(cache_dir() / "bases" / "debian", SUITE)
    chosen = resolve(mirror.index(architecture), _PACKAGES, omit=_OMIT)
    mirror.fetch(chosen, lambda _done, _total: None)
    debs = [mirror.path(package) for package in chosen]
    entries = (
        Entry("tmp", mode=0o1777),
        Entry("run", mode=0o1777),
        Entry("var/log/nginx", mode=0o777),
        Entry("var/lib/nginx", mode=0o777),
    )
    with tempfile.TemporaryDirectory() as folder:
        blobs = Path(folder) / "blobs" / "sha256"
        with LayerWriter(blobs, 0) as writer:
            for deb in debs:
                write_package(deb, writer)
            for entry in (*system_files(debs, debs, []), *entries):
                writer.add(entry)
            layer = writer.finish()
        content = blobs / layer.digest.removeprefix("sha256:")
        command = json.dumps(["/usr/sbin/nginx", "-g", "daemon off;"])
        with content.open("rb") as file:
            subprocess.run(
                ["docker", "import", f"--change=CMD {command}", "--change=STOPSIGNAL SIGTERM", "-", tag],
                stdin=file,
                check=True,
                capture_output=True,
            )
