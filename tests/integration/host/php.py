"""nginx and PHP-FPM in one image of Debian's packages, and an app's image with its code in it."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
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

_PACKAGES = ("nginx", "php8.4-fpm", "php8.4-common", "libc-bin", "base-files", "base-passwd", "netbase")
# Programs are started by their paths: what sets a machine up has no part in it.
_OMIT = (
    *("init-system-helpers", "debconf", "debconf-2.0", "cdebconf", "systemd", "lsb-base", "sysvinit-utils"),
    *("iproute2", "perl", "perl-base", "dpkg", "logrotate", "adduser", "media-types", "runit-helper", "ucf"),
    *(
        "php-common",
        "php8.4-cli",
        "php8.4-opcache",
        "php8.4-readline",
        "psmisc",
        "procps",
        "systemd-tmpfiles",
    ),
    "systemd-standalone-tmpfiles",
)
_NAME = "fairlead-test-php"


def php_image(release: str, page: str = "echo 'code of {release} at ' . php_sapi_name();") -> str:
    """An image with the code of one release in ``/var/www/html``, by digest; its base is made once for this engine.

    ``page`` is its one page in PHP.
    """
    engine = Engine.connect()
    base = f"{_NAME}:{SUITE}-1"
    if engine.image(base) is None:
        with locked(cache_dir() / f"{_NAME}.lock", lambda: None):
            if engine.image(base) is None:
                _import_base(base, str(engine.get("/version")["Arch"]))
    if not release:
        return _by_digest(base)
    code = f"<?php {page.replace('{release}', release)}"
    tag = f"{_NAME}:code-{hashlib.sha256(code.encode()).hexdigest()[:12]}"
    if engine.image(tag) is None:
        files = {
            "Dockerfile": f"FROM {base}\nCOPY html /var/www/html\n",
            "html/index.php": code,
            "html/site.css": f"/* css of {release} */",
        }
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for name, text in files.items():
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(text), 0o644
                archive.addfile(entry, io.BytesIO(text.encode()))
        argv = ["docker", "build", "--quiet", "--provenance=false", "--tag", tag, "-"]
        subprocess.run(argv, input=buffer.getvalue(), check=True, capture_output=True)
    return _by_digest(tag)


def _by_digest(tag: str) -> str:
    found = Engine.connect().image(tag)
    assert found is not None
    return f"{_NAME}@{found['RepoDigests'][0].partition('@')[2]}"


def _import_base(tag: str, architecture: str) -> None:
    mirror = Mirror(cache_dir() / "bases" / "debian", SUITE)
    chosen = resolve(mirror.index(architecture), _PACKAGES, omit=_OMIT)
    mirror.fetch(chosen, lambda _done, _total: None)
    debs = [mirror.path(package) for package in chosen]
    folders = ("tmp", "run/php", "var/log", "var/log/nginx", "var/lib/nginx", "var/www")
    with tempfile.TemporaryDirectory() as folder:
        blobs = Path(folder) / "blobs" / "sha256"
        with LayerWriter(blobs, 0) as writer:
            for deb in debs:
                write_package(deb, writer)
            for entry in (*system_files(debs, debs, []), *(Entry(name, mode=0o777) for name in folders)):
                writer.add(entry)
            layer = writer.finish()
        command = json.dumps(["/usr/sbin/nginx", "-g", "daemon off;"])
        with (blobs / layer.digest.removeprefix("sha256:")).open("rb") as file:
            subprocess.run(
                ["docker", "import", f"--change=CMD {command}", "--change=STOPSIGNAL SIGQUIT", "-", tag],
                stdin=file,
                check=True,
                capture_output=True,
            )
