"""Which hostnames the edge serves, and where each app's proxy is: files, each changed by one rename(2).

A hostname is claimed by making its link, which fails where there is one: to look and to take is one step, whoever else
takes at the same moment. A hostname whose app has no upstream yet is claimed, and not served.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from ..disk.atomic import SHOWN_FILE, SHOWN_FOLDER, make_folder, sync_folder, write_file
from ..disk.neighbours import named
from ..disk.place import Place
from ..wire.errors import InputFault

_UPSTREAM = re.compile(r"(https?):([A-Za-z0-9._-]+):([0-9]{1,5})")


@dataclass(frozen=True)
class Claim:
    """What an app has the edge serve.

    ``scheme`` is what the public uses (with ``https``, plain requests are redirected); the proxy, called ``name`` in
    the edge's network, answers plain HTTP on ``port``.
    """

    app: str
    hostnames: frozenset[str]
    scheme: str
    name: str
    port: int

    @property
    def upstream(self) -> str:
        return f"{self.scheme}:{self.name}:{self.port}"

    def to_json(self) -> dict[str, Any]:
        return {
            "hostnames": sorted(self.hostnames),
            "scheme": self.scheme,
            "name": self.name,
            "port": self.port,
        }


def parse_claim(app: str, raw: object) -> Optional[Claim]:
    """What ``to_json`` wrote; None for what is none."""
    if not isinstance(raw, Mapping):
        return None
    names = frozenset(str(name) for name in raw["hostnames"])
    return Claim(app, names, str(raw["scheme"]), str(raw["name"]), int(raw["port"]))


def read_hosts(place: Place) -> dict[str, str]:
    """Hostname -> the app that has claimed it."""
    if not place.hosts.is_dir():
        return {}
    links = (entry for entry in place.hosts.iterdir() if entry.is_symlink() and entry.name[:1] != ".")
    return {link.name: link.readlink().name for link in sorted(links)}


def read_claim(place: Place, app: str) -> Optional[Claim]:
    """What the app has the edge serve; None when nothing."""
    names = frozenset(host for host, owner in read_hosts(place).items() if owner == app)
    for found in _upstreams(place, app):
        match = _UPSTREAM.fullmatch(found)
        if match and names:
            return Claim(app, names, match[1], match[2], int(match[3]))
    return None


def others_behind(hosts: Mapping[str, str], app: str) -> list[str]:
    """The other apps that have claimed a hostname (``hosts``: hostname -> app)."""
    return sorted({one for one in hosts.values() if one != app})


def holds_any(place: Place, app: str) -> bool:
    """Whether the app has claimed anything, served or not."""
    return (place.apps / app).is_dir() or app in read_hosts(place).values()


def hostname_fault(hostname: str, holder: str) -> InputFault:
    """Why an app cannot have a hostname."""
    return InputFault(
        f"{hostname} is served by the app {named(holder)} on this host",
        why="a hostname behind the edge leads to one app",
        fix=f"give this environment another url, or `fairlead remove` {named(holder)} first",
    )


def claim_hostnames(place: Place, app: str, hostnames: Iterable[str]) -> None:
    """Take hostnames for an app, all or none; those that it has stay.

    Raises:
        InputFault: another app has one of them.
    """
    make_folder(place.hosts, SHOWN_FOLDER)
    taken: set[str] = set()
    for hostname in sorted(hostnames):
        link = place.hosts / hostname
        try:
            link.symlink_to(f"../apps/{app}")
            taken.add(hostname)
        except FileExistsError:
            holder = link.readlink().name
            if holder != app:
                _unlink(place, taken)
                raise hostname_fault(hostname, holder) from None
    if taken:
        sync_folder(place.hosts)


def write_claim(place: Place, claim: Claim) -> None:
    """Serve the claim's hostnames, and those only, from where it says. May be run again after any crash.

    Raises:
        InputFault: another app has one of them; what the app had, it has still.
    """
    claim_hostnames(place, claim.app, claim.hostnames)
    folder = place.apps / claim.app
    make_folder(folder, SHOWN_FOLDER)
    before = [name for name in _upstreams(place, claim.app) if name != claim.upstream]
    if before and not (folder / claim.upstream).exists():
        (folder / before.pop(0)).rename(folder / claim.upstream)
    elif not (folder / claim.upstream).exists():
        write_file(folder / claim.upstream, b"", SHOWN_FILE)
    for name in before:
        (folder / name).unlink()
    sync_folder(folder)
    held = {host for host, app in read_hosts(place).items() if app == claim.app}
    _unlink(place, held - claim.hostnames)


def drop_claim(place: Place, app: str) -> None:
    """Serve nothing of the app any more."""
    _unlink(place, {host for host, owner in read_hosts(place).items() if owner == app})
    folder = place.apps / app
    if folder.is_dir():
        for entry in folder.iterdir():
            entry.unlink()
        folder.rmdir()


def _unlink(place: Place, hostnames: set[str]) -> None:
    for hostname in hostnames:
        (place.hosts / hostname).unlink(missing_ok=True)
    if hostnames:
        sync_folder(place.hosts)


def _upstreams(place: Place, app: str) -> list[str]:
    folder = place.apps / app
    return (
        sorted(entry.name for entry in folder.iterdir() if entry.name[:1] != ".") if folder.is_dir() else []
    )
