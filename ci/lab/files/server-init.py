#!/usr/bin/python3
"""The first process of a lab server: prepares the machine, starts its services, keeps them running, reaps orphans."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

REGISTRY = "registry:5080"
SECONDS_BETWEEN_STARTS = 1.0


class StopRequested(Exception):  # noqa: N818 - a request, not a fault
    """Docker asks the server to shut down."""


def main() -> None:
    """Run the server until it is asked to stop."""
    signal.signal(signal.SIGTERM, on_stop)
    signal.signal(signal.SIGINT, on_stop)
    prepare_cgroup()
    prepare_firewall()
    prepare_folders()
    prepare_byte_code()
    port = json.loads(Path("/etc/fairlead/server.json").read_text())["registry_port"]
    # The registry has the same address inside and outside, so that an image has one name.
    forward = ("socat", f"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr", f"TCP:{REGISTRY}")
    supervise({"sshd": ("/usr/sbin/sshd", "-D", "-e"), "dockerd": ("dockerd",), "registry": forward})


def on_stop(*_: object) -> None:
    """Leave whatever is being waited for."""
    raise StopRequested


def prepare_cgroup() -> None:
    """On cgroup v2 a group with processes in it can have no children with limits: move ours into one of its own."""
    root = Path("/sys/fs/cgroup")
    controllers = root / "cgroup.controllers"
    if not controllers.exists():
        return
    leaf = root / "init"
    leaf.mkdir(exist_ok=True)
    for pid in (root / "cgroup.procs").read_text().split():
        try:
            (leaf / "cgroup.procs").write_text(pid)
        except OSError:
            continue  # it has ended, or belongs to the kernel
    (root / "cgroup.subtree_control").write_text(
        " ".join(f"+{name}" for name in controllers.read_text().split())
    )


def prepare_firewall() -> None:
    """Link iptables to the variant that this kernel knows."""
    probe = ("/usr/sbin/iptables-nft", "-t", "nat", "-L", "-n")
    tried = subprocess.run(probe, capture_output=True, check=False)  # noqa: S603, TID251 - runs alone, in the server
    variant = "nft" if tried.returncode == 0 else "legacy"
    for family in ("iptables", "ip6tables"):
        for suffix in ("", "-save", "-restore"):
            link = Path(f"/usr/sbin/{family}{suffix}")
            link.unlink(missing_ok=True)
            link.symlink_to(f"{family}-{variant}{suffix}")


def prepare_folders() -> None:
    """Make what a boot makes, and remove what a power cut leaves."""
    Path("/run/sshd").mkdir(mode=0o755, parents=True, exist_ok=True)
    for stale in ("/run/docker.pid", "/run/docker/containerd/containerd.pid"):
        # dockerd would take a stranger with that number for itself.
        Path(stale).unlink(missing_ok=True)
    os.chown("/srv/fairlead", 1000, 1000)


def prepare_byte_code() -> None:
    """Compile the standard library, as installing Python's packages does: without, each start takes 0.3 s longer."""
    library = Path(os.__file__).parent
    done = library / "__pycache__" / ".complete"
    if not done.exists():
        left_out = r"/(test|idlelib|turtledemo|ensurepip)/"
        compiled = (sys.executable, "-m", "compileall", "-q", "-j", "0", "-x", left_out, str(library))
        subprocess.run(compiled, check=False)  # noqa: S603, TID251 - runs alone, in the server
        done.touch()


def supervise(services: Mapping[str, tuple[str, ...]]) -> None:
    """Start the services, start again what ends, and on request stop all and leave."""
    running: dict[int, str] = {}
    try:
        while True:
            for name in services.keys() - set(running.values()):
                log(f"starting {name}")
                started = subprocess.Popen(services[name], stdin=subprocess.DEVNULL)  # noqa: S603, TID251 - as above
                running[started.pid] = name
            ended = os.waitpid(-1, 0)[0]
            if ended in running:
                log(f"{running.pop(ended)} ended")
                time.sleep(SECONDS_BETWEEN_STARTS)
    except StopRequested:
        for pid in running:
            os.kill(pid, signal.SIGTERM)
        while running:
            running.pop(os.waitpid(-1, 0)[0], None)
        sys.exit(0)


def log(text: str) -> None:
    """Write to the log of the container."""
    print(f"server-init: {text}", flush=True)  # noqa: T201 - a program of its own


main()
