"""Packages -> one image layer: what ``dpkg --unpack`` would put on a disk, written straight into a tar.

No maintainer script runs, so what scripts would make and a container needs is written by :func:`system_files`:
the package database (without it a scanner sees no packages), users, certificates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.debian.archive import read_control, read_files, read_member
from lab.layer import Entry, LayerWriter

# As in Debian's own slim images: no documentation but the copyright of each package, no translations.
_DROPPED = re.compile(
    r"usr/share/(doc/(?!.*/copyright$)|man/|info/|locale/|lintian/|linda/|groff/|bug/)"
    r"|usr/lib/python3[^/]*/EXTERNALLY-MANAGED$"
)
_MERGED = re.compile(r"^(bin|sbin|lib|lib64)(?=/)")
# /var/run and /var/lock are links as well, which the scripts of base-files make.
_RUN = re.compile(r"^var/(run|lock)(?=/|$)")
_SAME_NAME = re.compile(r"^Multi-Arch: same$", re.MULTILINE)
_CERTIFICATES = "usr/share/ca-certificates/"
_MASTERS = "usr/share/base-passwd/"


@dataclass(frozen=True)
class User:
    """A system user with a group of the same name and number."""

    name: str
    number: int
    home: str = "/nonexistent"
    shell: str = "/usr/sbin/nologin"
    groups: tuple[str, ...] = ()


def canonical(path: str) -> str:
    """A path of a package as it stands on a system with a merged ``/usr``, without a leading slash."""
    plain = path.removeprefix("./").removeprefix("/").rstrip("/")
    merged = _MERGED.sub(r"usr/\1", plain)
    return _RUN.sub(lambda found: "run" if found[1] == "run" else "run/lock", merged)


def is_dropped(path: str) -> bool:
    """Whether a slim image leaves this file out."""
    return _DROPPED.match(path) is not None


def write_package(deb: Path, layer: LayerWriter) -> None:
    """Unpack the files of a package, and its control files, into a layer."""
    listed: list[str] = []
    with read_member(deb, "data.tar") as tar:
        for member in tar:
            raw = member.name.removeprefix("./").rstrip("/")
            listed.append(f"/{raw}" if raw and raw != "." else "/.")
            path = canonical(member.name)
            if path in {"", "."} or is_dropped(path):
                continue
            member.name = path
            if member.islnk():
                member.linkname = canonical(member.linkname)
            layer.copy(member, tar.extractfile(member) if member.isreg() else None)
    for entry in _control_files(read_control(deb), listed):
        layer.add(entry)


def system_files(new: Iterable[Path], all_debs: Iterable[Path], users: Iterable[User]) -> Iterator[Entry]:
    """What maintainer scripts would have made.

    Args:
        new: the packages of this layer.
        all_debs: those of the layers below as well.
        users: the users beyond Debian's own.
    """
    masters: dict[str, bytes] = {}
    status: list[str] = []
    for deb in all_debs:
        control = read_control(deb)["control"].decode()
        status.append(render_status(control))
        if control.startswith("Package: base-passwd\n"):
            masters = read_files(deb, _MASTERS)
    yield Entry("var/lib/dpkg/status", "".join(status).encode())
    yield from _accounts(masters, tuple(users))
    for deb in new:
        if read_control(deb)["control"].startswith(b"Package: ca-certificates\n"):
            bundle = read_files(deb, _CERTIFICATES)
            yield Entry(
                "etc/ssl/certs/ca-certificates.crt", b"".join(bundle[name] for name in sorted(bundle))
            )
            yield Entry("usr/lib/ssl/cert.pem", link="/etc/ssl/certs/ca-certificates.crt")


def render_status(control: str) -> str:
    """The paragraph of a package in ``/var/lib/dpkg/status``: its control file, marked as installed."""
    first, _, rest = control.strip("\n").partition("\n")
    return f"{first}\nStatus: install ok installed\n{rest}\n\n"


def render_passwd(master: str, users: Iterable[User]) -> str:
    """``/etc/passwd`` from Debian's master file, whose second field says that there is no password."""
    lines = [line.replace(":*:", ":x:", 1) for line in master.splitlines()]
    lines += [f"{user.name}:x:{user.number}:{user.number}::{user.home}:{user.shell}" for user in users]
    return "\n".join(lines) + "\n"


def render_group(master: str, users: Iterable[User]) -> str:
    """``/etc/group`` from Debian's master file, a group for each user, and those that users join besides."""
    users = tuple(users)
    rows = [line.split(":") for line in master.splitlines()]
    rows += [[user.name, "x", str(user.number), ""] for user in users]
    for row in rows:
        row[1] = "x"
        row[3] = ",".join(user.name for user in users if row[0] in user.groups)
    return "\n".join(":".join(row) for row in rows) + "\n"


def render_shadow(passwd: str) -> str:
    """``/etc/shadow`` without a password for anybody; ``*`` still lets a key log in, ``!`` would not."""
    return "".join(f"{line.split(':', 1)[0]}:*:20000:0:99999:7:::\n" for line in passwd.splitlines())


def _accounts(masters: Mapping[str, bytes], users: tuple[User, ...]) -> Iterator[Entry]:
    passwd = render_passwd(masters[f"{_MASTERS}passwd.master"].decode(), users)
    group = render_group(masters[f"{_MASTERS}group.master"].decode(), users)
    yield Entry("etc/passwd", passwd.encode())
    yield Entry("etc/group", group.encode())
    yield Entry("etc/shadow", render_shadow(passwd).encode(), mode=0o640, group=42)


def _control_files(control: Mapping[str, bytes], listed: list[str]) -> Iterator[Entry]:
    """The package's files in dpkg's database, so that dpkg and apt work on top of the image."""
    fields = control["control"].decode()
    match = re.search(r"^Package: (\S+)$", fields, re.MULTILINE)
    architecture = re.search(r"^Architecture: (\S+)$", fields, re.MULTILINE)
    assert match is not None
    assert architecture is not None
    name = match.group(1)
    if _SAME_NAME.search(fields):
        name = f"{name}:{architecture.group(1)}"
    files = {**control, "list": ("\n".join(listed) + "\n").encode()}
    for suffix in sorted(files.keys() - {"control"}):
        mode = 0o755 if suffix in {"preinst", "postinst", "prerm", "postrm", "config"} else 0o644
        yield Entry(f"var/lib/dpkg/info/{name}.{suffix}", files[suffix], mode=mode)
