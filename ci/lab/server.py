"""The lab's servers: a real sshd and a real engine each, in a container of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from fairlead import process
from lab.engine import Container, HostFile
from lab.state import DEPLOY_USER, Place, Server

_USER_NUMBER = 1000
_SSHD = """\
HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
# Without a run of Debian's scripts there is no PAM configuration.
UsePAM no
UseDNS no
PrintMotd no
MaxStartups 100
# Whoever tests refused keys and lost connections all comes from one address.
PerSourcePenalties no
Subsystem sftp /usr/lib/openssh/sftp-server
"""


@dataclass(frozen=True)
class Keys:
    """A key pair as ``ssh-keygen`` writes it."""

    private: bytes
    public: str


def ensure_keys(path: Path, comment: str) -> Keys:
    """The key pair at ``path``, made if it is not there."""
    if not path.exists() or not path.with_suffix(".pub").exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        process.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path])
    return Keys(path.read_bytes(), path.with_suffix(".pub").read_text().strip())


def render_daemon(place: Place) -> dict[str, object]:
    """``daemon.json``: Docker Hub's names come from the lab's registry; networks keep clear of the outer engine's."""
    return {
        "registry-mirrors": [f"http://{place.registry}"],
        "features": {"containerd-snapshotter": True},
        "log-driver": "local",
        "log-level": "warn",
        "bip": "10.200.0.1/24",
        "default-address-pools": [{"base": "10.201.0.0/16", "size": 24}],
        "shutdown-timeout": 5,
        # As `fairlead host setup` has it: containers outlive their engine.
        "live-restore": True,
    }


def plan_server(place: Place, number: int, ssh_port: int, image: str, host: Keys, client: Keys) -> Container:
    """The container of a server."""
    address = place.address(number)
    name = f"{place.name}-{number}"
    authorized = f"{client.public}\n".encode()
    return Container(
        lab=place.name,
        name=name,
        image=image,
        network=place.name,
        alias=f"server-{number}",
        ports=(
            f"{address}:{ssh_port}:22",
            f"{address}:80:80",
            f"{address}:443:443",
            f"{address}:443:443/udp",
        ),
        volumes=(f"{name}-docker:/var/lib/docker", f"{name}-srv:/srv/fairlead"),
        files=(
            HostFile("/etc/ssh/ssh_host_ed25519_key", host.private, mode=0o600),
            HostFile("/etc/ssh/ssh_host_ed25519_key.pub", f"{host.public}\n".encode()),
            HostFile("/etc/ssh/sshd_config", _SSHD.encode()),
            HostFile("/etc/docker/daemon.json", json.dumps(render_daemon(place)).encode()),
            HostFile(
                "/etc/fairlead/server.json", json.dumps({"registry_port": place.registry_port}).encode()
            ),
            HostFile("/home/deploy/.ssh/authorized_keys", authorized, mode=0o600, owner=_USER_NUMBER),
            HostFile("/root/.ssh/authorized_keys", authorized, mode=0o600),
        ),
        privileged=True,
    )


def known_hosts_line(address: str, port: int, public: str) -> str:
    """The line of ``known_hosts`` for a server; a port other than 22 is part of the name."""
    kind, key = public.split()[:2]
    name = address if port == 22 else f"[{address}]:{port}"
    return f"{name} {kind} {key}\n"


def ssh_argv(
    server: Server, identity: Path, known_hosts: Path, command: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """The ssh command that opens a server, with nothing of the user's own ssh configuration."""
    return (
        "ssh", "-F", "none", "-i", str(identity), "-o", "IdentitiesOnly=yes", "-o", f"UserKnownHostsFile={known_hosts}",
        "-o", "StrictHostKeyChecking=yes", "-o", "LogLevel=ERROR", "-p", str(server.port),
        f"{server.user}@{server.address}", *command,
    )  # fmt: skip


def describe(place: Place, number: int, ssh_port: int) -> Server:
    """A server as the lab's users see it."""
    return Server(f"{place.name}-{number}", place.address(number), ssh_port, DEPLOY_USER)
