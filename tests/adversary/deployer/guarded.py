"""A restricted key on a server of the lab: set up by the command, used over its sshd, its record read on the server."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.errors import CommandFailedError
from fairlead.remote.access import explain_failure
from fairlead.remote.agent import Agent
from fairlead.remote.session import Blob, Session, Traffic, loader_argv
from fairlead.remote.setup import LIBRARY
from fairlead.remote.ssh import Access, ssh_argv
from fairlead.settings.values import Host
from lab.state import Lab, Server
from tests.command import run_fairlead
from tests.e2e.workbench import on_server
from tests.ended import Ended

USER = "guarded"
LOG = "/run/fairlead-record"
KEYS = f"/home/{USER}/.ssh/authorized_keys"
# A log as any server has one; those of the lab have none of their own.
_LISTEN = f"""
import os, socket
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind("/dev/log")
os.chmod("/dev/log", 0o666)
open({LOG!r} + ".pid", "w").write(str(os.getpid()))
with open({LOG!r}, "ab", 0) as log:
    while True:
        log.write(listener.recv(65536).rstrip(b"\\0\\n") + b"\\n")
"""
_SETTINGS = """\
app: board
environments:
  production:
    hosts: [{user}@{address}]
    url: http://{address}
"""


@dataclass
class Guarded:
    """A user of the server who is let in by restricted keys only, and a folder for the keys."""

    lab: Lab
    server: Server
    folder: Path
    user: str = USER

    def make_key(self, name: str) -> Path:
        """A key pair; the file of the private half."""
        file = self.folder / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file], check=True)
        return file

    def render(self, public: Path, *words: str) -> Ended:
        """``fairlead host setup --print`` for this server, with this public key."""
        (self.folder / "fairlead.yaml").write_text(
            _SETTINGS.format(user=self.user, address=self.server.address)
        )
        called = ("host", "setup", "--print", "--public-key", str(public), *words)
        return run_fairlead(called, cwd=self.folder, env={**os.environ, **self.lab.environ})

    def run_as_root(self, script: str, shell: str = "sh") -> Ended:
        """Run a script on the server, as root."""
        argv = ["docker", "exec", "--interactive", self.server.name, shell]
        done = subprocess.run(argv, input=script, capture_output=True, text=True, check=False)
        return Ended(done.returncode, done.stdout, done.stderr)

    def admit(self, key: Path, *words: str) -> None:
        """Let a key in, restricted as the words say."""
        rendered = self.render(key.with_suffix(".pub"), "--restrict", *words)
        assert rendered.code == 0, rendered
        done = self.run_as_root(rendered.stdout)
        assert done.code == 0, done

    def allowed(self) -> list[str]:
        """The lines that let somebody in."""
        return on_server(self.server, "cat", KEYS, check=False).splitlines()

    def connect(self, key: Path, agent: Agent | None = None, words: Sequence[str] = ()) -> Session:
        """A conversation over sshd; ``words`` is another command than the one of a client."""
        host = Host(user=self.user, name=self.server.address, port=self.server.port)
        access = Access(host, self.lab.known_hosts, key)
        argv = ssh_argv(access, words or loader_argv())
        return Session(argv, lambda stderr: explain_failure(access, stderr), Traffic(), agent=agent).greet()

    def ask(self, key: Path, request: dict[str, Any], blobs: Sequence[Blob] = ()) -> dict[str, Any]:
        """What one request comes to."""
        with self.connect(key) as session:
            return session.ask(request, blobs)

    def gets_in(self, key: Path) -> bool:
        """Whether sshd takes the key at all."""
        try:
            self.connect(key).close()
        except CommandFailedError as error:
            return "does not accept the key" not in error.what
        return True

    def run_shell(self, key: Path, command: str = "id") -> str:
        """What comes of a command over ssh with this key."""
        host = Host(user=self.user, name=self.server.address, port=self.server.port)
        argv = ssh_argv(Access(host, self.lab.known_hosts, key), ("sh", "-c", command))
        done = subprocess.run(argv, input="", capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def record(self) -> list[str]:
        """The lines of Fairlead's in the server's log."""
        lines = on_server(self.server, "cat", LOG, check=False).splitlines()
        return [line.partition(": ")[2] for line in lines if "fairlead[" in line]

    def write(self, path: str, content: str) -> None:
        """Put a file of the user's onto the server."""
        there = shlex.quote(path)
        script = f"mkdir -p $(dirname {there}); cat >{there}; chown -R {self.user} $(dirname {there})"
        argv = ["docker", "exec", "--interactive", self.server.name, "sh", "-c", script]
        subprocess.run(argv, input=content, text=True, check=True)


@contextlib.contextmanager
def guarded_user(lab: Lab, server: Server, folder: Path) -> Iterator[Guarded]:
    """A user who is not there yet, and is gone afterwards; a log that tells what the door has written down."""
    forget = f"userdel --force {USER} 2>/dev/null; rm -rf /home/{USER} {LIBRARY}; ! id -u {USER} 2>/dev/null"
    quiet = f"[ ! -f {LOG}.pid ] || kill $(cat {LOG}.pid); rm -f {LOG} {LOG}.pid /dev/log"
    on_server(server, "sh", "-c", f"{quiet}; {forget}")
    on_server(server, "sh", "-c", f"setsid python3 -I -c {shlex.quote(_LISTEN)} >/dev/null 2>&1 </dev/null &")
    on_server(server, "sh", "-c", f"while [ ! -s {LOG}.pid ]; do sleep 0.05; done")
    try:
        yield Guarded(lab, server, folder)
    finally:
        on_server(server, "sh", "-c", f"{quiet}; {forget}")
        on_server(server, "chown", "-R", "deploy:deploy", "/srv/fairlead")


def render_frame(frame: dict[str, Any]) -> bytes:
    """A frame as bytes, for what no client would send."""
    return json.dumps(frame).encode() + b"\n"
