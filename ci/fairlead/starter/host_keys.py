"""The host keys of the servers, asked for once, to be verified by a person and kept beside fairlead.yaml."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fairlead import files
from fairlead.remote.ssh_failure import ScannedKey
from fairlead.settings.values import Host
from fairlead.starter.place import is_made_up

FILE_NAME = "known_hosts"
Scan = Callable[[str, int], Sequence[ScannedKey]]
_LARGEST = 1 << 20


@dataclass(frozen=True)
class HostKeys:
    """What became known: ``text`` of a new file, empty where there is one or nothing answered; ``missing`` servers."""

    text: str = ""
    keys: tuple[ScannedKey, ...] = ()
    missing: tuple[Host, ...] = ()


def find_host_keys(hosts: Sequence[Host], file: Path, scan: Scan) -> HostKeys:
    """Ask each server for its key, but where a file of keys is there: that is somebody's own, and left as it is."""
    if file.exists():
        known = parse_names(files.read(file, limit=_LARGEST).decode("utf-8", "replace"))
        # A hashed name tells nobody whose it is: ssh finds out.
        hashed = any(name.startswith("|1|") for name in known)
        return HostKeys(missing=() if hashed else tuple(host for host in hosts if name_of(host) not in known))
    found: list[ScannedKey] = []
    missing: list[Host] = []
    for host in hosts:
        keys = () if is_placeholder(host) else scan(host.name, host.port)
        found += keys
        if not keys:
            missing.append(host)
    text = "".join(f"{key.line}\n" for key in found)
    return HostKeys(text, tuple(found), tuple(missing))


def parse_names(text: str) -> frozenset[str]:
    """The hosts that a file of known hosts names."""
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return frozenset(name for words in lines for name in _names(words).split(","))


def name_of(host: Host) -> str:
    """A server as such a file names it."""
    return host.name if host.port == 22 else f"[{host.name}]:{host.port}"


def is_placeholder(host: Host) -> bool:
    """Whether it is the server of a draft, that nobody has named yet."""
    return is_made_up(host.name)


def scan_command(host: Host) -> str:
    """What asks a server that could not be asked."""
    port = f" -p {host.port}" if host.port != 22 else ""
    return f"ssh-keyscan -t ed25519{port} {host.name} >> {FILE_NAME}"


def _names(words: list[str]) -> str:
    """The first word of a line, or the second behind a mark such as ``@cert-authority``."""
    return words[1] if words[0].startswith("@") and len(words) > 1 else words[0]
