"""The command line of ssh, and what its failures mean.

Host keys are strict, always: an unknown or changed key is refused, with the line to add and a warning to
verify it. What the user's own ``~/.ssh/config`` says about a host (alias, jump host) holds.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fairlead.settings.values import Host


@dataclass(frozen=True)
class Access:
    """How to get in.

    Attributes:
        host: the server, as fairlead.yaml names it.
        known_hosts: the file of host keys to believe, and no other; None is ssh's own.
        identity: the private key to use, and no other; None is ssh's own choice.
        origin: the variable that the key came in, where ``identity`` is a file that passes away; or empty.
        connect_timeout: seconds until an address that does not answer is given up.
    """

    host: Host
    known_hosts: Path | None = None
    identity: Path | None = None
    origin: str = ""
    connect_timeout: int = 10


def ssh_argv(access: Access, command: Sequence[str]) -> list[str]:
    """The command line that runs ``command`` on the server, its argv quoted once for the shell there."""
    return [
        "ssh",
        "-T",
        *_options(access),
        "--",
        f"{access.host.user}@{access.host.name}" if access.host.user else access.host.name,
        shlex.join(command),
    ]


def keyscan_argv(name: str, port: int) -> list[str]:
    """The command line that asks a server for its host keys."""
    return ["ssh-keyscan", "-T", "5", "-p", str(port), "--", name]


def _options(access: Access) -> list[str]:
    settings = {
        "BatchMode": "yes",
        "StrictHostKeyChecking": "yes",
        "ConnectTimeout": str(access.connect_timeout),
        # A peer that vanished is noticed after a minute; one that is busy is not taken for gone.
        "ServerAliveInterval": "15",
        "ServerAliveCountMax": "4",
        "ForwardAgent": "no",
        "ForwardX11": "no",
        "ClearAllForwardings": "yes",
        # A master in the background would keep our pipes open after the command has ended.
        "ControlMaster": "no",
        "ControlPath": "none",
        "PermitLocalCommand": "no",
        # Failures are told apart by what ssh prints.
        "LogLevel": "INFO",
    }
    if access.known_hosts is not None:
        settings["UserKnownHostsFile"] = _quoted(access.known_hosts)
        settings["GlobalKnownHostsFile"] = "/dev/null"
        # The file is the repository's: ssh must not learn keys into it.
        settings["UpdateHostKeys"] = "no"
    if access.identity is not None:
        settings["IdentitiesOnly"] = "yes"
        settings["IdentityFile"] = _quoted(access.identity)
    # Port 22 is not said: the user's own configuration may know better for this name.
    port = ["-p", str(access.host.port)] if access.host.port != 22 else []
    return [*(word for name, value in settings.items() for word in ("-o", f"{name}={value}")), *port]


def _quoted(path: Path) -> str:
    # ssh splits these values at blanks and expands percent signs.
    return '"' + str(path).replace("%", "%%").replace('"', '\\"') + '"'
